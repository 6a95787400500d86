import type { Bridge } from '../bridge.ts'
import type { JobActAnswer, JobRetry } from '../store/job-acts.ts'
import { planAnew } from './replan.ts'

/**
 * Puts a job back to work; for one that failed before it was planned, by what its mapping makes of the event now. Throws
 * `not_planned` where that is nothing.
 */
export async function retryJob(
  retry: JobRetry,
  { store, live }: Pick<Bridge, 'store' | 'live'>,
): Promise<JobActAnswer> {
  const answer = await store.retryJob(retry)
  if (answer.ok || answer.reason !== 'not_planned') return answer
  const job = await store.readJob(retry.jobId)
  const event = job === null ? null : await store.readEvent(job.eventId)
  if (job === null || event === null) return { ok: false, reason: 'not_found' }
  const { fromStart: _, ...replan } = retry
  return store.replanJob({ ...replan, jobs: planAnew(event, job.mapping, live.setup) })
}
