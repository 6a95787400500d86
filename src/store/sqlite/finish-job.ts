import type { FinishAnswer, FinishJob } from '../store.ts'
import type { StoreContext } from './context.ts'
import { moveJob } from './move-job.ts'

/** Moves a job on where no attempt was made: nothing to do, a mapping that failed, a hold, an expiry. */
export function finishJob(context: StoreContext): (finish: FinishJob) => FinishAnswer {
  const leased = context.db.prepare<[number, string], { seq: number }>(
    `select seq from job where seq = ? and state = 'running' and lease_owner = ?`,
  )
  const move = moveJob(context)
  return ({ jobSeq, bootId, now, next, progress }) => {
    if (leased.get(jobSeq, bootId) === undefined) return { ok: false, reason: 'lease_lost' }
    move(jobSeq, next, progress, now)
    return { ok: true }
  }
}
