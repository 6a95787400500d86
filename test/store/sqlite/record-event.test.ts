import { join } from 'node:path'
import { crc32 } from 'node:zlib'
import t from 'tap'
import { makeEvent } from '../../fixtures/make-event.ts'
import { type InProcessStore, openInProcess } from '../../fixtures/open-in-process.ts'
import { makeTempFolder } from '../../fixtures/open-temp-store.ts'

const DAY_MS = 86_400_000
const AT = 1_800_000_000_000

/** Many events of 91 days ago, as rows alone. */
function fill({ context }: InProcessStore, count: number): void {
  context.db
    .prepare(
      `with recursive n(i) as (select 1 union all select i + 1 from n where i < ?)
      insert into event (seq, source, idempotency_key, key_hash, replay_hash, method, query, block_offset, headers_bytes,
        body_bytes, body_crc, received_at)
      select i, 'github', 'id-' || i, i * 7919, i * 104729, 'POST', '', 0, 0, 2, 0, ?
      from n`,
    )
    .run(count, AT - 91 * DAY_MS)
  context.hashes.reset()
  context.gauge.lastSeq = count
  context.gauge.routedSeq = count
}

t.test('T046 ids are looked up through an index however many there are, and those of old leave it', async t => {
  const store = openInProcess(join(makeTempFolder(t), 'bridge.db'))
  t.teardown(() => store.close())
  const { db } = store.context
  fill(store, 100_000)

  for (const sql of ['select event_seq from event_hash where hash = ?', 'select source from event where seq = ?']) {
    const plan = db.prepare(`explain query plan ${sql}`).all(0) as { detail: string }[]
    t.match(plan, [
      { detail: /^SEARCH event(_hash)? USING (PRIMARY KEY \(hash=\?\)|INTEGER PRIMARY KEY \(rowid=\?\))$/ },
    ])
  }

  const request = { now: AT, payloadMs: DAY_MS, eventMs: 90 * DAY_MS, idempotencyKeyMs: 30 * DAY_MS, rowsMax: 20_000 }
  let calls = 0
  while (store.call('prune', request).more) calls++
  t.equal(calls, 5, 'twenty thousand a call, so that nobody waits long')
  t.equal(db.prepare('select count(*) from event_hash').pluck().get(), 0)
  t.match(store.call('recordEvent', makeEvent({ key: 'id-1', receivedAt: AT })), { outcome: 'recorded' })
})

t.test('an event of before its hash was kept is known by its CRC-32, and routed without a hash', async t => {
  const store = openInProcess(join(makeTempFolder(t), 'bridge.db'))
  t.teardown(() => store.close())
  const event = makeEvent()
  const first = store.call('recordEvent', event)
  store.context.db.prepare('update event set body_hash = null, body_crc = ?').run(crc32(event.body))
  store.context.received.take(first.eventSeq!)
  t.match(store.call('recordEvent', event), { outcome: 'duplicate', eventId: first.eventId })
  const other = { ...event, body: Buffer.from(`{"n":${'x'.repeat(event.body.byteLength - 6)}}`) }
  t.equal(
    store.call('recordEvent', { ...other, body: other.body.subarray(0, event.body.byteLength) }).outcome,
    'id_conflict',
  )
  const decision = {
    eventSeq: first.eventSeq!,
    type: null,
    outcome: 'unmatched',
    detail: [],
    jobs: [],
    routedAt: 1,
  } as const
  store.call('recordRoutes', { throughSeq: first.eventSeq!, decisions: [decision] })
  const hashes = store.context.db.prepare(`select payload_hash from audit_entry where action = 'event.unmatched'`).all()
  t.same(hashes, [{ payload_hash: null }])
})
