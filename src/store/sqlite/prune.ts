import { BRIDGE_ACTOR } from '../audit.ts'
import type { Pruned, PruneRequest } from '../upkeep.ts'
import { prepareAuditRejected } from './audit-rejected.ts'
import type { StoreContext } from './context.ts'
import { hashesOf } from './event-hashes.ts'
import { OPEN } from './job-states.ts'
import { forgetOwnWrites } from './own-writes.ts'

/** Free pages given back to the file system a call, so that no commit waits long for it. */
const VACUUM_PAGES = 256
/** Attempts of the last day, and an hour for those that took long, are what the caps count after a restart. */
const CAPS_MS = 90_000_000

interface DueRow {
  seq: number
  block: number | null
  block_offset: number
  bytes: number
}
interface DueEvent extends DueRow {
  key_hash: number
  replay_hash: number | null
}

/**
 * Removes what its retention no longer keeps, a bounded number of rows a call: payloads, events with their jobs and
 * attempts, counts of refused deliveries, the words of payloads. What routing or an open job still needs stays, however old it is.
 */
export function prune(context: StoreContext): (request: PruneRequest) => Pruned {
  const { db, gauge, blocks, hashes, audit, words } = context
  const openJob = `exists (select 1 from job where job.event_seq = event.seq and job.state in ${OPEN})`
  const sentSince = `exists (select 1 from job join attempt on attempt.job_seq = job.seq where job.event_seq = event.seq and attempt.sent_at > ?)`
  const duePayloads = db.prepare<[number, number, number, number], DueRow>(`
    select seq, block, block_offset, headers_bytes + body_bytes as bytes
    from event
    where seq > ? and seq <= ? and received_at < ? and block is not null and not ${openJob}
    order by seq
    limit ?`)
  const clear = db.prepare(`update event set block = null, query = '' where seq = ?`)
  const dueEvents = db.prepare<[number, number, number, number], DueEvent>(`
    select seq, block, block_offset, headers_bytes + body_bytes as bytes, key_hash, replay_hash
    from event
    where seq <= ? and received_at < ? and not ${openJob} and not ${sentSince}
    order by seq
    limit ?`)
  const deletes = [
    'delete from attempt where job_seq in (select seq from job where event_seq = ?)',
    'delete from job where event_seq = ?',
    'delete from event_route where event_seq = ?',
    'delete from redelivery where event_seq = ?',
    'delete from fetched_event where event_seq = ?',
    'delete from event where seq = ?',
  ].map(sql => db.prepare<[number]>(sql))
  const deleteBlock = db.prepare(`
    delete from body_block
    where seq = ? and not exists (
      select 1
      from event
      where event.seq between body_block.first_event and body_block.last_event and event.block = body_block.seq)`)
  const deleteRejected = db.prepare('delete from rejected_delivery where minute_at < ?')
  const deleteSamples = db.prepare('delete from rejected_sample where received_at < ?')
  const deleteReplays = db.prepare(`
    delete from replay
    where ended_at < ? and not exists (select 1 from job where job.replay_seq = replay.seq and job.replay_seq > 0)`)
  const forget = forgetOwnWrites(context)
  const auditRejected = prepareAuditRejected(context)
  // a pass goes on where the last one ended and starts again from the first row when it found nothing more
  let clearedThrough = 0

  return ({ now, payloadMs, eventMs, idempotencyKeyMs, rowsMax }) => {
    const payloads = duePayloads.all(clearedThrough, gauge.routedSeq, now - payloadMs, rowsMax)
    for (const { seq } of payloads) clear.run(seq)
    clearedThrough = payloads.length < rowsMax ? 0 : payloads.at(-1)!.seq
    // the row carries the idempotency key: it stays while either is kept
    const events = dueEvents.all(gauge.routedSeq, now - Math.max(eventMs, idempotencyKeyMs), now - CAPS_MS, rowsMax)
    for (const event of events) {
      hashes.forget(event.seq, hashesOf(event))
      for (const statement of deletes) statement.run(event.seq)
    }
    for (const [block, rows] of Map.groupBy([...payloads, ...events], row => row.block)) {
      if (block === null || deleteBlock.run(block).changes > 0) continue
      blocks.erase(
        block,
        rows.map(row => ({ offset: row.block_offset, bytes: row.bytes })),
      )
    }
    const isSpanDropped = words.dropBefore(now - payloadMs)
    auditRejected(now)
    deleteRejected.run(now - eventMs)
    deleteSamples.run(now - payloadMs)
    deleteReplays.run(now - eventMs)
    forget(now)
    if (payloads.length + events.length > 0)
      audit.append({
        at: now,
        actor: BRIDGE_ACTOR,
        action: 'store.pruned',
        detail: { payloads: payloads.length, events: events.length },
      })
    return {
      payloads: payloads.length,
      events: events.length,
      more: payloads.length === rowsMax || events.length === rowsMax || isSpanDropped,
    }
  }
}

/** Gives free pages back to the file system; runs outside a transaction. */
export function giveBackSpace({ db }: StoreContext): void {
  db.pragma(`incremental_vacuum(${VACUUM_PAGES})`)
}
