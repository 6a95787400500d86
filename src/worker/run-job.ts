import { failpoint } from '../failpoint.ts'
import type { CheckedMapping } from '../mapping/checked-mapping.ts'
import { createScope } from '../mapping/create-scope.ts'
import type { Scope } from '../mapping/expression/scope.ts'
import { computeVars, mapStep } from '../mapping/map.ts'
import type { Operation } from '../mapping/operation.ts'
import { parsePayload } from '../mapping/parse-payload.ts'
import { freeMemory } from '../own-memory.ts'
import { queryOf } from '../source/query-of.ts'
import { headerMap, parseHeaders } from '../source/redact-headers.ts'
import { unpackBody } from '../store/body-codec.ts'
import type { ClaimedJob, DoneStep, Doubt, Effect, JobNext, JobProgress } from '../store/store.ts'
import { decideNext } from './decide-next.ts'
import { runAttempt } from './run-attempt.ts'
import { settleDoubt } from './settle-doubt.ts'
import type { WorkContext } from './work-context.ts'

/**
 * Works on one leased job until it ends, waits or is held. Steps run in order; what stands before the last applied
 * mutation is never run again, what stands after it is read afresh each time.
 */
export async function runJob(job: ClaimedJob, context: WorkContext): Promise<void> {
  const finish = async (next: JobNext, progress: JobProgress): Promise<void> => {
    await context.store.finishJob({ jobSeq: job.seq, bootId: context.bootId, now: context.now(), next, progress })
    logEnd(job, next, context)
  }
  const prepared = prepare(job, context)
  if (!prepared.ok) return finish(prepared.next, job.progress)
  const { mapping, scope } = prepared

  const settled = job.progress.doubt === null ? job.progress.done : await settleDoubt(job, job.progress.doubt, context)
  if (settled === null) return
  const trail = [...settled]
  let committed = [...settled]
  if (!isPrefix(committed, mapping))
    return finish(
      { state: 'held', reason: 'mapping_changed', message: MAPPING_CHANGED },
      { done: committed, doubt: null },
    )

  const vars = computeVars(mapping, scope)
  if (!vars.ok)
    return finish({ state: 'dead', reason: vars.reason, message: vars.message }, { done: committed, doubt: null })
  const steps: Record<string, unknown> = {}
  for (const step of trail) if (step.operation !== null) steps[step.id] = step.data

  for (let index = trail.length; index < mapping.steps.length; index++) {
    const step = mapping.steps[index]!
    const mapped = mapStep(mapping, index, { ...scope, vars: vars.vars, steps })
    if (mapped.kind === 'hold')
      return finish(
        { state: 'held', reason: 'mapping_held', message: mapped.message },
        { done: committed, doubt: null },
      )
    if (mapped.kind === 'failed')
      return finish({ state: 'dead', reason: mapped.reason, message: mapped.message }, { done: committed, doubt: null })
    if (mapped.kind === 'skip') {
      trail.push({ id: step.id, operation: null, data: null })
      continue
    }
    const operation = context.live.setup.operations.get(mapped.operation)
    if (operation === undefined)
      return finish(
        {
          state: 'held',
          reason: 'operation_missing',
          message: `The operation "${mapped.operation}" is no longer there`,
        },
        { done: committed, doubt: null },
      )
    const ran = await runStep(
      job,
      {
        id: step.id,
        operation,
        variables: mapped.variables,
        trail,
        committed,
        isLast: index === mapping.steps.length - 1,
      },
      context,
    )
    if (ran === null) return
    steps[step.id] = ran.data
    trail.push({ id: step.id, operation: operation.name, data: ran.data })
    if (operation.effect !== 'read') committed = [...trail]
    if (ran.ended) return
  }
  return finish({ state: 'succeeded' }, { done: committed, doubt: null })
}

const MAPPING_CHANGED =
  'The mapping file was changed after this job had already written; what is left to do can no longer be told'

type Prepared = { ok: true; mapping: CheckedMapping; scope: Scope } | { ok: false; next: JobNext }

function prepare(job: ClaimedJob, { live, now }: WorkContext): Prepared {
  const { config, sources, mappings } = live.setup
  const mapping = mappings.get(job.mapping)
  if (!config.integrations.has(job.integration))
    return held('integration_missing', `The integration "${job.integration}" is no longer configured`)
  if (mapping === undefined) return held('mapping_missing', `The mapping "${job.mapping}" is no longer there`)
  if (job.expiresAt !== null && job.expiresAt <= now() && job.progress.doubt === null)
    return dead('expired', 'It had not succeeded when its time (expiresAfter) was over')
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
  return { ok: true, mapping, scope: job.item === null ? scope : { ...scope, item: JSON.parse(job.item) } }
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

interface StepRun {
  id: string
  operation: Operation
  variables: Record<string, unknown>
  trail: readonly DoneStep[]
  committed: DoneStep[]
  isLast: boolean
}

/** Runs one step: attempt, judgement, record. Null where the job went elsewhere. */
async function runStep(
  job: ClaimedJob,
  step: StepRun,
  context: WorkContext,
): Promise<{ data: unknown; ended: boolean } | null> {
  const { operation, variables, trail, committed } = step
  const { effect } = operation
  const doubt: Doubt | null = needsDoubt(effect)
    ? { step: step.id, operation: operation.name, variables, before: [...trail], asked: 0, failures: 0 }
    : null
  const attempted = await runAttempt(
    job,
    {
      step: step.id,
      operation,
      effect,
      variables,
      progressAtIntent: doubt === null ? null : { done: committed, doubt },
      hasReads: trail.length > committed.length,
    },
    context,
  )
  if (attempted.kind === 'moved') return null
  const { classified } = attempted
  const integration = context.live.setup.config.integrations.get(job.integration)
  const { next, pausedUntil } = decideNext({
    classified,
    effect,
    attempts: job.attempts,
    attemptsMax: integration?.attemptsMax ?? context.live.setup.config.limits.attemptsMax,
    conflicts: job.conflicts,
    backoff: integration?.backoff ?? { baseMs: 2_000, capMs: 3_600_000 },
    settleMs: context.live.setup.config.limits.settleMs,
    random: context.random(),
    now: context.now(),
  })
  const applied = classified.verdict === 'applied'
  const done =
    applied && effect !== 'read'
      ? [...trail, { id: step.id, operation: operation.name, data: attempted.data }]
      : committed
  const after: JobNext = applied && step.isLast ? { state: 'succeeded' } : next
  const finished = await context.store.finishAttempt({
    attemptSeq: attempted.attemptSeq,
    jobSeq: job.seq,
    bootId: context.bootId,
    integration: job.integration,
    token: attempted.token,
    outcome: classified.outcome,
    status: classified.status,
    code: classified.code,
    message: classified.message,
    response: attempted.response,
    tokenAnswer: classified.tokenAnswer,
    pausedUntil,
    now: context.now(),
    next: after,
    progress: { done, doubt: !applied && classified.verdict === 'unknown' ? doubt : null },
  })
  failpoint('after_outcome')
  if (classified.tokenAnswer !== null && classified.tokenAnswer !== 'ok') context.onGateChange()
  logEnd(job, after, context)
  return applied && finished.ok ? { data: attempted.data, ended: step.isLast } : null
}

function needsDoubt(effect: Effect): boolean {
  return effect === 'verify' || effect === 'once'
}

function logEnd(job: ClaimedJob, next: JobNext, { log }: WorkContext): void {
  if (next.state === 'running') return
  const entry = {
    jobId: job.id,
    eventId: job.event.id,
    mapping: job.mapping,
    state: next.state,
    ...('reason' in next && { reason: next.reason, message: next.message }),
  }
  if (next.state === 'dead' || next.state === 'held') log.warn(entry, 'job')
  else log.info(entry, 'job')
}
