import type { Test } from 'tap'
import { createRejectedLog } from '../../../src/source/rejected-log.ts'
import { unpackBody } from '../../../src/store/body-codec.ts'
import type { RejectedSample } from '../../../src/store/receipts.ts'
import type { RejectedQuery } from '../../../src/store/reports.ts'
import type { Store } from '../../../src/store/store.ts'
import { NOW } from '../../fixtures/drive-store.ts'
import { makeEvent } from '../../fixtures/make-event.ts'
import { makeRejected } from '../../fixtures/make-rejected.ts'
import type { OpenStore } from './store-contract.ts'

const MINUTE_MS = 60_000
const ALL = { sinceAt: null, untilAt: null, source: null, reason: null }

/** Keeps refused deliveries, and gives their ids in that order. */
async function keep(store: Store, samples: readonly Partial<RejectedSample>[]): Promise<string[]> {
  const log = createRejectedLog()
  for (const sample of samples) {
    log.add(makeRejected({ receivedAt: NOW, ...sample }))
    await store.recordRejected(log.take()!)
  }
  return (await list(store)).reverse()
}

async function list(store: Store, change: Partial<RejectedQuery> = {}): Promise<string[]> {
  const { samples } = await store.listRejected({ ...ALL, beforeSeq: null, limit: 200, ...change })
  return samples.map(({ id }) => id)
}

export async function testRejected(t: Test, openStore: OpenStore): Promise<void> {
  t.test('refused deliveries are listed newest first, page by page, and filtered', async t => {
    const { store } = await openStore(t)
    const [a, b, c, d] = await keep(store, [
      {},
      { source: 'stripe', receivedAt: NOW + 1 },
      { reason: 'signature_missing', receivedAt: NOW + 2, type: 'push', body: Buffer.from('abc') },
      { receivedAt: NOW + 3 },
    ])
    const page = await store.listRejected({ ...ALL, beforeSeq: null, limit: 2 })
    t.match(page.samples, [
      { id: d, source: 'github', reason: 'signature_mismatch', receivedAt: NOW + 3, type: null, bodyBytes: 2 },
      { id: c, reason: 'signature_missing', type: 'push', method: 'POST', bodyBytes: 3 },
    ])
    const rest = await store.listRejected({ ...ALL, beforeSeq: page.nextSeq, limit: 3 })
    t.same([rest.samples.map(({ id }) => id), rest.nextSeq], [[b, a], null])
    t.same(await list(store, { source: 'stripe' }), [b])
    t.same(await list(store, { reason: 'signature_missing' }), [c])
    t.same(await list(store, { sinceAt: NOW + 1, untilAt: NOW + 3 }), [c, b])
  })

  t.test('all of them are counted by source and reason, those of the most first', async t => {
    const { store } = await openStore(t)
    const minute = Math.floor(NOW / MINUTE_MS) * MINUTE_MS
    const row = { source: 'github', reason: 'signature_mismatch', minuteAt: minute, count: 3 }
    const counts = [
      row,
      { ...row, minuteAt: minute + 5 * MINUTE_MS, count: 4 },
      { ...row, reason: 'signature_missing', count: 1 },
      { ...row, source: 'stripe', count: 2 },
    ]
    await store.recordRejected({ counts, samples: [] })
    const github = {
      source: 'github',
      reason: 'signature_mismatch',
      count: 7,
      firstAt: minute,
      lastAt: minute + 5 * MINUTE_MS,
    }
    const counted = await store.countRejected(ALL)
    t.same(counted.sinceAt, null)
    t.match(counted.counts, [github, { source: 'stripe', count: 2 }, { reason: 'signature_missing', count: 1 }])
    t.equal(counted.counts.length, 3)
    const sumOf = async (change: Partial<RejectedQuery>): Promise<number> =>
      (await store.countRejected({ ...ALL, ...change })).counts.reduce((sum, { count }) => sum + count, 0)
    t.equal(await sumOf({ source: 'github' }), 8)
    t.equal(await sumOf({ reason: 'signature_missing' }), 1)
    t.equal(await sumOf({ sinceAt: minute + 5 * MINUTE_MS + 59_999 }), 4, 'a minute that has begun counts as a whole')
    t.equal(await sumOf({ untilAt: minute + MINUTE_MS }), 6)
  })

  t.test('of more minutes than are looked at, the newest are counted, and from when on is said', async t => {
    const { store } = await openStore(t)
    const counts = Array.from({ length: 20_500 }, (_, n) => ({
      source: 'github',
      reason: 'signature_mismatch',
      minuteAt: n * MINUTE_MS,
      count: 1,
    }))
    await store.recordRejected({ counts, samples: [] })
    const { counts: counted, sinceAt } = await store.countRejected(ALL)
    t.match(counted, [{ count: 20_000, firstAt: 500 * MINUTE_MS, lastAt: 20_499 * MINUTE_MS }])
    t.equal(sinceAt, 500 * MINUTE_MS)
  })

  t.test('one is read as it was kept, after a restart too', async t => {
    const under = await openStore(t)
    const sample: Partial<RejectedSample> = {
      type: 'page.publish',
      query: 'a=1',
      headers: ['x-a', '1', 'x-a', '2'],
      body: Buffer.from([0, 255]),
      credentials: [{ in: 'header', name: 'authorization', salt: 's', digest: 'd' }],
    }
    const [id] = await keep(under.store, [sample])
    await under.reopen()
    const { body, ...read } = (await under.store.readRejected(id!))!
    const { body: _, ...kept } = makeRejected({ receivedAt: NOW, ...sample })
    t.same(read, { id, ...kept })
    t.ok(Buffer.from([0, 255]).equals(body))
    for (const other of ['rej_1_zz', 'evt_1_1', 'rej_2_1', 'canary'])
      t.equal(await under.store.readRejected(other), null, other)
  })

  t.test('what is taken after all becomes an event and is no refused delivery any more', async t => {
    const under = await openStore(t)
    const [id, other] = await keep(under.store, [{}, {}])
    const event = makeEvent({ body: Buffer.from('late') })
    const recorded = await under.store.acceptRejected({ id: id!, event })
    t.match(recorded, { outcome: 'recorded', eventId: /^evt_/ })
    await under.reopen()
    t.equal(unpackBody((await under.store.readEvent(recorded!.eventId))!.event.body)?.toString(), 'late')
    t.equal(await under.store.readRejected(id!), null)
    t.same(await list(under.store), [other])
    t.match(
      await under.store.acceptRejected({ id: other!, event }),
      { outcome: 'duplicate', eventId: recorded!.eventId },
      'what its sender delivered again meanwhile is one event',
    )
    t.same(await list(under.store), [])
  })

  t.test('of two who take it at once one comes too late, and there is one event', async t => {
    const { store } = await openStore(t)
    const [id] = await keep(store, [{}])
    const tries = ['a', 'b', 'c'].map(key => store.acceptRejected({ id: id!, event: makeEvent({ key }) }))
    const took = (await Promise.all(tries)).filter(recorded => recorded !== null)
    t.equal(took.length, 1)
    t.equal((await store.readBacklog()).unroutedEvents, 1)
    t.equal(await store.acceptRejected({ id: 'rej_1_zz', event: makeEvent({ key: 'd' }) }), null)
    t.equal((await store.readBacklog()).unroutedEvents, 1)
  })

  t.test('T118 a flood of one source makes few rows, and pushes out nothing of another', async t => {
    const { store } = await openStore(t)
    const [quiet] = await keep(store, [{ source: 'stripe' }])
    const log = createRejectedLog()
    const seconds = 100
    for (let second = 0; second < seconds; second++) {
      for (let n = 0; n < 1_000; n++) log.add(makeRejected({ receivedAt: NOW + second * 1_000 }))
      await store.recordRejected(log.take()!)
    }
    const { counts } = await store.countRejected({ ...ALL, source: 'github' })
    t.same(
      counts.map(({ count }) => count),
      [100_000],
    )
    t.equal((await list(store, { source: 'github' })).length, 100)
    t.same(await list(store, { source: 'stripe' }), [quiet])
  })
}
