import { hash } from 'node:crypto'
import { crc32 } from 'node:zlib'
import type { NewEvent, Recorded } from '../receipts.ts'
import type { StoreContext } from './context.ts'
import { hashesOf } from './event-hashes.ts'
import { formatId } from './ids.ts'

export const RECEIPT = { recorded: 0, ignored: 1, id_conflict: 2 } as const

interface KnownRow {
  seq: number
  source: string
  idempotency_key: string
  receipt: number
  replay_hash: number | null
  received_at: number
  body_bytes: number
  body_crc: number
}

/** Records a delivery once per idempotency key, or says which event it repeats. */
export function recordEvent({ db, epoch, gauge, blocks, hashes }: StoreContext): (event: NewEvent) => Recorded {
  const select = db.prepare<[number], KnownRow>(`
    select seq, source, idempotency_key, receipt, replay_hash, received_at, body_bytes, body_crc
    from event
    where seq = ?`)
  const insert = db.prepare(`
    insert into event (seq, source, type, idempotency_key, key_hash, replay_hash, receipt, method, query, block,
      block_offset, headers_bytes, body_bytes, body_crc, received_at)
    values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`)
  const countRedelivery = db.prepare(`
    insert into redelivery (event_seq, count, last_at)
    values (?, 1, ?)
    on conflict (event_seq) do update set count = count + 1, last_at = excluded.last_at`)
  const markFetched = db.prepare('insert into fetched_event (event_seq, fetched_from) values (?, ?)')
  const isFetched = db.prepare<[number], { event_seq: number }>(
    'select event_seq from fetched_event where event_seq = ?',
  )
  /** Where either of two was fetched, their bytes differ although they are the same event. */
  const findFetched = (known: readonly KnownRow[], event: NewEvent): KnownRow | undefined =>
    event.fetchedFrom === undefined ? known.find(row => isFetched.get(row.seq) !== undefined) : known[0]

  /** Events of the same source since an instant that may be meant by a hash, oldest first. */
  const findSince = (hash: number, source: string, since: number): KnownRow[] =>
    hashes
      .find(hash)
      .map(seq => select.get(seq))
      .filter(row => row !== undefined)
      .filter(row => row.source === source && row.received_at > since)

  return event => {
    const keyHash = hashKey(event.source, event.key)
    const bodyCrc = crc32(event.body)
    const since = event.receivedAt - (event.keyWindowMs ?? event.keyRetentionMs)
    const known = findSince(keyHash, event.source, since).filter(row => row.idempotency_key === event.key)

    const same =
      known.find(row => row.body_crc === bodyCrc && row.body_bytes === event.body.byteLength) ??
      findFetched(known, event)
    if (same !== undefined) {
      countRedelivery.run(same.seq, event.receivedAt)
      return {
        outcome: same.receipt === RECEIPT.id_conflict ? 'id_conflict' : 'duplicate',
        eventId: formatId('evt', epoch, same.seq),
        eventSeq: null,
      }
    }

    const replayHash = event.replayKey === null ? null : hashKey(event.source, event.replayKey)
    const replayed =
      replayHash === null || known.length > 0
        ? undefined
        : findSince(replayHash, event.source, event.receivedAt - event.keyRetentionMs).find(
            // a conflict or a ping did nothing: what is signed in it must not keep its genuine delivery out
            row => row.replay_hash === replayHash && row.receipt === RECEIPT.recorded,
          )
    if (replayed !== undefined) {
      countRedelivery.run(replayed.seq, event.receivedAt)
      return { outcome: 'replayed', eventId: formatId('evt', epoch, replayed.seq), eventSeq: null }
    }

    const outcome = known.length > 0 ? 'id_conflict' : event.ignored ? 'ignored' : 'recorded'
    const eventSeq = gauge.lastSeq + 1
    const headers = typeof event.headers === 'string' ? event.headers : JSON.stringify(event.headers)
    const { block, offset, headersBytes } = blocks.append(eventSeq, headers, event.body)
    insert.run(
      eventSeq,
      event.source,
      event.type,
      event.key,
      keyHash,
      replayHash,
      RECEIPT[outcome],
      event.method,
      event.query,
      block,
      offset,
      headersBytes,
      event.body.byteLength,
      bodyCrc,
      event.receivedAt,
    )
    if (event.fetchedFrom !== undefined) markFetched.run(eventSeq, event.fetchedFrom)
    hashes.add(eventSeq, hashesOf({ key_hash: keyHash, replay_hash: replayHash }))
    gauge.lastSeq = eventSeq
    return { outcome, eventId: formatId('evt', epoch, eventSeq), eventSeq }
  }
}

/** 52 bits, so that the number is exact in JavaScript and SQLite alike; equal hashes are told apart by the key itself. */
export function hashKey(source: string, key: string): number {
  return Number.parseInt(hash('sha1', `${source}\n${key}`, 'hex').slice(0, 13), 16)
}
