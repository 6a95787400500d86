import type { Trigger } from '../mapping/compile-trigger.ts'
import type { Template } from '../mapping/expression/compile-template.ts'
import { judgeMapping } from '../mapping/judge-mapping.ts'
import type { PayloadForm } from '../mapping/parse-payload.ts'
import { wordsOfPayload } from '../search/words-of-payload.ts'
import type { RecordedEvent } from '../store/receipts.ts'
import type { PlannedJob, RouteDecision } from '../store/routes.ts'
import { askForEcho } from './ask-for-echo.ts'
import { readScope } from './read-scope.ts'

/** How a source says its event type, and reads its forms. */
export interface SourceRule {
  eventType: Template | null
  form: PayloadForm
  /** Its events may be our own doing (loop guard). */
  mayEcho: boolean
}

/** What judgement goes by. */
export interface Rules {
  sources: ReadonlyMap<string, SourceRule>
  mappings: readonly Trigger[]
  constants: Readonly<Record<string, unknown>>
  jsonDepthMax: number
  jobsPerEventMax: number
  /** Whether the words of payloads are kept for a search. */
  searchesPayloads: boolean
}

/** Judges one event: parses it, matches it against every mapping of its source, and plans jobs, or says why not. */
export function judgeEvent(event: RecordedEvent, rules: Rules, now: number): RouteDecision {
  const read = readScope(event, rules)
  if (!read.ok) return quarantine(event, read.reason, read.message, now)
  const { type, scope } = read
  const jobs: PlannedJob[] = []
  const detail: unknown[] = []
  for (const mapping of rules.mappings) {
    if (mapping.source !== event.source) continue
    const judged = judgeMapping(mapping, scope, { jobsPerEventMax: rules.jobsPerEventMax })
    if (!judged.taken) {
      detail.push({ mapping: mapping.name, ...judged.match })
      continue
    }
    const base = {
      mapping: mapping.name,
      mappingHash: mapping.hash,
      integration: mapping.integration,
      coalesce: mapping.coalesce,
      ...(mapping.onEcho === 'run' && { onEcho: 'run' as const }),
    }
    const planned = judged.plan
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
  return {
    eventSeq: event.seq,
    type,
    outcome: matched ? 'matched' : 'unmatched',
    detail,
    jobs,
    routedAt: now,
    ...(rules.searchesPayloads && { words: wordsOfPayload(read.payload) }),
    ...(rules.sources.get(event.source)?.mayEcho && { echo: askForEcho(read.payload, type, event.receivedAt) }),
  }
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
