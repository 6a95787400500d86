import type { RecordedEvent } from '../receipts.ts'
import type { StoreContext } from './context.ts'
import { formatId } from './ids.ts'

export interface EventRow {
  seq: number
  source: string
  type: string | null
  idempotency_key: string
  method: string
  query: string
  /** null once retention has removed headers and body. */
  block: number | null
  block_offset: number
  headers_bytes: number
  body_bytes: number
  received_at: number
  receipt: number
}

export const EVENT_COLUMNS = `event.seq, event.source, event.type, event.idempotency_key, event.method, event.query, event.block,
  event.block_offset, event.headers_bytes, event.body_bytes, event.received_at, event.receipt`

const RECEIPTS: readonly RecordedEvent['receipt'][] = ['recorded', 'ignored', 'id_conflict']

/** The outcome at receipt, as its number in the row says it. */
export function receiptOf(receipt: number): RecordedEvent['receipt'] {
  return RECEIPTS[receipt] ?? 'id_conflict'
}

/** Turns a row of `event` into the event the rest of the bridge knows. */
export function eventFromRow({ epoch, blocks }: StoreContext, row: EventRow): RecordedEvent {
  const place = { offset: row.block_offset, headersBytes: row.headers_bytes, bodyBytes: row.body_bytes }
  const content = row.block === null ? null : blocks.read({ block: row.block, ...place })
  return {
    seq: row.seq,
    id: formatId('evt', epoch, row.seq),
    source: row.source,
    type: row.type,
    key: row.idempotency_key,
    method: row.method,
    query: row.query,
    headers: content === null ? [] : (JSON.parse(content.headers) as string[]),
    body: content === null ? { encoding: 'pruned', bytes: new Uint8Array() } : { encoding: 'raw', bytes: content.body },
    receivedAt: row.received_at,
    receipt: receiptOf(row.receipt),
  }
}
