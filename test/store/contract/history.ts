import type { Test } from 'tap'
import type { HistoryPage, HistoryQuery } from '../../../src/store/reports.ts'
import type { Store } from '../../../src/store/store.ts'
import {
  addJobs,
  attempt,
  claim,
  claimOne,
  finishWith,
  NOW,
  queuedAt,
  SUCCEEDED,
  useToken,
} from '../../fixtures/drive-store.ts'
import { makeEvent } from '../../fixtures/make-event.ts'
import type { OpenStore } from './store-contract.ts'

function read(store: Store, change: Partial<HistoryQuery> = {}): Promise<HistoryPage> {
  const query = { sinceAt: 0, afterSeq: null, throughSeq: 1e9, source: null, mapping: null, limit: 100 }
  return store.readHistory({ ...query, ...change })
}
const idsOf = ({ events }: HistoryPage): string[] => events.map(({ event }) => event.id)

/** Events one second apart, each routed to one job. */
async function addMany(store: Store, count: number): Promise<string[]> {
  const ids: string[] = []
  for (let n = 0; n < count; n++)
    ids.push((await addJobs(store, [{}], { event: { receivedAt: NOW + n * 1_000 } })).eventId)
  return ids
}

export async function testHistory(t: Test, openStore: OpenStore): Promise<void> {
  t.test('past events are read with what was made and sent of them', async t => {
    const under = await openStore(t)
    await useToken(under.store)
    const { eventId } = await addJobs(under.store, [{ mapping: 'a', orderKey: 'k', itemIndex: 1, item: '"x"' }])
    const job = await claimOne(under.store)
    const data = { createEntry: { entry: { id: 'ent_1' } } }
    const progress = { done: [{ id: 'save', operation: 'createEntry', data }], doubt: null }
    await attempt(
      under.store,
      job,
      { step: 'read', operation: 'entry', effect: 'read' },
      { next: { state: 'running' } },
    )
    await attempt(under.store, job, { variables: '{"a":1}' }, { next: SUCCEEDED, progress })
    await under.reopen()
    const page = await read(under.store)
    t.match(page, { more: false, events: [{ event: { id: eventId, body: { encoding: 'raw' } }, outcome: 'matched' }] })
    t.same(page.events[0]?.jobs, [
      {
        id: job.id,
        mapping: 'a',
        mappingHash: 'hash',
        integration: 'ci',
        orderKey: 'k',
        itemIndex: 1,
        item: '"x"',
        state: 'succeeded',
        reason: null,
        done: progress.done,
        sent: [
          { step: 'read', operation: 'entry', effect: 'read', variables: '{}', outcome: 'applied' },
          { step: 'save', operation: 'createEntry', effect: 'set', variables: '{"a":1}', outcome: 'applied' },
        ],
      },
    ])
  })

  t.test('reading begins at the first event since an instant, wherever rows are missing', async t => {
    const { store } = await openStore(t)
    const ids = await addMany(store, 20)
    for (const [offset, from] of [
      [-1, 0],
      [0, 0],
      [1, 1],
      [7_000, 7],
      [18_999, 19],
      [19_001, 20],
    ] as const)
      t.same(idsOf(await read(store, { sinceAt: NOW + offset })), ids.slice(from), `${offset}`)
    for (const job of await claim(store, { max: 5 })) await finishWith(store, job, SUCCEEDED)
    const pruned = await store.prune({
      now: NOW + 200_000_000,
      payloadMs: 1,
      eventMs: 1,
      idempotencyKeyMs: 1,
      rowsMax: 9,
    })
    t.equal(pruned.events, 5)
    t.same(idsOf(await read(store, { sinceAt: 0 })), ids.slice(5))
    t.same(idsOf(await read(store, { sinceAt: NOW + 7_000 })), ids.slice(7))
  })

  t.test('pages go on after each other until there is no more, and not beyond the end that was set', async t => {
    const { store } = await openStore(t)
    const ids = await addMany(store, 10)
    const first = await read(store, { limit: 4 })
    t.same([idsOf(first), first.more], [ids.slice(0, 4), true])
    const rest = await read(store, { afterSeq: first.throughSeq })
    t.same([idsOf(rest), rest.more], [ids.slice(4), false])
    const ended = await read(store, { throughSeq: first.throughSeq })
    t.same([idsOf(ended), ended.more], [ids.slice(0, 4), false])
    t.same(await read(store, { sinceAt: NOW + 1e9 }), { events: [], throughSeq: rest.throughSeq, more: false })
  })

  t.test('pings, conflicts and what is not routed yet are not read', async t => {
    const { store } = await openStore(t)
    await store.recordEvent(makeEvent({ ignored: true }))
    const { eventId } = await addJobs(store, [])
    await store.recordEvent(makeEvent())
    t.same(idsOf(await read(store)), [eventId])
  })

  t.test('a source narrows it, but events with jobs of the mapping stay', async t => {
    const { store } = await openStore(t)
    const stripe = await addJobs(store, [], { event: { source: 'stripe' } })
    await addJobs(store, [{ mapping: 'other' }])
    const moved = await addJobs(store, [{ mapping: 'prices' }])
    t.same(idsOf(await read(store, { source: 'stripe', mapping: 'prices' })), [stripe.eventId, moved.eventId])
  })

  t.test('a page of large events ends early', async t => {
    const { store } = await openStore(t)
    for (let n = 0; n < 4; n++) await addJobs(store, [], { event: { body: Buffer.alloc(1_500_000, 'x') } })
    const first = await read(store)
    t.same([first.events.length, first.more], [2, true])
    t.equal((await read(store, { afterSeq: first.throughSeq })).events.length, 2)
  })

  t.test('large variables count too', async t => {
    const { store } = await openStore(t)
    await useToken(store)
    const variables = JSON.stringify({ text: 'x'.repeat(1_000_000) })
    for (let n = 0; n < 3; n++) {
      await addJobs(store, [{}])
      const job = await claimOne(store)
      await attempt(store, job, { variables }, { outcome: 'not_sent', next: queuedAt(NOW) })
      await attempt(store, (await claimOne(store))!, { variables }, { next: SUCCEEDED })
    }
    t.same((await read(store)).events.length, 2)
  })

  t.test('the hash of an admin key is kept once', async t => {
    const under = await openStore(t)
    t.same(await under.store.keepAdminKey({ hash: 'aa', now: 1 }), { hash: 'aa' })
    await under.reopen()
    t.same(await under.store.keepAdminKey({ hash: 'bb', now: 2 }), { hash: 'aa' })
  })
}
