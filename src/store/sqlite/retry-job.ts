import type { JobActAnswer, JobRetry } from '../job-acts.ts'
import { type ActedJob, prepareAct, prepareCheckDead, prepareReopen, progressOf } from './act-on-job.ts'
import { prepareAllowRepeat } from './allow-repeat.ts'
import type { StoreContext } from './context.ts'

/**
 * Puts a dead or held job back to work. What it has applied stays applied, and the mapping is judged as it is then; where a
 * write may have been applied, the API is asked anew, and the job of a `once` operation is refused: only a person knows.
 */
export function retryJob(context: StoreContext): (retry: JobRetry) => JobActAnswer {
  const { db } = context
  const effectOf = db
    .prepare<[number, string], string>(
      `select effect from attempt where job_seq = ? and step = ? and effect <> 'read' order by seq desc limit 1`,
    )
    .pluck()
  const wasAsked = db.prepare<[number, string], { asked: 1 }>(
    `select 1 as asked from attempt where job_seq = ? and step = ? || '?' limit 1`,
  )
  /** Doubted because of a restore, a write may never have been sent: one that was not asked for cannot be. */
  const isOnce = ({ seq, restored }: ActedJob, step: string): boolean => {
    const effect = effectOf.get(seq, step)
    return effect === undefined ? restored !== null && wasAsked.get(seq, step) === undefined : effect === 'once'
  }
  const checkDead = prepareCheckDead(context)
  const reopen = prepareReopen(context)
  const allowRepeat = prepareAllowRepeat(db)
  const endDoubtOfRestore = db.prepare('update job set restored = null where seq = ?')

  return prepareAct<JobRetry>(
    context,
    'job.retried',
    ['dead', 'held'],
    (job, { actor, now, fromStart, force }, refuse) => {
      const { done, doubt } = progressOf(job)
      const refused = checkDead(job, { force })
      if (refused !== null) return refuse(refused)
      if (doubt === null) {
        if (job.reason === 'in_doubt') return refuse('in_doubt')
        if (fromStart) endDoubtOfRestore.run(job.seq)
        else if (job.reason === 'restored') allowRepeat(job)
        const message = fromStart ? `Retried from the start by "${actor}"` : `Retried by "${actor}"`
        const progress = { done: fromStart ? [] : done, doubt: null }
        reopen(job, { state: 'queued', progress, reason: 'retried', message, now })
        return { state: 'queued', message }
      }
      if (fromStart || isOnce(job, doubt.step)) return refuse('in_doubt')
      const message = `Retried by "${actor}": the API will be asked whether the write arrived`
      const progress = { done, doubt: { ...doubt, asked: 0, failures: 0 } }
      reopen(job, { state: 'in_doubt', progress, reason: 'retried', message, now })
      return { state: 'in_doubt', message }
    },
  )
}
