import type { Recorded, RejectedAcceptance } from '../receipts.ts'
import type { StoreContext } from './context.ts'
import { parseId } from './ids.ts'
import { recordEvent } from './record-event.ts'

/**
 * Records the event of a refused delivery that proved authentic after all, and removes that: one transaction, so that of
 * two people who retry it one comes too late (null).
 */
export function acceptRejected(context: StoreContext): (acceptance: RejectedAcceptance) => Recorded | null {
  const remove = context.db.prepare<[number]>('delete from rejected_sample where seq = ?')
  const record = recordEvent(context)
  return ({ id, event }) => {
    const seq = parseId('rej', context.epoch, id)
    if (seq === null || remove.run(seq).changes === 0) return null
    return record(event)
  }
}
