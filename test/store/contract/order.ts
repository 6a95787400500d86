import type { Test } from 'tap'
import type { JobNext } from '../../../src/store/jobs.ts'
import {
  addJob,
  claim,
  claimEvents,
  claimOne,
  DEAD,
  finishWith,
  HELD,
  inDoubtAt,
  NOW,
  queuedAt,
  readJob,
  SUCCEEDED,
} from '../../fixtures/drive-store.ts'
import type { OpenStore } from './store-contract.ts'

export async function testOrder(t: Test, openStore: OpenStore): Promise<void> {
  t.test('the oldest open job of a key runs, the others wait, through a restart', async t => {
    const under = await openStore(t)
    const events: string[] = []
    for (let n = 0; n < 5; n++) events.push((await addJob(under.store, { orderKey: 'page' })).eventId)
    const ran: string[] = []
    for (let n = 0; n < 5; n++) {
      const jobs = await claim(under.store)
      t.equal(jobs.length, 1, 'one at a time')
      t.same(await claim(under.store), [], 'nothing else while it runs')
      ran.push(jobs[0]!.event.id)
      await finishWith(under.store, jobs[0]!, SUCCEEDED)
      if (n === 2) await under.reopen()
    }
    t.same(ran, events)
  })

  for (const [name, next] of [
    ['succeeded', SUCCEEDED],
    ['dead', DEAD],
  ] satisfies [string, JobNext][]) {
    t.test(`a ${name} job lets its key go on`, async t => {
      const { store } = await openStore(t)
      const first = await addJob(store, { orderKey: 'page' })
      const second = await addJob(store, { orderKey: 'page' })
      await finishWith(store, await claimOne(store), next)
      t.equal((await readJob(store, first)).state, name)
      t.same(await claimEvents(store), [second.eventId])
    })
  }

  t.test('a held job blocks its key and only its key', async t => {
    const { store } = await openStore(t)
    await addJob(store, { orderKey: 'page' })
    await addJob(store, { orderKey: 'page' })
    const other = await addJob(store, { orderKey: 'other' })
    await finishWith(store, await claimOne(store), HELD)
    t.same(await claimEvents(store, { now: NOW + 1e9 }), [other.eventId])
  })

  t.test(
    'a job in doubt blocks its key until it is settled, and is given out again when its time has come',
    async t => {
      const { store } = await openStore(t)
      const first = await addJob(store, { orderKey: 'page' })
      const second = await addJob(store, { orderKey: 'page' })
      await finishWith(store, await claimOne(store), inDoubtAt(NOW + 30_000))
      t.equal((await readJob(store, first)).state, 'in_doubt')
      t.same(await claimEvents(store, { now: NOW + 29_999 }), [])
      const [again, ...others] = await claim(store, { now: NOW + 30_000 })
      t.equal(again?.event.id, first.eventId)
      t.same(others, [])
      await finishWith(store, again!, SUCCEEDED)
      t.same(await claimEvents(store), [second.eventId])
    },
  )

  t.test('a job that waits for its next attempt blocks its key, not the others', async t => {
    const { store } = await openStore(t)
    const first = await addJob(store, { orderKey: 'page' })
    await addJob(store, { orderKey: 'page' })
    const other = await addJob(store, { orderKey: 'other' })
    await finishWith(store, await claimOne(store), queuedAt(NOW + 5_000))
    t.same(await claimEvents(store, { now: NOW + 4_999 }), [other.eventId])
    t.same(await claimEvents(store, { now: NOW + 5_000 }), [first.eventId])
  })

  t.test('a job added behind a blocked key waits too', async t => {
    const { store } = await openStore(t)
    await addJob(store, { orderKey: 'page' })
    await finishWith(store, await claimOne(store), HELD)
    await addJob(store, { orderKey: 'page' })
    t.same(await claimEvents(store), [])
  })

  t.test('the same key in another integration is another order', async t => {
    const { store } = await openStore(t)
    await addJob(store, { orderKey: 'page', integration: 'ci' })
    const other = await addJob(store, { orderKey: 'page', integration: 'shop' })
    await claimOne(store)
    t.same(await claimEvents(store, { integration: 'shop' }), [other.eventId])
  })

  t.test('mappings of one integration share the order of a key', async t => {
    const { store } = await openStore(t)
    await addJob(store, { orderKey: 'page', mapping: 'a' })
    await addJob(store, { orderKey: 'page', mapping: 'b' })
    t.equal((await claim(store)).length, 1)
  })

  t.test('jobs without a key run side by side', async t => {
    const { store } = await openStore(t)
    for (let n = 0; n < 3; n++) await addJob(store)
    t.equal((await claim(store)).length, 3)
  })

  t.test('an empty order key is a key', async t => {
    const { store } = await openStore(t)
    await addJob(store, { orderKey: '' })
    await addJob(store, { orderKey: '' })
    t.equal((await claim(store)).length, 1)
  })

  t.test('a delayed job does not block the jobs of today and enters when it is due', async t => {
    const { store } = await openStore(t)
    const tomorrow = await addJob(store, { orderKey: 'page', runAt: NOW + 10_000 })
    const today = await addJob(store, { orderKey: 'page' })
    const job = await claimOne(store)
    t.equal(job.event.id, today.eventId)
    t.same(await claimEvents(store, { now: NOW + 10_000 }), [], 'it waits for the one that runs')
    await finishWith(store, job, SUCCEEDED)
    t.same(await claimEvents(store, { now: NOW + 10_000 }), [tomorrow.eventId])
  })

  t.test('delayed jobs that are due run one at a time per key', async t => {
    const under = await openStore(t)
    const later = await addJob(under.store, { orderKey: 'page', runAt: NOW + 2_000 })
    const sooner = await addJob(under.store, { orderKey: 'page', runAt: NOW + 1_000 })
    t.same(await claimEvents(under.store, { now: NOW + 999 }), [])
    await under.reopen()
    const [first, ...others] = await claim(under.store, { now: NOW + 3_000 })
    t.same(others, [])
    t.equal(first?.event.id, sooner.eventId, 'the one that was due first')
    await finishWith(under.store, first!, SUCCEEDED)
    t.same(await claimEvents(under.store, { now: NOW + 3_000 }), [later.eventId])
  })

  t.test('a job that comes while a delayed one of its key runs waits for it', async t => {
    const { store } = await openStore(t)
    await addJob(store, { orderKey: 'page', runAt: NOW + 1_000 })
    const [delayed] = await claim(store, { now: NOW + 1_000 })
    const next = await addJob(store, { orderKey: 'page' })
    t.same(await claimEvents(store, { now: NOW + 1_000 }), [])
    await finishWith(store, delayed!, DEAD)
    t.same(await claimEvents(store, { now: NOW + 1_000 }), [next.eventId])
  })

  t.test('delayed jobs without a key wait for their time and nothing else', async t => {
    const { store } = await openStore(t)
    for (let n = 0; n < 3; n++) await addJob(store, { runAt: NOW + 1_000 })
    await addJob(store, { runAt: NOW - 1_000 })
    t.equal((await claim(store)).length, 1, 'an instant that is past is no delay')
    t.equal((await claim(store, { now: NOW + 1_000 })).length, 3)
  })
}
