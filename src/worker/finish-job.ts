import type { ClaimedJob, JobNext, JobProgress } from '../store/jobs.ts'
import { logJob } from './record-outcome.ts'
import type { WorkContext } from './work-context.ts'

/** Gives up the lease of a job that sends nothing more now, and says what becomes of it. */
export async function finishJob(
  job: ClaimedJob,
  next: JobNext,
  progress: JobProgress,
  context: WorkContext,
): Promise<void> {
  await context.store.finishJob({ jobSeq: job.seq, bootId: context.bootId, now: context.now(), next, progress })
  logJob(job, next, context)
}
