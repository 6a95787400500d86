import type { PackedBody, RecordedEvent } from '../store.ts'
import { formatId } from './ids.ts'

export interface EventRow {
  seq: number
  source: string
  type: string | null
  idempotency_key: string
  method: string
  query: string
  headers: string
  body_encoding: number
  body: Uint8Array
  received_at: number
  receipt: number
}

export const EVENT_COLUMNS =
  'event.seq, event.source, event.type, event.idempotency_key, event.method, event.query, event.headers, event.body_encoding, event.body, event.received_at, event.receipt'

const ENCODINGS: readonly PackedBody['encoding'][] = ['raw', 'zstd', 'pruned']
const RECEIPTS: readonly RecordedEvent['receipt'][] = ['recorded', 'ignored', 'id_conflict']

/** Turns a row of `event` into the event the rest of the bridge knows. */
export function eventFromRow(epoch: number, row: EventRow): RecordedEvent {
  return {
    seq: row.seq,
    id: formatId('evt', epoch, row.seq),
    source: row.source,
    type: row.type,
    key: row.idempotency_key,
    method: row.method,
    query: row.query,
    headers: JSON.parse(row.headers) as string[],
    body: { encoding: ENCODINGS[row.body_encoding] ?? 'pruned', bytes: row.body },
    receivedAt: row.received_at,
    receipt: RECEIPTS[row.receipt] ?? 'id_conflict',
  }
}
