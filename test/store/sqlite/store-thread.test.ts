import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { zstdDecompressSync } from 'node:zlib'
import Database from 'better-sqlite3'
import t from 'tap'
import type { Store } from '../../../src/store/store.ts'
import { claim, finishWith, NOW, planJob, SUCCEEDED, useToken } from '../../fixtures/drive-store.ts'
import { makeEvent } from '../../fixtures/make-event.ts'
import { makeRejected } from '../../fixtures/make-rejected.ts'
import { openTempStore } from '../../fixtures/open-temp-store.ts'

const UNAVAILABLE = { code: 'store_unavailable', retryAfterSec: 5 }
const prune = (store: Store, rowsMax = 10) =>
  store.prune({ now: NOW, payloadMs: 1, eventMs: 1, idempotencyKeyMs: 1, rowsMax })

/** Holds the write lock as another process would. */
function holdLock(file: string): () => void {
  const db = new Database(file)
  db.exec('begin immediate')
  return () => {
    db.exec('commit')
    db.close()
  }
}

t.test('below the low-water mark deliveries are refused and everything else goes on', async t => {
  const { store, fatal } = await openTempStore(t, { diskFreeMinBytes: 2 ** 60 })
  const answers = await Promise.allSettled([
    store.recordEvent(makeEvent()),
    store.recordRoutes({ decisions: [], throughSeq: 0 }),
    useToken(store),
    claim(store),
    store.readBacklog(),
    store.recordEvent(makeEvent()),
    prune(store),
  ])
  t.same(
    answers.map(answer => answer.status),
    ['rejected', 'fulfilled', 'fulfilled', 'fulfilled', 'fulfilled', 'rejected', 'fulfilled'],
  )
  await t.rejects(store.recordEvent(makeEvent()), UNAVAILABLE)
  await store.recordRejected({ counts: [], samples: [makeRejected()] })
  await t.rejects(store.acceptRejected({ id: 'rej_1_1', event: makeEvent() }), UNAVAILABLE)
  t.match(await store.readRejected('rej_1_1'), { source: 'github' }, 'it stays')
  t.match(await store.probe(NOW), { writable: true, reason: 'disk_low', diskFreeMinBytes: 2 ** 60 })
  t.same(fatal, [])
})

t.test('a lock of another process of one second is waited for', async t => {
  const { store, file } = await openTempStore(t)
  const release = holdLock(file)
  const recorded = store.recordEvent(makeEvent())
  setTimeout(release, 1_000)
  t.equal((await recorded).outcome, 'recorded')
})

t.test('a lock that lasts is told to the sender, group by group, and the store recovers by itself', async t => {
  const { store, file, fatal } = await openTempStore(t)
  const event = makeEvent()
  const old = () => makeEvent({ body: randomBytes(100_000), receivedAt: NOW - 1_000 })
  await Promise.all(Array.from({ length: 40 }, () => store.recordEvent(old())))
  await store.recordRoutes({ decisions: [], throughSeq: 40 })
  await prune(store, 100) // leaves pages that are free and not given back yet
  await store.recordEvent(makeEvent())
  const release = holdLock(file)
  const answers = await Promise.allSettled([
    store.recordEvent(event),
    store.recordEvent(makeEvent()),
    prune(store),
    store.readBacklog(),
  ])
  for (const answer of answers.slice(0, 3)) {
    t.equal(answer.status, 'rejected')
    if (answer.status === 'rejected') t.match(answer.reason, UNAVAILABLE)
  }
  t.match(answers[3], { status: 'fulfilled', value: { unroutedEvents: 1 } }, 'reading goes on')
  await sleep(4_500) // longer than another time-out of SQLite: nothing that follows a refused call may end the thread
  release()
  t.equal((await store.recordEvent(event)).outcome, 'recorded')
  t.equal((await store.probe(NOW)).writable, true)
  t.same(fatal, [], 'the process need not end')
})

t.test('calls of one turn share one commit', async t => {
  const { store, file } = await openTempStore(t)
  const reader = new Database(file, { readonly: true })
  t.teardown(() => reader.close())
  const commits = (): number => reader.pragma('data_version', { simple: true }) as number
  const before = commits()
  await Promise.all(Array.from({ length: 200 }, () => store.recordEvent(makeEvent())))
  t.equal(commits() - before, 1, 'a reader saw the database change once')
})

t.test('space that was freed is given back: the file shrinks', async t => {
  const under = await openTempStore(t)
  const { file } = under
  const size = (): number => {
    const db = new Database(file, { readonly: true })
    const pages = db.pragma('page_count', { simple: true }) as number
    db.close()
    return pages * 8_192
  }
  const event = () => makeEvent({ body: randomBytes(100_000), receivedAt: NOW - 1_000 })
  for (let n = 0; n < 40; n++) await under.store.recordEvent(event())
  await under.store.recordRoutes({ decisions: [], throughSeq: (await under.store.readBacklog()).lastSeq })
  const full = size()
  let calls = 0
  for (let more = true; more; calls++) more = (await prune(under.store)).more
  t.ok(calls >= 4)
  for (let n = 0; n < 3; n++) await prune(under.store)
  t.ok(size() < full / 2, `${full} bytes before, ${size()} after`)
})

t.test(
  'refused deliveries are counted per minute, the last 100 of a source are kept, and retention removes them',
  async t => {
    const { store, file } = await openTempStore(t)
    const minuteAt = NOW - 60_000
    const sample = (n: number, source: string) =>
      makeRejected({ source, reason: 'bad', receivedAt: minuteAt + n, body: Buffer.from(`${n}`) })
    const samples = Array.from({ length: 110 }, (_, n) => sample(n, 'a'))
    await store.recordRejected({ counts: [{ source: 'a', reason: 'bad', minuteAt, count: 30 }], samples })
    await store.recordRejected({
      counts: [{ source: 'a', reason: 'bad', minuteAt, count: 2 }],
      samples: [sample(0, 'b')],
    })
    const db = new Database(file, { readonly: true })
    t.teardown(() => db.close())
    const read = (sql: string): unknown => db.prepare(sql).all()
    t.same(read('select source, reason, minute_at, count from rejected_delivery'), [
      { source: 'a', reason: 'bad', minute_at: minuteAt, count: 32 },
    ])
    const oldest = 'select source, count(*) as n, min(received_at) as oldest from rejected_sample group by source'
    t.same(read(oldest), [
      { source: 'a', n: 100, oldest: minuteAt + 10 },
      { source: 'b', n: 1, oldest: minuteAt },
    ])
    await prune(store)
    t.same(read('select * from rejected_delivery'), [])
    t.same(read('select * from rejected_sample'), [])
  },
)

t.test('100,000 open jobs are opened, recovered and claimed from', async t => {
  const under = await openTempStore(t)
  const count = 100_000
  for (let from = 0; from < count; from += 10_000) {
    const recorded = await Promise.all(Array.from({ length: 10_000 }, () => under.store.recordEvent(makeEvent())))
    const decisions = recorded.map(({ eventSeq }, n) => ({
      eventSeq: eventSeq!,
      type: null,
      outcome: 'matched' as const,
      detail: [],
      jobs: [planJob({ orderKey: `key-${(from + n) % 5_000}` })],
      routedAt: NOW,
    }))
    await under.store.recordRoutes({ decisions, throughSeq: recorded.at(-1)!.eventSeq! })
  }
  await under.store.close()
  const startedAt = performance.now()
  await under.reopen()
  const openedAt = performance.now()
  const recovered = await under.store.recoverJobs({ bootId: 'b', now: NOW, settleMs: 1, crashesMax: 3 })
  const recoveredAt = performance.now()
  const jobs = await claim(under.store, { max: 50 })
  const claimedAt = performance.now()
  await prune(under.store)
  const prunedAt = performance.now()
  t.same(recovered, { requeued: 0, inDoubt: 0, held: 0, dead: 0 })
  t.equal(jobs.length, 50)
  t.same(
    jobs.map(job => job.orderKey),
    Array.from({ length: 50 }, (_, n) => `key-${n}`),
  )
  t.equal((await under.store.readBacklog()).openJobs, count)
  await finishWith(under.store, jobs[0]!, SUCCEEDED)
  const ms = (from: number, to: number): string => `${Math.round(to - from)} ms`
  t.comment(
    `open ${ms(startedAt, openedAt)}, recoverJobs ${ms(openedAt, recoveredAt)}, claimJobs ${ms(recoveredAt, claimedAt)}, prune that finds nothing ${ms(claimedAt, prunedAt)}`,
  )
})

t.test(
  'a payload that retention removed is gone from the file, also where a neighbour of its commit is kept',
  async t => {
    const opened = await openTempStore(t)
    const old = { receivedAt: NOW - 1_000_000, body: Buffer.from(`{"name":"${'personal-data-'.repeat(60)}"}`) }
    const kept = { receivedAt: NOW, body: Buffer.from(`{"name":"${'kept-'.repeat(200)}"}`) }
    const recorded = await Promise.all([old, kept].map(event => opened.store.recordEvent(makeEvent(event))))
    await opened.store.recordRoutes({ decisions: [], throughSeq: recorded.at(-1)!.eventSeq! })
    await opened.store.prune({ now: NOW, payloadMs: 1_000, eventMs: 10 ** 9, idempotencyKeyMs: 10 ** 9, rowsMax: 10 })
    const db = new Database(opened.file, { readonly: true })
    const blocks = db.prepare('select encoding, bytes from body_block').all() as { encoding: number; bytes: Buffer }[]
    db.close()
    t.equal(blocks.length, 1)
    const [block] = blocks
    const content = block!.encoding === 1 ? zstdDecompressSync(block!.bytes) : block!.bytes
    t.notOk(content.includes('personal-data'))
    t.ok(content.includes('kept-kept'))
  },
)
