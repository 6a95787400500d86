import { BridgeError } from '../errors.ts'
import type { CheckedMapping } from '../mapping/checked-mapping.ts'
import { createScope, type EventScope } from '../mapping/create-scope.ts'
import { explainMatch, type MatchExplanation } from '../mapping/explain-match.ts'
import { type JudgedPlan, judgeMapping } from '../mapping/judge-mapping.ts'
import type { Match } from '../mapping/match.ts'
import { parsePayload } from '../mapping/parse-payload.ts'
import { type KnownStep, type OpenStep, type WalkedStep, walkSteps } from '../mapping/walk-steps.ts'
import type { Setup } from '../setup/setup.ts'
import { compileIdentifier, findIdentifier } from '../source/find-identifier.ts'
import { makeUnsigned } from '../source/make-delivery.ts'
import { headerMap, redactHeaders } from '../source/redact-headers.ts'

/** What is told of a payload that is tried; names of headers in lower case. */
interface TryRequest {
  type?: string
  headers?: Readonly<Record<string, string>>
}

/** One step as it would run, or why that cannot be told before an earlier answer is there. */
export type TriedStep = { step: string } & (
  | Exclude<KnownStep, OpenStep>
  | { kind: 'waits'; operation: string | null; needs: readonly string[]; message: string }
)

export interface Trial {
  mapping: string
  type: string | null
  match: Match
  /** Part by part, with values of the payload. */
  explanation: Omit<MatchExplanation, 'match'>
  plan: JudgedPlan | null
  /** Steps of each planned job, as far as they go without the API. */
  jobs: readonly (readonly TriedStep[])[]
}

/** An event as a mapping sees it, made of a file. */
export interface TriedEvent {
  type: string | null
  /** Lower-case names, credentials struck out. */
  headers: Readonly<Record<string, string>>
  scope: EventScope
}

/** Judges a body against one mapping as routing would, and maps its steps as far as that goes without the API. */
export function tryPayload(setup: Setup, mapping: CheckedMapping, body: Buffer, options: TryRequest): Trial {
  return tryEvent(setup, mapping, readEvent(setup, mapping, body, options))
}

/** Makes the event of a body as its sender would deliver it: type, headers, payload. Throws `invalid_request` where it cannot be read. */
export function readEvent(setup: Setup, mapping: CheckedMapping, body: Buffer, options: TryRequest): TriedEvent {
  const source = setup.config.sources.get(mapping.source)!
  const { headers: sent, path } = makeUnsigned(source, body, options)
  const parsed = parsePayload(body, 'application/json', '', { depthMax: setup.config.limits.jsonDepthMax }, null)
  if (!parsed.ok) throw new BridgeError('invalid_request', `the payload: ${parsed.message}`)
  const secret = setup.sources.get(mapping.source)?.secretHeaders ?? new Set<string>()
  const headers = headerMap(redactHeaders(Object.entries(sent).flat(), secret))
  const compiled = compileIdentifier(source.eventType, '/eventType')
  const template = compiled.ok ? compiled.template : null
  const found = findIdentifier(template, { headers: sent, query: {}, payload: parsed.payload }, 200)
  const type = (path === '' ? null : path.slice(1)) ?? found ?? options.type ?? null
  const scope = createScope({
    event: { id: 'evt_try', source: mapping.source, type: type ?? '', key: 'try', receivedAt: Date.now() },
    payload: parsed.payload,
    lossy: parsed.lossy,
    headers,
    query: {},
    constants: setup.config.constants,
  })
  return { type, headers, scope }
}

/** Judges an event against one mapping, and maps its steps as far as that goes without the API. */
export function tryEvent(setup: Setup, mapping: CheckedMapping, { type, scope }: TriedEvent): Trial {
  const { match: _, ...explanation } = explainMatch(mapping, scope)
  const judged = judgeMapping(mapping, scope, setup.config.limits)
  const match: Match = judged.taken ? { matched: true } : judged.match
  const plan = judged.taken ? judged.plan : null
  const scopes = plan?.ok ? plan.jobs.map(({ item }) => (item === undefined ? scope : { ...scope, item })) : []
  const jobs = scopes.map(jobScope => walkSteps(mapping, jobScope, {}).map(describeOpen))
  return { mapping: mapping.name, type, match, explanation, plan, jobs }
}

function describeOpen(step: WalkedStep): TriedStep {
  if (step.kind !== 'unknown') return step
  const { kind: _, ...rest } = step
  return { ...rest, kind: 'waits', message: `needs the answer of ${step.needs.join(', ')}` }
}
