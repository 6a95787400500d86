import type { Effect } from '../store/attempts.ts'
import type { JobNext, Restored } from '../store/jobs.ts'

export interface RestoredWrite {
  restored: Restored
  operation: string
  effect: Effect
  orderKey: string | null
  now: number
}

/**
 * Decides what comes before a write that may be done already, because a backup was restored (decision 0021): the API is
 * asked, or a person; null = it may simply be sent. Pure.
 */
export function decideAfterRestore({ restored, operation, effect, orderKey, now }: RestoredWrite): JobNext | null {
  switch (effect) {
    case 'read':
    case 'keyed':
      return null
    case 'set':
      // a newer job of its key may have been applied that the backup knows nothing of
      if (orderKey === null || restored === 'repeat') return null
      return {
        state: 'held',
        reason: 'restored',
        message: `A backup was restored: "${operation}" may be done already, and a newer write of its order key too`,
      }
    case 'verify':
      return {
        state: 'in_doubt',
        nextAttemptAt: now,
        reason: 'asked_after_restore',
        message: `A backup was restored: the API will be asked whether "${operation}" is done already`,
      }
    case 'once':
      return {
        state: 'held',
        reason: 'in_doubt',
        message: `A backup was restored: "${operation}" may be done already; a person must say whether it was applied`,
      }
  }
}
