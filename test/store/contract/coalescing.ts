import type { Test } from 'tap'
import {
  addJob,
  addJobs,
  claim,
  claimEvents,
  claimOne,
  finishWith,
  NOW,
  queuedAt,
  readJob,
  SUCCEEDED,
} from '../../fixtures/drive-store.ts'
import type { OpenStore } from './store-contract.ts'

const LATEST = { orderKey: 'page', coalesce: true }

export async function testCoalescing(t: Test, openStore: OpenStore): Promise<void> {
  t.test('a newer job supersedes the waiting ones of its mapping and key', async t => {
    const { store } = await openStore(t)
    const old = await addJob(store, LATEST)
    const older = await addJob(store, { ...LATEST, coalesce: false })
    const latest = await addJob(store, LATEST)
    t.match(await readJob(store, old), { state: 'superseded', reason: 'coalesced' })
    t.equal((await readJob(store, older)).state, 'superseded')
    t.equal((await store.readBacklog()).openJobs, 1)
    t.same(await claimEvents(store), [latest.eventId])
  })

  t.test('a job that runs, or was tried already, is not superseded', async t => {
    const { store } = await openStore(t)
    const running = await addJob(store, LATEST)
    const job = await claimOne(store)
    const second = await addJob(store, LATEST)
    t.equal((await readJob(store, running)).state, 'running')
    await finishWith(store, job, queuedAt(NOW))
    const third = await addJob(store, LATEST)
    t.equal((await readJob(store, running)).state, 'queued')
    t.equal((await readJob(store, second)).state, 'superseded')
    t.same(await claimEvents(store), [running.eventId])
    t.equal((await readJob(store, third)).state, 'queued')
  })

  t.test('other mappings, other keys and jobs without a key are left alone', async t => {
    const { store } = await openStore(t)
    const others = [
      await addJob(store, { ...LATEST, mapping: 'other' }),
      await addJob(store, { ...LATEST, orderKey: 'elsewhere' }),
      await addJob(store, { ...LATEST, integration: 'shop' }),
      await addJob(store, { orderKey: null, coalesce: true }),
    ]
    await addJob(store, LATEST)
    await addJob(store, { orderKey: null, coalesce: true })
    for (const other of others) t.equal((await readJob(store, other)).state, 'queued')
  })

  t.test('a delayed job is superseded before its time', async t => {
    const { store } = await openStore(t)
    const delayed = await addJob(store, { ...LATEST, runAt: NOW + 1_000 })
    const latest = await addJob(store, LATEST)
    t.equal((await readJob(store, delayed)).state, 'superseded')
    t.same(await claimEvents(store, { now: NOW + 2_000 }), [latest.eventId])
  })

  // found by these tests: nobody stood first any more, and the key waited for ever
  t.test('superseding the first job of a key lets the next one go, also one of another mapping', async t => {
    const { store } = await openStore(t)
    await addJob(store, { ...LATEST, mapping: 'a' })
    const other = await addJob(store, { ...LATEST, mapping: 'b' })
    const latest = await addJob(store, { ...LATEST, mapping: 'a' })
    const [first, ...others] = await claim(store)
    t.equal(first?.event.id, other.eventId)
    t.same(others, [])
    await finishWith(store, first!, SUCCEEDED)
    t.same(await claimEvents(store), [latest.eventId])
  })

  t.test('a delayed newer job supersedes the first of the key, and the next one goes on', async t => {
    const { store } = await openStore(t)
    await addJob(store, { ...LATEST, mapping: 'a' })
    const other = await addJob(store, { ...LATEST, mapping: 'b' })
    await addJob(store, { ...LATEST, mapping: 'a', runAt: NOW + 1_000 })
    t.same(await claimEvents(store), [other.eventId])
  })

  t.test('within one batch the last one stays', async t => {
    const { store } = await openStore(t)
    const { eventId } = await addJobs(store, [
      { ...LATEST, itemIndex: 0 },
      { ...LATEST, itemIndex: 1 },
    ])
    t.same(
      (await store.readEvent(eventId))?.jobs.map(job => job.state),
      ['superseded', 'queued'],
    )
    t.equal((await claim(store)).length, 1)
  })
}
