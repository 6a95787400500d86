import { failpoint } from '../failpoint.ts'
import type { ClaimedJob, FinishAnswer, JobNext, JobProgress } from '../store/jobs.ts'
import { traceFields } from '../trace/trace-job.ts'
import { isFailure } from './circuit.ts'
import type { Attempted } from './run-attempt.ts'
import type { WorkContext } from './work-context.ts'

export interface Outcome {
  next: JobNext
  pausedUntil: number | null
  progress: JobProgress
  /** See `FinishAttempt`. */
  isAbsent?: boolean
}

/** Records what came of an attempt, together with what it means for the token and the job, in one transaction. */
export async function recordOutcome(
  job: ClaimedJob,
  attempted: Extract<Attempted, { kind: 'sent' }>,
  { next, pausedUntil, progress, isAbsent = false }: Outcome,
  context: WorkContext,
): Promise<FinishAnswer> {
  const { classified, attemptSeq, token, response, isRevoked } = attempted
  const { outcome, status, code, message, tokenAnswer } = classified
  const finished = await context.store.finishAttempt({
    attemptSeq,
    jobSeq: job.seq,
    bootId: context.bootId,
    integration: job.integration,
    token,
    outcome,
    status,
    code,
    message,
    response,
    tokenAnswer,
    pausedUntil,
    now: context.now(),
    next,
    progress,
    isAbsent,
  })
  failpoint('after_outcome')
  const failed = isRevoked ? null : isFailure(classified)
  if (failed !== null) context.circuits.note(context.live.setup.config, job.integration, failed, context.now())
  if (tokenAnswer !== null && tokenAnswer !== 'ok') context.onGateChange()
  logJob(job, next, context)
  return finished
}

/** One line where a job ends, waits or is held. */
export function logJob(job: ClaimedJob, next: JobNext, { log, live, activity, now }: WorkContext): void {
  if (next.state === 'running') return
  activity.jobMoved(job, next, now())
  const trace = traceFields(job, live.setup)
  const ids = { jobId: job.id, eventId: job.event.id, mapping: job.mapping, state: next.state, ...trace }
  const entry = 'reason' in next ? { ...ids, reason: next.reason, message: next.message } : ids
  if (next.state === 'dead' || next.state === 'held') log.warn(entry, 'job')
  else log.info(entry, 'job')
}
