import type { CheckedMapping } from '../mapping/checked-mapping.ts'
import { createScope } from '../mapping/create-scope.ts'
import { createBudget, nameCost, runWithin, type WorkBudget } from '../mapping/expression/evaluation-budget.ts'
import { JOB_STEPS_MAX } from '../mapping/expression/expression-limits.ts'
import type { Scope } from '../mapping/expression/scope.ts'
import { computeVars, type MappedStep, mapStep } from '../mapping/map.ts'
import { parsePayload } from '../mapping/parse-payload.ts'
import { freeMemory } from '../own-memory.ts'
import { queryOf } from '../source/query-of.ts'
import { headerMap, parseHeaders } from '../source/redact-headers.ts'
import { unpackBody } from '../store/body-codec.ts'
import type { ClaimedJob, DoneStep, JobNext } from '../store/jobs.ts'
import { EXPIRED, isExpired } from './decide-next.ts'
import { finishJob } from './finish-job.ts'
import { withOwnKey } from './own-operation-key.ts'
import { forgetReads } from './read-cache.ts'
import { readHold } from './read-hold.ts'
import { runStep } from './run-step.ts'
import { settleDoubt } from './settle-doubt.ts'
import type { WorkContext } from './work-context.ts'

/**
 * Works on one leased job until it ends, waits or is held. Steps run in order; what stands before the last applied
 * mutation is never run again, what stands after it is read afresh each time.
 */
export async function runJob(job: ClaimedJob, context: WorkContext): Promise<void> {
  const prepared = prepare(job, context)
  if (!prepared.ok) return finishJob(job, prepared.next, job.progress, context)
  const { mapping, inputs } = prepared
  const { done, doubt } = job.progress
  const settled = doubt === null ? { done, isAbsent: false } : await settleDoubt(job, doubt, context)
  if (settled === null) return
  const restored = settled.isAbsent ? null : job.restored
  let trail = [...settled.done]
  let committed = [...settled.done]
  const end = (next: JobNext): Promise<void> => finishJob(job, next, { done: committed, doubt: null }, context)

  if (!isPrefix(committed, mapping)) return end({ state: 'held', reason: 'mapping_changed', message: MAPPING_CHANGED })
  const budget = createBudget(JOB_STEPS_MAX)
  const failed = addVars(inputs, mapping, budget)
  if (failed !== null) return end({ state: 'dead', ...failed })
  let steps = resultsOf(trail)
  let usesKept = false

  for (let index = trail.length; index < mapping.steps.length; index++) {
    const { id } = mapping.steps[index]!
    const mapped = mapNext(inputs, { mapping, index, steps, budget })
    if (usesKept && (mapped.kind === 'hold' || mapped.kind === 'failed')) {
      // what was kept may be out of date (a field was added since): judged once more with fresh reads
      forgetReads(job.integration, context)
      trail = [...committed]
      steps = resultsOf(trail)
      usesKept = false
      index = trail.length - 1
      continue
    }
    if (mapped.kind === 'hold') return end({ state: 'held', ...readHold(mapped.message) })
    if (mapped.kind === 'failed') return end({ state: 'dead', ...nameCost(mapped, budget) })
    if (mapped.kind === 'skip') {
      trail.push({ id, operation: null, data: null })
      continue
    }
    const operation = context.live.setup.operations.get(mapped.operation)
    if (operation === undefined) return end({ state: 'held', reason: 'operation_missing', message: OPERATION_MISSING })
    const variables = withOwnKey(mapped.variables, operation.effect, job.forcedReplay)
    const isLast = index === mapping.steps.length - 1
    if (isLast) inputs.scope = NOTHING
    const ran = await runStep(job, { id, operation, variables, trail, committed, isLast, restored }, context)
    if (ran === null || ran.ended) return
    usesKept ||= ran.isKept
    steps[id] = ran.data
    trail.push({ id, operation: operation.name, data: ran.data })
    if (operation.effect !== 'read') committed = [...trail]
  }
  return end({ state: 'succeeded' })
}

/** What the expressions of a mapping are given. */
interface Inputs {
  /** With `vars`, once they are computed. */
  scope: Scope
}

/**
 * In the place of a scope that is done with: while the last request is under way nothing of the payload is needed, and 64
 * parsed payloads that wait would be copied by every collection of young objects (a third of the time of a drain).
 */
const NOTHING: Scope = {}

/** Computes what every step may use; gives why it cannot be. */
function addVars(
  inputs: Inputs,
  mapping: CheckedMapping,
  budget: WorkBudget,
): { reason: string; message: string } | null {
  const computed = runWithin(budget, () => computeVars(mapping, inputs.scope))
  if (!computed.ok) return nameCost(computed, budget)
  inputs.scope = { ...inputs.scope, vars: computed.vars }
  return null
}

function mapNext(
  { scope }: Inputs,
  at: { mapping: CheckedMapping; index: number; steps: Record<string, unknown>; budget: WorkBudget },
): MappedStep {
  return runWithin(at.budget, () => mapStep(at.mapping, at.index, { ...scope, steps: at.steps }))
}

/** What the steps that ran answered, by id. */
function resultsOf(trail: readonly DoneStep[]): Record<string, unknown> {
  return Object.fromEntries(trail.flatMap(step => (step.operation === null ? [] : [[step.id, step.data]])))
}

const OPERATION_MISSING = 'An operation of the mapping is no longer there'
const MAPPING_CHANGED =
  'The mapping file was changed after this job had already written; what is left to do can no longer be told'

type Prepared = { ok: true; mapping: CheckedMapping; inputs: Inputs } | { ok: false; next: JobNext }

function prepare(job: ClaimedJob, { live, now }: WorkContext): Prepared {
  const { config, sources, mappings } = live.setup
  const mapping = mappings.get(job.mapping)
  if (!config.integrations.has(job.integration))
    return held('integration_missing', `The integration "${job.integration}" is no longer configured`)
  if (mapping === undefined) return held('mapping_missing', `The mapping "${job.mapping}" is no longer there`)
  if (isExpired(job, job.progress, now())) return { ok: false, next: EXPIRED }
  const body = unpackBody(job.event.body)
  if (body === null) return dead('payload_pruned', 'Its payload is older than retention.payload')
  const headers = headerMap(parseHeaders(job.event.headers))
  const form = sources.get(job.event.source)?.form ?? null
  const parsed = parsePayload(
    body,
    headers['content-type'] ?? null,
    job.event.query,
    { depthMax: config.limits.jsonDepthMax },
    form,
  )
  freeMemory(job.event.body.bytes)
  if (!parsed.ok) return dead(parsed.reason, parsed.message)
  const { id, source, type, key, receivedAt } = job.event
  const scope = createScope({
    event: { id, source, type: type ?? '', key, receivedAt },
    payload: parsed.payload,
    lossy: parsed.lossy,
    headers,
    query: queryOf(job.event.query),
    constants: config.constants,
  })
  const inputs = { scope: job.item === null ? scope : { ...scope, item: JSON.parse(job.item) } }
  return { ok: true, mapping, inputs }
}

function held(reason: string, message: string): Prepared {
  return { ok: false, next: { state: 'held', reason, message } }
}

function dead(reason: string, message: string): Prepared {
  return { ok: false, next: { state: 'dead', reason, message } }
}

/** Whether what was done is still how the mapping begins. */
function isPrefix(done: readonly DoneStep[], mapping: CheckedMapping): boolean {
  return done.every((step, index) => {
    const now = mapping.steps[index]
    return (
      now !== undefined &&
      now.id === step.id &&
      (step.operation === null || (now.kind === 'operation' && now.operation === step.operation))
    )
  })
}
