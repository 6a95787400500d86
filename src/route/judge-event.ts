import type { Trigger } from '../mapping/compile-trigger.ts'
import { createScope } from '../mapping/create-scope.ts'
import type { Template } from '../mapping/expression/compile-template.ts'
import { markLossyNumbers } from '../mapping/expression/lossy-number.ts'
import { matchMapping } from '../mapping/match.ts'
import { type PayloadForm, parsePayload } from '../mapping/parse-payload.ts'
import { planJobs } from '../mapping/plan-jobs.ts'
import { findIdentifier } from '../source/find-identifier.ts'
import { queryOf } from '../source/query-of.ts'
import { headerMap, parseHeaders } from '../source/redact-headers.ts'
import { unpackBody } from '../store/body-codec.ts'
import type { PlannedJob, RecordedEvent, RouteDecision } from '../store/store.ts'

/** Longest event type, in characters. */
const TYPE_CHARS_MAX = 200

/** How a source says its event type, and reads its forms. */
export interface SourceRule {
  eventType: Template | null
  form: PayloadForm
}

/** What judgement goes by. */
export interface Rules {
  sources: ReadonlyMap<string, SourceRule>
  mappings: readonly Trigger[]
  constants: Readonly<Record<string, unknown>>
  jsonDepthMax: number
  jobsPerEventMax: number
}

/** Judges one event: parses it, matches it against every mapping of its source, and plans jobs, or says why not. */
export function judgeEvent(event: RecordedEvent, rules: Rules, now: number): RouteDecision {
  const source = rules.sources.get(event.source)
  const body = unpackBody(event.body)
  if (body === null) return quarantine(event, 'payload_pruned', 'its payload is older than retention.payload', now)
  const headers = headerMap(parseHeaders(event.headers))
  const parsed = parsePayload(
    body,
    headers['content-type'] ?? null,
    event.query,
    { depthMax: rules.jsonDepthMax },
    source?.form ?? null,
  )
  if (!parsed.ok) return quarantine(event, parsed.reason, parsed.message, now)

  const query = queryOf(event.query)
  const type =
    event.type ??
    findIdentifier(
      source?.eventType ?? null,
      { headers, query, payload: markLossyNumbers(parsed.payload, parsed.lossy) },
      TYPE_CHARS_MAX,
    )
  const facts = { id: event.id, source: event.source, type: type ?? '', key: event.key, receivedAt: event.receivedAt }
  const scope = createScope({
    event: facts,
    payload: parsed.payload,
    lossy: parsed.lossy,
    headers,
    query,
    constants: rules.constants,
  })
  const jobs: PlannedJob[] = []
  const detail: unknown[] = []
  for (const mapping of rules.mappings) {
    if (mapping.source !== event.source) continue
    const match = matchMapping(mapping, scope)
    if (!match.matched) {
      detail.push({ mapping: mapping.name, ...match })
      continue
    }
    const base = {
      mapping: mapping.name,
      mappingHash: mapping.hash,
      integration: mapping.integration,
      coalesce: mapping.coalesce,
    }
    const planned = planJobs(mapping, scope, { jobsPerEventMax: rules.jobsPerEventMax })
    if (planned.ok)
      jobs.push(
        ...planned.jobs.map(({ item, ...job }) => ({
          ...job,
          ...base,
          item: item === undefined ? null : JSON.stringify(item),
          failed: null,
        })),
      )
    else
      jobs.push({
        ...base,
        orderKey: null,
        itemIndex: 0,
        item: null,
        runAt: null,
        expiresAt: null,
        failed: { reason: planned.reason, message: planned.message },
      })
    detail.push({
      mapping: mapping.name,
      matched: true,
      jobs: planned.ok ? planned.jobs.length : 0,
      ...(!planned.ok && { failed: planned.reason, message: planned.message }),
    })
  }
  const matched = detail.some(entry => (entry as { matched: boolean }).matched)
  return { eventSeq: event.seq, type, outcome: matched ? 'matched' : 'unmatched', detail, jobs, routedAt: now }
}

function quarantine(event: RecordedEvent, reason: string, message: string, now: number): RouteDecision {
  return {
    eventSeq: event.seq,
    type: event.type,
    outcome: 'quarantined',
    detail: { reason, message },
    jobs: [],
    routedAt: now,
  }
}
