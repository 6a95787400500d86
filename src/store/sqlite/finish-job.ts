import type { FinishAnswer, FinishJob } from '../jobs.ts'
import type { StoreContext } from './context.ts'
import { prepareLeasedJob } from './leased-job.ts'
import { moveJob } from './move-job.ts'

/** Moves a job on where no attempt was made: nothing to do, a mapping that failed, a hold, an expiry. */
export function finishJob(context: StoreContext): (finish: FinishJob) => FinishAnswer {
  const leased = prepareLeasedJob(context.db)
  const move = moveJob(context)
  return ({ jobSeq, bootId, now, next, progress }) => {
    const job = leased(jobSeq, bootId)
    if (job === undefined) return { ok: false, reason: 'lease_lost' }
    move(job, next, progress, now)
    return { ok: true }
  }
}
