import { type Backoff, computeBackoff } from '../execute/backoff.ts'
import type { ClaimedJob, DoneStep, Doubt, FinishAttempt, JobNext } from '../store/store.ts'
import { askAgainAt, askLaterAt } from './decide-next.ts'
import { readVerification } from './read-verification.ts'
import { runAttempt } from './run-attempt.ts'
import type { WorkContext } from './work-context.ts'

/** For a job whose integration is configured no more. */
const BACKOFF_OTHERWISE: Backoff = { baseMs: 2_000, capMs: 3_600_000 }

/**
 * Asks the API whether a write whose answer was lost arrived. Found: it is adopted, and the run goes on after it (the
 * steps that are done are returned). Not there, three times: the steps before it are returned, so that it is sent again.
 * Otherwise the job waits or is held, and null is returned.
 */
export async function settleDoubt(job: ClaimedJob, doubt: Doubt, context: WorkContext): Promise<DoneStep[] | null> {
  const { operations } = context.live.setup
  const verify = operations.get(doubt.operation)?.verify ?? null
  const query = verify === null ? undefined : operations.get(verify.operation)
  const variables = verify?.variables.evaluate({ variables: doubt.variables })
  if (verify === null || query === undefined || variables === undefined || !variables.ok) {
    return hold(
      job,
      context,
      'in_doubt',
      `The answer to "${doubt.operation}" was lost, and there is no query to ask whether it was applied`,
    )
  }

  const attempted = await runAttempt(
    job,
    {
      step: `${doubt.step}?`,
      operation: query,
      effect: 'read',
      variables: variables.value as Record<string, unknown>,
      progressAtIntent: null,
      hasReads: false,
    },
    context,
  )
  if (attempted.kind === 'moved') return null
  const { classified } = attempted
  const { limits, integrations } = context.live.setup.config
  const { attemptsMax, backoff } = integrations.get(job.integration) ?? {
    attemptsMax: limits.attemptsMax,
    backoff: BACKOFF_OTHERWISE,
  }
  // 429 without Retry-After pauses the token too, by the backoff
  const pausedUntil =
    classified.verdict !== 'rate_limited'
      ? null
      : context.now() +
        (classified.retryAfterMs ??
          Math.max(backoff.baseMs, computeBackoff(doubt.failures + 1, backoff, context.random())))
  const record = async (next: JobNext, changed: Doubt | null, done: DoneStep[]): Promise<void> => {
    const finish: FinishAttempt = {
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
      next,
      progress: { done, doubt: changed },
    }
    await context.store.finishAttempt(finish)
  }
  const { done } = job.progress
  const { settleMs } = limits
  if (classified.verdict !== 'applied') {
    if (classified.tokenAnswer !== null && classified.tokenAnswer !== 'ok') context.onGateChange()
    const failures = doubt.failures + 1
    const at = askLaterAt({
      asked: doubt.asked,
      failures,
      attemptsMax,
      settleMs,
      backoff,
      random: context.random(),
      now: context.now(),
    })
    const message = `The answer to "${doubt.operation}" was lost, and the API could not be asked: ${classified.message ?? classified.code}`
    await record(
      at === null
        ? { state: 'held', reason: 'in_doubt', message }
        : { state: 'in_doubt', nextAttemptAt: at, reason: 'not_verified', message },
      { ...doubt, failures },
      done,
    )
    return null
  }

  const found = readVerification(verify, doubt.variables, attempted.data)
  if (found.kind === 'applied') {
    const adopted = [...doubt.before, { id: doubt.step, operation: doubt.operation, data: found.data }]
    await record({ state: 'running' }, null, adopted)
    context.log.info({ jobId: job.id, operation: doubt.operation }, 'a write without an answer was found applied')
    return adopted
  }
  if (found.kind === 'different') {
    await record(
      {
        state: 'held',
        reason: 'found_different',
        message: `The answer to "${doubt.operation}" was lost: ${found.message}`,
      },
      doubt,
      done,
    )
    return null
  }
  const asked = doubt.asked + 1
  const at = askAgainAt({ asked, settleMs, now: context.now() })
  if (at === null) {
    await record({ state: 'running' }, null, done)
    return done
  }
  await record(
    {
      state: 'in_doubt',
      nextAttemptAt: at,
      reason: 'not_found_yet',
      message: `The write of "${doubt.operation}" was not found yet; it will be asked for again`,
    },
    { ...doubt, asked },
    done,
  )
  return null
}

async function hold(job: ClaimedJob, context: WorkContext, reason: string, message: string): Promise<null> {
  await context.store.finishJob({
    jobSeq: job.seq,
    bootId: context.bootId,
    now: context.now(),
    next: { state: 'held', reason, message },
    progress: job.progress,
  })
  return null
}
