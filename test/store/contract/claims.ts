import type { Test } from 'tap'
import {
  addJob,
  BOOT,
  claim,
  claimEvents,
  claimOne,
  finishWith,
  NOW,
  queuedAt,
  readJob,
} from '../../fixtures/drive-store.ts'
import type { OpenStore } from './store-contract.ts'

export async function testClaims(t: Test, openStore: OpenStore): Promise<void> {
  t.test('no more jobs are given out than there is room for', async t => {
    const { store } = await openStore(t)
    const events: string[] = []
    for (let n = 0; n < 5; n++) events.push((await addJob(store)).eventId)
    t.same(await claimEvents(store, { max: 0 }), [])
    t.same(await claimEvents(store, { max: 2 }), events.slice(0, 2))
    t.same(await claimEvents(store, { max: 10 }), events.slice(2))
  })

  t.test('room below nothing, as after a lowered limit, gives nothing', async t => {
    const { store } = await openStore(t)
    await addJob(store)
    t.same(await claimEvents(store, { max: -1 }), [])
  })

  t.test('only integrations with room are looked at, each with its own', async t => {
    const { store } = await openStore(t)
    for (const integration of ['a', 'a', 'b', 'b', 'c']) await addJob(store, { integration })
    const room = [
      { integration: 'a', max: 1 },
      { integration: 'b', max: 5 },
    ]
    const jobs = await store.claimJobs({ bootId: BOOT, now: NOW, leaseExpiresAt: NOW + 1, room })
    t.same(
      jobs.map(job => job.integration),
      ['a', 'b', 'b'],
    )
    t.same(await store.claimJobs({ bootId: BOOT, now: NOW, leaseExpiresAt: NOW + 1, room: [] }), [])
  })

  t.test('a job is given out when its next attempt is due, not before', async t => {
    const { store } = await openStore(t)
    await addJob(store)
    await finishWith(store, await claimOne(store), queuedAt(NOW + 1_000))
    t.equal((await claim(store, { now: NOW + 999 })).length, 0)
    t.equal((await claim(store, { now: NOW + 1_000 })).length, 1)
  })

  t.test('a job that is to expire is given out at that instant, so that it dies in time', async t => {
    const { store } = await openStore(t)
    await addJob(store, { expiresAt: NOW + 500 })
    await finishWith(store, await claimOne(store), queuedAt(NOW + 60_000))
    t.equal((await claimOne(store, { now: NOW + 500 })).expiresAt, NOW + 500)
  })

  t.test('what has been due longest is given out first', async t => {
    const { store } = await openStore(t)
    const first = await addJob(store)
    const second = await addJob(store)
    await finishWith(store, await claimOne(store), queuedAt(NOW + 10))
    t.same(await claimEvents(store, { now: NOW + 20 }), [second.eventId, first.eventId])
  })

  t.test('a claimed job carries its event, its item, its counts and what it has behind it', async t => {
    const under = await openStore(t)
    const added = await addJob(under.store, { item: '{"x":1}', itemIndex: 3, orderKey: 'page', mapping: 'm' })
    const progress = {
      done: [{ id: 'found', operation: 'entries', data: { a: [1] } }],
      doubt: null,
    }
    const first = await claimOne(under.store)
    t.match(first, { attempts: 0, conflicts: 0, progress: { done: [], doubt: null } })
    const finish = { jobSeq: first.seq, bootId: BOOT, now: NOW, progress }
    const again = { state: 'queued', nextAttemptAt: NOW, reason: 'r', message: 'm' } as const
    await under.store.finishJob({ ...finish, next: { ...again, counts: true } })
    await claimOne(under.store)
    await under.store.finishJob({ ...finish, next: { ...again, counts: false, conflict: true } })
    await under.reopen()
    const job = await claimOne(under.store)
    t.match(job, { id: first.id, mapping: 'm', mappingHash: 'hash', integration: 'ci', orderKey: 'page' })
    t.match(job, { item: '{"x":1}', itemIndex: 3, attempts: 1, conflicts: 1, event: { id: added.eventId } })
    t.same(job.progress, progress)
  })

  t.test('a finished job is never given out again', async t => {
    const { store } = await openStore(t)
    const added = await addJob(store)
    await finishWith(store, await claimOne(store), { state: 'succeeded' })
    t.equal((await readJob(store, added)).state, 'succeeded')
    t.same(await claim(store, { now: NOW + 1e12 }), [])
  })
}
