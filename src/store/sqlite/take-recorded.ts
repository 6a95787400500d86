import type { RecordedEvent } from '../receipts.ts'
import type { StoreContext } from './context.ts'
import { EVENT_COLUMNS, type EventRow, eventFromRow } from './event-row.ts'

/** Bytes of packed bodies one batch may hold, so that a backlog of large deliveries does not fill the memory. */
const BATCH_BYTES_MAX = 32 * 1024 * 1024

/** Reads recorded events after a row number, in the order of custody. */
export function takeRecorded(context: StoreContext): (query: { afterSeq: number; limit: number }) => RecordedEvent[] {
  const select = context.db.prepare<[number, number], EventRow>(`
    select ${EVENT_COLUMNS}
    from event
    where seq > ?
    order by seq
    limit ?`)
  return ({ afterSeq, limit }) => {
    const events: RecordedEvent[] = []
    let bytes = 0
    for (const row of select.iterate(afterSeq, limit)) {
      events.push(eventFromRow(context, row))
      bytes += row.body_bytes
      if (bytes > BATCH_BYTES_MAX) break
    }
    return events
  }
}
