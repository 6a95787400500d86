import type { ActedJob } from './act-on-job.ts'
import type { StoreContext } from './context.ts'
import { OPEN } from './job-states.ts'

/**
 * Prepares a person's word that a job which was open at a restore may send again what may be sent again. It holds for all
 * such jobs of its order key: they follow it, so what it may overwrite they set right again.
 */
export function prepareAllowRepeat(db: StoreContext['db']): (job: ActedJob) => void {
  const allow = db.prepare(`update job set restored = 'repeat' where seq = ?`)
  const allowKey = db.prepare(`
    update job
    set restored = 'repeat'
    where integration = ? and order_key = ? and delayed = 0 and state in ${OPEN} and restored = 'unsure'`)
  return ({ seq, integration, order_key: orderKey, restored }) => {
    if (restored !== 'unsure') return
    allow.run(seq)
    allowKey.run(integration, orderKey)
  }
}
