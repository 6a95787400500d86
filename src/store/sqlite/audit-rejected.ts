import { BRIDGE_ACTOR } from '../audit.ts'
import type { StoreContext } from './context.ts'

interface MinuteRow {
  source: string
  reason: string
  minute_at: number
  count: number
}

const MINUTE_MS = 60_000

/**
 * Prepares the rows of refused deliveries: one a source, reason and minute, once that minute is over. Not one a flush: who
 * sends a forgery a second must not fill the disk.
 */
export function prepareAuditRejected({ db, audit }: StoreContext): (now: number) => void {
  const over = db.prepare<[number], MinuteRow>(`
    select source, reason, minute_at, count
    from rejected_delivery
    where audited = 0 and minute_at <= ?
    order by minute_at, source, reason`)
  const setAudited = db.prepare(
    'update rejected_delivery set audited = 1 where source = ? and reason = ? and minute_at = ?',
  )
  return now => {
    for (const { source, reason, minute_at, count } of over.all(now - MINUTE_MS)) {
      setAudited.run(source, reason, minute_at)
      audit.append({
        at: now,
        actor: BRIDGE_ACTOR,
        action: 'delivery.rejected',
        source,
        detail: { reason, minute: new Date(minute_at).toISOString(), count },
      })
    }
  }
}
