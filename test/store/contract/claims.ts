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

  t.test('jobs that wait are ended when their time is over, whatever they wait for', async t => {
    const { store } = await openStore(t)
    const ended = { expiresAt: NOW + 500, orderKey: 'k' }
    const ids = []
    for (const change of [
      { orderKey: 'k' },
      ended,
      { orderKey: 'k' },
      { expiresAt: NOW + 500, runAt: NOW + 900 },
      { expiresAt: NOW + 501 },
    ])
      ids.push((await addJob(store, change)).eventId)
    const first = await claimOne(store)
    const expire = (now: number) => store.expireJobs({ reason: 'expired', message: 'over', now })
    t.same(await expire(NOW + 499), [])
    const expired = await expire(NOW + 500)
    t.same(
      expired.map(job => job.eventId),
      [ids[1], ids[3]],
    )
    t.match(await readJob(store, { eventId: ids[1]! }), { state: 'dead', reason: 'expired', message: 'over' })
    t.same(await expire(NOW + 500), [], 'once')
    t.equal((await store.readBacklog()).openJobs, 3)
    t.same(await claimEvents(store, { now: NOW + 500 }), [ids[4]], 'the key is still that of the job before')
    await finishWith(store, first, { state: 'succeeded' })
    t.same(await claimEvents(store, { now: NOW + 500 }), [ids[2]])
  })

  t.test(
    'a job that was first of its key lets the next one go on when its time is over; one that runs is left alone',
    async t => {
      const { store } = await openStore(t)
      await addJob(store, { orderKey: 'k', expiresAt: NOW + 500 })
      const { eventId } = await addJob(store, { orderKey: 'k' })
      const job = await claimOne(store)
      const expire = () => store.expireJobs({ reason: 'expired', message: 'over', now: NOW + 500 })
      t.same(await expire(), [])
      await finishWith(store, job, queuedAt(NOW + 9_000))
      t.equal((await expire()).length, 1)
      t.same(await claimEvents(store, { now: NOW + 500 }), [eventId])
    },
  )

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
