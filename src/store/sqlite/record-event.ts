import { hash } from 'node:crypto'
import { type AuditAction, BRIDGE_ACTOR } from '../audit.ts'
import type { NewEvent, Recorded, RecordOutcome } from '../receipts.ts'
import type { StoreContext } from './context.ts'
import { hashesOf } from './event-hashes.ts'
import { formatId } from './ids.ts'
import { isSameBody, type KeptBody } from './is-same-body.ts'

export const RECEIPT = { recorded: 0, ignored: 1, id_conflict: 2 } as const
/** Redeliveries of one event are accounted for once in this time, with their count: a flood of them must not fill the disk. */
const REDELIVERY_AUDIT_MS = 3_600_000

interface KnownRow extends KeptBody {
  seq: number
  source: string
  idempotency_key: string
  receipt: number
  replay_hash: number | null
  received_at: number
}

/** Records a delivery once per idempotency key, or says which event it repeats. */
export function recordEvent(context: StoreContext): (event: NewEvent) => Recorded {
  const { db, epoch, gauge, blocks, hashes, audit, received } = context
  const select = db.prepare<[number], KnownRow>(`
    select seq, source, idempotency_key, receipt, replay_hash, received_at, body_bytes, body_hash, body_crc
    from event
    where seq = ?`)
  const insert = db.prepare(`
    insert into event (seq, source, type, idempotency_key, key_hash, replay_hash, receipt, method, query, block,
      block_offset, headers_bytes, body_bytes, body_hash, body_crc, received_at)
    values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0, ?)`)
  const countRedelivery = prepareCountRedelivery(context)
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
    const payloadHash = hash('sha256', event.body, 'hex')
    const bodyHash = Buffer.from(payloadHash, 'hex')
    const since = event.receivedAt - (event.keyWindowMs ?? event.keyRetentionMs)
    const known = findSince(keyHash, event.source, since).filter(row => row.idempotency_key === event.key)

    const same = known.find(row => isSameBody(row, event.body, bodyHash)) ?? findFetched(known, event)
    if (same !== undefined) {
      const outcome = same.receipt === RECEIPT.id_conflict ? 'id_conflict' : 'duplicate'
      countRedelivery(same.seq, event, outcome)
      return { outcome, eventId: formatId('evt', epoch, same.seq), eventSeq: null }
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
      countRedelivery(replayed.seq, event, 'replayed')
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
      bodyHash,
      event.receivedAt,
    )
    if (event.fetchedFrom !== undefined) markFetched.run(eventSeq, event.fetchedFrom)
    hashes.add(eventSeq, hashesOf({ key_hash: keyHash, replay_hash: replayHash }))
    gauge.lastSeq = eventSeq
    // a recorded one is accounted for when it is routed, in one row with what was made of it
    if (outcome === 'recorded') {
      const { source, receivedAt, body } = event
      received.add(eventSeq, { source, receivedAt, bodyBytes: body.byteLength, payloadHash })
    } else
      audit.append({
        at: event.receivedAt,
        actor: BRIDGE_ACTOR,
        action: `event.${outcome}` satisfies AuditAction,
        source: event.source,
        eventSeq,
        detail: { bytes: event.body.byteLength },
        payloadHash,
      })
    return { outcome, eventId: formatId('evt', epoch, eventSeq), eventSeq }
  }
}

function prepareCountRedelivery({
  db,
  audit,
}: StoreContext): (eventSeq: number, event: NewEvent, outcome: RecordOutcome) => void {
  const count = db.prepare<[number, number], { count: number; audited_at: number | null }>(`
    insert into redelivery (event_seq, count, last_at)
    values (?, 1, ?)
    on conflict (event_seq) do update set count = count + 1, last_at = excluded.last_at
    returning count, audited_at`)
  const setAudited = db.prepare('update redelivery set audited_at = ? where event_seq = ?')
  return (eventSeq, { source, receivedAt }, outcome) => {
    const row = count.get(eventSeq, receivedAt)!
    if (row.audited_at !== null && receivedAt - row.audited_at < REDELIVERY_AUDIT_MS) return
    setAudited.run(receivedAt, eventSeq)
    audit.append({
      at: receivedAt,
      actor: BRIDGE_ACTOR,
      action: 'event.redelivered',
      source,
      eventSeq,
      detail: { outcome, count: row.count },
    })
  }
}

/** 52 bits, so that the number is exact in JavaScript and SQLite alike; equal hashes are told apart by the key itself. */
export function hashKey(source: string, key: string): number {
  return Number.parseInt(hash('sha1', `${source}\n${key}`, 'hex').slice(0, 13), 16)
}
