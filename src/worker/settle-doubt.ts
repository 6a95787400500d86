import type { ClaimedJob, DoneStep, Doubt, JobNext, JobProgress } from '../store/jobs.ts'
import { askAgainAt, askLaterAt, pauseUntil, sendAgainOrGiveUp } from './decide-next.ts'
import { finishJob } from './finish-job.ts'
import { readVerification } from './read-verification.ts'
import { recordOutcome } from './record-outcome.ts'
import { type Attempted, runAttempt } from './run-attempt.ts'
import { retryRules } from './run-step.ts'
import type { WorkContext } from './work-context.ts'

export interface Settled {
  /** Steps that will not run again. */
  done: DoneStep[]
  /** The write is not there: it is sent again. */
  isAbsent: boolean
}

/**
 * Asks the API whether a write whose answer was lost arrived. Found: it is adopted, and the run goes on after it (the
 * steps that are done are returned). Not there, three times: the steps before it are returned, so that it is sent again.
 * Otherwise the job waits or is held, and null is returned.
 */
export async function settleDoubt(job: ClaimedJob, doubt: Doubt, context: WorkContext): Promise<Settled | null> {
  const { operations } = context.live.setup
  const verify = operations.get(doubt.operation)?.verify ?? null
  const query = verify === null ? undefined : operations.get(verify.operation)
  const variables = verify?.variables.evaluate({ variables: doubt.variables })
  if (verify === null || query === undefined || variables === undefined || !variables.ok) {
    return holdUnverifiable(job, doubt, context)
  }
  const attempted = await runAttempt(
    job,
    {
      step: `${doubt.step}?`,
      operation: query,
      variables: variables.value as Record<string, unknown>,
      progress: job.progress,
      progressAtIntent: null,
      hasReads: false,
    },
    context,
  )
  if (attempted.kind === 'moved') return null
  if (attempted.classified.verdict !== 'applied') return askLater(job, doubt, attempted, context)

  const { done } = job.progress
  const go = (next: JobNext, progress: JobProgress, isAbsent = false): Promise<unknown> =>
    recordOutcome(job, attempted, { next, pausedUntil: null, progress, isAbsent }, context)
  const found = readVerification(verify, doubt.variables, attempted.data)
  if (found.kind === 'applied') {
    const adopted = [...doubt.before, { id: doubt.step, operation: doubt.operation, data: found.data }]
    await go({ state: 'running' }, { done: adopted, doubt: null })
    context.log.info({ jobId: job.id, operation: doubt.operation }, 'a write without an answer was found applied')
    return { done: adopted, isAbsent: false }
  }
  if (found.kind === 'different') {
    const message = `The answer to "${doubt.operation}" was lost: ${found.message}`
    await go({ state: 'held', reason: 'found_different', message }, { done, doubt })
    return null
  }
  const asked = doubt.asked + 1
  const at = askAgainAt({ asked, settleMs: retryRules(job, context).settleMs, now: context.now() })
  if (at === null) {
    const next = sendAgain(job, doubt, context)
    await go(next, { done, doubt: null }, true)
    if (next.state !== 'running') return null
    context.log.info({ jobId: job.id, operation: doubt.operation }, 'a write without an answer is sent again')
    return { done, isAbsent: true }
  }
  const message = `The write of "${doubt.operation}" was not found yet; it will be asked for again`
  const next: JobNext = { state: 'in_doubt', nextAttemptAt: at, reason: 'not_found_yet', message }
  await go(next, { done, doubt: { ...doubt, asked } })
  return null
}

/** What follows on a write that is not there: it is sent again, by a run of its own, because that is an attempt that failed. */
function sendAgain(job: ClaimedJob, { operation }: Doubt, context: WorkContext): JobNext {
  // after a restore nobody knows that there was an attempt
  if (job.restored !== null) return { state: 'running' }
  const now = context.now()
  const message = `The answer to "${operation}" was lost, and the API says that nothing was written`
  return sendAgainOrGiveUp({ attempts: job.attempts, ...retryRules(job, context), message, now })
}

async function askLater(
  job: ClaimedJob,
  doubt: Doubt,
  attempted: Extract<Attempted, { kind: 'sent' }>,
  context: WorkContext,
): Promise<null> {
  const { classified, isRevoked } = attempted
  const failures = doubt.failures + (isRevoked ? 0 : 1)
  const now = context.now()
  const rules = retryRules(job, context)
  const random = context.random()
  const at = askLaterAt({ ...rules, failures, random, now })
  const reason = classified.message ?? classified.code
  const message = `The answer to "${doubt.operation}" was lost, and the API could not be asked: ${reason}`
  const next: JobNext =
    at === null
      ? { state: 'held', reason: 'in_doubt', message }
      : { state: 'in_doubt', nextAttemptAt: at, reason: 'not_verified', message }
  const pausedUntil = pauseUntil({ classified, attempts: doubt.failures, backoff: rules.backoff, random, now })
  const progress = { done: job.progress.done, doubt: { ...doubt, failures } }
  await recordOutcome(job, attempted, { next, pausedUntil, progress }, context)
  return null
}

async function holdUnverifiable(job: ClaimedJob, doubt: Doubt, context: WorkContext): Promise<null> {
  const message = `The answer to "${doubt.operation}" was lost, and there is no query to ask whether it was applied`
  const next: JobNext = { state: 'held', reason: 'in_doubt', message }
  await finishJob(job, next, job.progress, context)
  return null
}
