import type { IntegrationConfig } from '../config/read-integration.ts'
import type { Limits } from '../config/read-limits.ts'
import { fingerprintToken } from '../ledger/fingerprint.ts'
import type { Operation } from '../mapping/operation.ts'
import type { ClaimedJob, DoneStep, Doubt, JobNext, Restored } from '../store/jobs.ts'
import { decideAfterRestore } from './after-restore.ts'
import { decideNext } from './decide-next.ts'
import { finishJob } from './finish-job.ts'
import { type CachedRead, findKeptRead, forgetReads, keepRead } from './read-cache.ts'
import { recordOutcome } from './record-outcome.ts'
import { runAttempt } from './run-attempt.ts'
import type { WorkContext } from './work-context.ts'

export interface StepRun {
  id: string
  operation: Operation
  variables: Record<string, unknown>
  /** Every step before this one, as it went. */
  trail: readonly DoneStep[]
  /** Those of them up to the last applied mutation: they are kept whatever happens. */
  committed: DoneStep[]
  isLast: boolean
  /** Set where the step may be done already. */
  restored: Restored | null
}

/** `isKept`: the data is of an earlier read, nothing was sent. */
export interface StepData {
  data: unknown
  ended: boolean
  isKept: boolean
}

/** Runs one step: attempt, judgement, record. Null where the job went elsewhere. */
export async function runStep(job: ClaimedJob, step: StepRun, context: WorkContext): Promise<StepData | null> {
  const { id, operation, variables, trail, committed, isLast } = step
  const read = operation.effect === 'read' ? describeRead(job, step, context) : null
  const kept = read === null ? null : findKeptRead(read, context)
  if (kept !== null) return { data: kept, ended: false, isKept: true }
  const doubt = doubtOf(step)
  if (step.restored !== null) {
    const { name, effect } = operation
    const { orderKey } = job
    const next = decideAfterRestore({ restored: step.restored, operation: name, effect, orderKey, now: context.now() })
    if (next !== null) {
      await finishJob(job, next, { done: committed, doubt }, context)
      return null
    }
  }
  const attempted = await runAttempt(
    job,
    {
      step: id,
      operation,
      variables,
      progress: { done: committed, doubt: null },
      progressAtIntent: doubt === null ? null : { done: committed, doubt },
      hasReads: trail.length > committed.length,
    },
    context,
  )
  if (attempted.kind === 'moved') return null
  const { classified, data, isRevoked } = attempted
  const { next, pausedUntil } = decideNext({
    classified,
    isRevoked,
    effect: operation.effect,
    attempts: job.attempts,
    conflicts: job.conflicts,
    ...retryRules(job, context),
    random: context.random(),
    now: context.now(),
  })
  const applied = classified.verdict === 'applied'
  const done = applied && operation.effect !== 'read' ? [...trail, { id, operation: operation.name, data }] : committed
  const after: JobNext = applied && isLast ? { state: 'succeeded' } : next
  const progress = { done, doubt: classified.verdict === 'unknown' ? doubt : null }
  const finished = await recordOutcome(job, attempted, { next: after, pausedUntil, progress }, context)
  if (after.state === 'dead') forgetReads(job.integration, context)
  if (!applied || !finished.ok) return null
  if (read !== null) keepRead(read, data, context)
  return { data, ended: isLast, isKept: false }
}

/** Null where the integration is no longer configured: the attempt says so. */
function describeRead(job: ClaimedJob, { operation, variables }: StepRun, { live }: WorkContext): CachedRead | null {
  const { integrations, endpoint } = live.setup.config
  const token = integrations.get(job.integration)?.token
  if (token === undefined) return null
  return { integration: job.integration, token: fingerprintToken(token), endpoint, operation, variables }
}

/** What must be known to ask for the write later, where a lost answer may not simply be followed by another try. */
function doubtOf({ id, operation, variables, trail }: StepRun): Doubt | null {
  if (operation.effect !== 'verify' && operation.effect !== 'once') return null
  return { step: id, operation: operation.name, variables, before: [...trail], asked: 0, failures: 0 }
}

/** For a job whose integration is configured no more: the default of `integrations.*.backoff`. */
const BACKOFF_OTHERWISE = { baseMs: 2_000, capMs: 3_600_000 }

export type RetryRules = Pick<IntegrationConfig, 'attemptsMax' | 'backoff'> & Pick<Limits, 'settleMs'>

/** How often and how fast a job of this integration is tried again. */
export function retryRules(job: ClaimedJob, { live }: WorkContext): RetryRules {
  const { integrations, limits } = live.setup.config
  // a reload may have removed the integration while its request was under way: the outcome is recorded all the same
  const { attemptsMax, backoff } = integrations.get(job.integration) ?? { ...limits, backoff: BACKOFF_OTHERWISE }
  return { attemptsMax, backoff, settleMs: limits.settleMs }
}
