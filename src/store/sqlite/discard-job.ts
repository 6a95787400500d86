import type { JobAct, JobActAnswer } from '../job-acts.ts'
import { prepareAct } from './act-on-job.ts'
import type { StoreContext } from './context.ts'
import { prepareLetNextGo } from './move-job.ts'

/** Gives a job up: it is dead (`discarded`), and the next one of its order key goes on. What it has applied stays. */
export function discardJob(context: StoreContext): (discard: JobAct) => JobActAnswer {
  const { db, gauge } = context
  const end = db.prepare(`
    update job
    set state = 'dead', head = 0, delayed = 0, reason = 'discarded', message = ?, finished_at = ?
    where seq = ?`)
  const letNextGo = prepareLetNextGo(db)

  return prepareAct(context, 'job.discarded', ['queued', 'in_doubt', 'held'], (job, { actor, now }) => {
    const message = `Discarded by "${actor}"`
    end.run(message, now, job.seq)
    gauge.openJobs--
    // one that waited behind another, or for its time, held up nobody
    if (job.head === 1) letNextGo(job)
    return { state: 'dead', message }
  })
}
