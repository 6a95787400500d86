import type { CheckedMapping } from '../mapping/checked-mapping.ts'
import { compareValues } from '../mapping/compare-values.ts'
import type { EventScope } from '../mapping/create-scope.ts'
import { matchMapping } from '../mapping/match.ts'
import { type PlannedJob, planJobs } from '../mapping/plan-jobs.ts'
import { showText, showValue } from '../mapping/show-value.ts'
import type { Rules } from '../route/judge-event.ts'
import { readScope } from '../route/read-scope.ts'
import type { PastEvent, PastJob } from '../store/reports.ts'
import { compareJob } from './compare-job.ts'
import { foreseeJob } from './foresee-job.ts'
import type { RehearsalDifference, RehearsalResult, RehearsalVerdict, SkipReason } from './rehearsal-result.ts'

/** Differences told of one event and mapping. */
const DIFFERENCES_MAX = 20

export interface RehearsalRules extends Omit<Rules, 'mappings' | 'searchesPayloads'> {
  mappings: ReadonlyMap<string, CheckedMapping>
  /** Only this mapping; null = all. */
  only: string | null
}

export type RehearsedEvent = { skipped: SkipReason } | { skipped: null; results: RehearsalResult[] }

type Told = Pick<RehearsalResult, 'verdict' | 'differences' | 'sends' | 'undecided'>

/** Puts one event through today's files and compares it, mapping by mapping, with what was made of it. Pure. */
export function rehearseEvent(past: PastEvent, rules: RehearsalRules): RehearsedEvent {
  const { event, jobs } = past
  const read = readScope(event, rules)
  if (!read.ok) return { skipped: read.reason === 'payload_pruned' ? 'payload_pruned' : 'unreadable' }
  const results: RehearsalResult[] = []
  let isEcho = false
  for (const name of namesOf(past, rules)) {
    const mapping = rules.mappings.get(name)
    const before = jobs.filter(job => job.mapping === name)
    if (past.isEcho && mapping?.onEcho !== 'run' && before.length === 0) {
      isEcho = true
      continue
    }
    const told = rehearseMapping(mapping, read.scope, before, rules)
    if (told === null) continue
    const { id: eventId, source } = event
    const receivedAt = new Date(event.receivedAt).toISOString()
    results.push({ eventId, source, type: read.type, receivedAt, mapping: name, ...told })
  }
  return isEcho && results.length === 0 ? { skipped: 'echo' } : { skipped: null, results }
}

/** The mappings of today that take its source, and those that made something of it then. */
function namesOf({ event, jobs }: PastEvent, { mappings, only }: RehearsalRules): string[] {
  const today = [...mappings.values()].filter(mapping => mapping.source === event.source).map(({ name }) => name)
  const names = new Set([...today, ...jobs.map(job => job.mapping)])
  return only === null ? [...names] : names.has(only) ? [only] : []
}

/** Null where it was not matched then and is not now. */
function rehearseMapping(
  mapping: CheckedMapping | undefined,
  scope: EventScope,
  before: readonly PastJob[],
  rules: RehearsalRules,
): Told | null {
  const match = mapping === undefined ? null : matchMapping(mapping, scope)
  if (mapping === undefined || match?.matched !== true) {
    if (before.length === 0) return null
    const why =
      match === null ? 'the mapping is no longer there' : match.matched ? '' : `${match.reason}: ${match.detail}`
    return tell('no_longer_matched', [difference(0, 'match', `${before.length} jobs`, showText(why))])
  }
  const plan = planJobs(mapping, scope, rules)
  if (!plan.ok) return compareFailedPlan(before, `dead: ${plan.reason}: ${showText(plan.message)}`, plan.reason)
  if (before.length === 0) return plan.jobs.length === 0 ? null : foreseeNew(mapping, scope, plan.jobs)
  return comparePlanned(mapping, scope, plan.jobs, before)
}

function compareFailedPlan(before: readonly PastJob[], now: string, reason: string): Told {
  const [then] = before
  if (then === undefined) return tell('newly_matched', [difference(0, 'outcome', 'not matched', now)])
  if (before.length === 1 && then.state === 'dead' && then.reason === reason) return tell('unchanged', [])
  return tell('changed', [difference(0, 'outcome', describePast(before), now)])
}

function foreseeNew(mapping: CheckedMapping, scope: EventScope, planned: readonly PlannedJob[]): Told {
  const foreseen = planned.map(job => foreseeJob(mapping, scopeOf(mapping, scope, job), null))
  const sends = foreseen
    .flatMap(job => job.sends)
    .map(({ operation, variables }) => ({ operation, variables: showValue(variables) }))
  const ends = foreseen.flatMap(({ end }, item) =>
    end.kind === 'done' ? [] : [difference(item, 'outcome', 'not matched', `${end.kind}: ${showText(end.message)}`)],
  )
  const isOpen = foreseen.some(job => job.open.length > 0)
  const undecided = isOpen ? 'what else is sent depends on what is read' : null
  return { ...tell('newly_matched', ends), sends: sends.slice(0, DIFFERENCES_MAX), undecided }
}

function comparePlanned(
  mapping: CheckedMapping,
  scope: EventScope,
  planned: readonly PlannedJob[],
  before: readonly PastJob[],
): Told {
  const differences: RehearsalDifference[] = []
  let undecided: string | null = null
  if (planned.length !== before.length)
    differences.push(difference(0, 'jobs', String(before.length), String(planned.length)))
  for (const job of planned) {
    const past = before.find(({ itemIndex }) => itemIndex === job.itemIndex)
    if (past === undefined) continue
    differences.push(...comparePlan(mapping, job, past))
    const compared = compareJob(past, foreseeJob(mapping, scopeOf(mapping, scope, job), past))
    differences.push(...compared.differences)
    undecided ??= compared.undecided
  }
  if (differences.length > 0) return tell('changed', differences)
  return { ...tell(undecided === null ? 'unchanged' : 'undecided', []), undecided }
}

function comparePlan(mapping: CheckedMapping, job: PlannedJob, past: PastJob): RehearsalDifference[] {
  const differences: RehearsalDifference[] = []
  if (mapping.integration !== past.integration)
    differences.push(difference(job.itemIndex, 'integration', past.integration, mapping.integration))
  // a job that could not be planned has no order key
  if (job.orderKey !== past.orderKey && !(past.state === 'dead' && past.sent.length === 0))
    differences.push(difference(job.itemIndex, 'order', showValue(past.orderKey), showValue(job.orderKey)))
  const item = job.item === undefined ? null : (JSON.parse(JSON.stringify(job.item) ?? 'null') as unknown)
  for (const { path, expected, found } of compareValues(
    past.item === null ? null : JSON.parse(past.item),
    item,
    'item',
  ))
    differences.push(difference(job.itemIndex, path, expected, found))
  return differences
}

function scopeOf(mapping: CheckedMapping, scope: EventScope, job: PlannedJob): EventScope & { item?: unknown } {
  return mapping.forEach === null ? scope : { ...scope, item: job.item }
}

function describePast(jobs: readonly PastJob[]): string {
  const [job] = jobs
  return jobs.length === 1 && job !== undefined
    ? job.reason === null
      ? job.state
      : `${job.state}: ${job.reason}`
    : `${jobs.length} jobs`
}

function difference(item: number, path: string, before: string, after: string): RehearsalDifference {
  return { item, step: null, operation: null, path, before, after }
}

function tell(verdict: RehearsalVerdict, differences: RehearsalDifference[]): Told {
  return { verdict, differences: differences.slice(0, DIFFERENCES_MAX), sends: [], undecided: null }
}
