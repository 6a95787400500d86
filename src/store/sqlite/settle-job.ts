import type { JobActAnswer, JobSettlement } from '../job-acts.ts'
import { prepareAct, prepareCheckDead, prepareReopen, progressOf } from './act-on-job.ts'
import type { StoreContext } from './context.ts'

/**
 * Takes a person's word on a write whose answer was lost. Applied: the run goes on after it, or ends there. Not applied: it
 * is sent again, its variables computed afresh.
 */
export function settleJob(context: StoreContext): (settlement: JobSettlement) => JobActAnswer {
  const checkDead = prepareCheckDead(context)
  const reopen = prepareReopen(context)
  // what is not there was not done, and nothing after it
  const endDoubtOfRestore = context.db.prepare('update job set restored = null where seq = ?')

  return prepareAct<JobSettlement>(context, 'job.settled', ['held', 'in_doubt', 'dead'], (job, settlement, refuse) => {
    const { actor, applied, result, now, force } = settlement
    const { done, doubt } = progressOf(job)
    if (doubt === null) return refuse('not_in_doubt')
    const refused = checkDead(job, { force })
    if (refused !== null) return refuse(refused)
    const written = { id: doubt.step, operation: doubt.operation, data: result ?? {} }
    if (!applied) endDoubtOfRestore.run(job.seq)
    reopen(job, {
      state: 'queued',
      progress: { done: applied ? [...doubt.before, written] : done, doubt: null },
      reason: applied ? 'settled_applied' : 'settled_not_applied',
      message: `"${actor}" says that "${doubt.operation}" was ${applied ? '' : 'not '}applied`,
      now,
    })
    return { state: 'queued', message: `"${doubt.operation}" was ${applied ? '' : 'not '}applied: the job goes on` }
  })
}
