import type { Test } from 'tap'
import type { Effect } from '../../../src/store/attempts.ts'
import type { JobProgress, Recovered } from '../../../src/store/jobs.ts'
import type { Store } from '../../../src/store/store.ts'
import {
  addJob,
  attempt,
  BOOT,
  begin,
  claim,
  claimEvents,
  claimOne,
  finishWith,
  intentFor,
  NOW,
  queuedAt,
  readJob,
  useToken,
} from '../../fixtures/drive-store.ts'
import type { OpenStore } from './store-contract.ts'

const SETTLE_MS = 30_000
const NONE: Recovered = { requeued: 0, inDoubt: 0, held: 0, dead: 0 }
const DONE = [{ id: 'read', operation: 'entry', data: { entry: null } }]
const IN_DOUBT: JobProgress = {
  done: DONE,
  doubt: { step: 'save', operation: 'createEntry', variables: { slug: 'a' }, before: DONE, asked: 1, failures: 0 },
}

function recover(store: Store, bootId: string, now = NOW): Promise<Recovered> {
  return store.recoverJobs({ bootId, now, settleMs: SETTLE_MS, crashesMax: 3 })
}

export async function testRecovery(t: Test, openStore: OpenStore): Promise<void> {
  for (const effect of ['read', 'set', 'keyed'] satisfies Effect[]) {
    t.test(`a lost answer to a "${effect}" operation is asked for again at once`, async t => {
      const under = await openStore(t)
      await useToken(under.store)
      const added = await addJob(under.store)
      await begin(under.store, await claimOne(under.store), { effect })
      await under.reopen()
      t.same(await recover(under.store, 'boot-2', NOW + 7), { ...NONE, requeued: 1 })
      t.match(await readJob(under.store, added), {
        state: 'queued',
        reason: 'process_ended',
        nextAttemptAt: NOW + 7,
        attempts: 0,
        history: [{ outcome: 'unknown', finishedAt: NOW + 7 }],
      })
    })
  }

  t.test('a lost answer to a "verify" operation is in doubt until it has settled', async t => {
    const under = await openStore(t)
    await useToken(under.store)
    const added = await addJob(under.store)
    await begin(under.store, await claimOne(under.store), { effect: 'verify', progress: IN_DOUBT })
    await under.reopen()
    t.same(await recover(under.store, 'boot-2'), { ...NONE, inDoubt: 1 })
    t.match(await readJob(under.store, added), { state: 'in_doubt', reason: 'answer_lost' })
    t.same(await claimEvents(under.store, { now: NOW + SETTLE_MS - 1 }), [])
    t.same((await claimOne(under.store, { now: NOW + SETTLE_MS })).progress, IN_DOUBT)
  })

  // asked too early the API says "absent", and the write would be sent a second time
  t.test('a job in doubt that is to expire is still not asked for before it has settled', async t => {
    const { store } = await openStore(t)
    await useToken(store)
    await addJob(store, { expiresAt: NOW + 10 })
    await begin(store, await claimOne(store), { effect: 'verify', progress: IN_DOUBT })
    await recover(store, 'boot-2')
    t.same(await claimEvents(store, { now: NOW + SETTLE_MS - 1 }), [])
    t.equal((await claim(store, { now: NOW + SETTLE_MS })).length, 1)
  })

  t.test('a lost answer to a "once" operation is held for a person', async t => {
    const under = await openStore(t)
    await useToken(under.store)
    const added = await addJob(under.store)
    await begin(under.store, await claimOne(under.store), { effect: 'once', operation: 'createEntry' })
    await under.reopen()
    t.same(await recover(under.store, 'boot-2'), { ...NONE, held: 1 })
    t.match(await readJob(under.store, added), { state: 'held', reason: 'in_doubt', message: /createEntry/ })
    t.same(await claim(under.store, { now: NOW + 1e9 }), [])
  })

  t.test('a death while the API was being asked leaves the doubt standing', async t => {
    const { store } = await openStore(t)
    await useToken(store)
    await addJob(store)
    const job = await claimOne(store)
    await begin(store, job, { effect: 'read', progress: IN_DOUBT })
    t.same(await recover(store, 'boot-2'), { ...NONE, inDoubt: 1 })
    t.same((await claimOne(store, { now: NOW + SETTLE_MS })).progress, IN_DOUBT)
  })

  t.test('a death between two steps keeps the steps that are done', async t => {
    const { store } = await openStore(t)
    await useToken(store)
    await addJob(store)
    const progress: JobProgress = { done: DONE, doubt: null }
    await attempt(store, await claimOne(store), { effect: 'set' }, { next: { state: 'running' }, progress })
    t.same(await recover(store, 'boot-2'), { ...NONE, requeued: 1 })
    t.same((await claimOne(store)).progress, progress)
  })

  t.test('a job that was leased and not yet sent is simply queued again', async t => {
    const { store } = await openStore(t)
    const added = await addJob(store)
    await claimOne(store)
    t.same(await recover(store, 'boot-2'), { ...NONE, requeued: 1 })
    t.match(await readJob(store, added), { state: 'queued', history: [] })
  })

  t.test('jobs that are not running, or run in this process, are left alone', async t => {
    const { store } = await openStore(t)
    for (let n = 0; n < 4; n++) await addJob(store)
    const [, waits, held] = await claim(store, { max: 3 })
    await finishWith(store, waits!, queuedAt(NOW + 5))
    await finishWith(store, held!, { state: 'held', reason: 'r', message: 'm' })
    t.same(await recover(store, BOOT), NONE)
  })

  t.test('what was worked on at three deaths of the process is dead as poison, and its key goes on', async t => {
    const { store } = await openStore(t)
    const poison = await addJob(store, { orderKey: 'page' })
    const next = await addJob(store, { orderKey: 'page' })
    for (const boot of ['b', 'c', 'd']) {
      t.equal((await readJob(store, poison)).state, 'queued')
      await claimOne(store)
      await recover(store, boot)
    }
    t.match(await readJob(store, poison), { state: 'dead', reason: 'poison' })
    t.equal((await store.readBacklog()).openJobs, 1)
    t.same(await claimEvents(store), [next.eventId])
  })

  // found by test/crash/run-crash.ts: eight jobs that waited for a cap were dead as poison after 60 kills
  t.test('a job that waits for a cap or a pause is not blamed for the deaths of the process', async t => {
    const { store } = await openStore(t)
    await useToken(store)
    const added = await addJob(store)
    const caps = { perMinuteMax: 1, perDayMax: null }
    await begin(store, await claimOne(store), { caps })
    for (const boot of ['b', 'c', 'd', 'e']) {
      await recover(store, boot)
      t.equal((await readJob(store, added)).state, 'queued')
      const job = await claimOne(store, { bootId: boot })
      const intent = intentFor(job, { bootId: boot, caps })
      t.match(await store.recordIntent(intent), { granted: false, reason: 'minute_cap' })
      t.match(await readJob(store, added), { state: 'running', reason: 'minute_cap' })
    }
  })

  t.test('a job that has had its turn to send is at work again', async t => {
    const { store } = await openStore(t)
    await useToken(store)
    const added = await addJob(store)
    const blocked = { caps: { perMinuteMax: 1, perDayMax: null } }
    await begin(store, await claimOne(store), blocked)
    await recover(store, 'b')
    for (const [boot, next] of [
      ['b', 'c'],
      ['c', 'd'],
    ] as const) {
      const job = await claimOne(store, { bootId: boot })
      await store.recordIntent(intentFor(job, { bootId: boot, ...blocked }))
      await begin(store, job, { bootId: boot })
      await recover(store, next)
    }
    t.match(await readJob(store, added), { state: 'dead', reason: 'poison' })
  })

  t.test('an attempt that ended in between makes the count of deaths start anew', async t => {
    const { store } = await openStore(t)
    await useToken(store)
    const added = await addJob(store)
    for (const boot of ['b', 'c']) {
      await claimOne(store)
      await recover(store, boot)
    }
    await attempt(store, await claimOne(store), {}, { outcome: 'not_sent', next: queuedAt(NOW) })
    for (const boot of ['d', 'e']) {
      await claimOne(store)
      await recover(store, boot)
      t.equal((await readJob(store, added)).state, 'queued')
    }
    await claimOne(store)
    t.same(await recover(store, 'f'), { ...NONE, dead: 1 })
  })

  // "in doubt" would be given out for ever, and take the process with it every time
  t.test('a job in doubt that was worked on at three deaths is held: it may have been applied', async t => {
    const { store } = await openStore(t)
    await useToken(store)
    const added = await addJob(store)
    for (const [n, boot] of ['b', 'c', 'd'].entries()) {
      const job = await claimOne(store, { now: NOW + n * SETTLE_MS })
      await begin(store, job, { effect: 'verify', progress: IN_DOUBT })
      await recover(store, boot, NOW + n * SETTLE_MS)
    }
    t.match(await readJob(store, added), { state: 'held', reason: 'poison' })
  })

  t.test('recovering twice changes nothing more', async t => {
    const { store } = await openStore(t)
    await addJob(store)
    await claimOne(store)
    t.same(await recover(store, 'boot-2'), { ...NONE, requeued: 1 })
    t.same(await recover(store, 'boot-2'), NONE)
    t.same(await recover(store, 'boot-3'), NONE)
  })

  t.test('a job recovered keeps its place in the order of its key', async t => {
    const { store } = await openStore(t)
    const first = await addJob(store, { orderKey: 'page' })
    await addJob(store, { orderKey: 'page' })
    await claimOne(store)
    await recover(store, 'boot-2')
    t.same(await claimEvents(store), [first.eventId])
    t.same((await claim(store)).length, 0)
  })

  t.test(
    'a write that was applied clears the count of deaths; a read, which the next run repeats, does not',
    async t => {
      const { store } = await openStore(t)
      await useToken(store)
      const writes = await addJob(store)
      for (const [n, boot] of ['b', 'c', 'd', 'e'].entries()) {
        const progress = { done: Array(n + 1).fill(DONE[0]), doubt: null }
        await attempt(store, await claimOne(store), {}, { next: { state: 'running' }, progress })
        await recover(store, boot)
      }
      t.match(await readJob(store, writes), { state: 'queued' })
      await finishWith(store, await claimOne(store), { state: 'succeeded' })
      const reads = await addJob(store)
      for (const boot of ['b', 'c', 'd']) {
        await attempt(store, await claimOne(store), {}, { next: { state: 'running' } })
        await recover(store, boot)
      }
      t.match(await readJob(store, reads), { state: 'dead', reason: 'poison' })
    },
  )

  t.test(
    'jobs that were at work at two crashes run one after another, so that the innocent end before the poison',
    async t => {
      const { store } = await openStore(t)
      for (let i = 0; i < 3; i++) await addJob(store)
      await claim(store)
      await recover(store, 'boot-2')
      await claim(store)
      await recover(store, 'boot-3', NOW)
      t.same((await claim(store, { now: NOW })).length, 1)
      t.same((await claim(store, { now: NOW + 1_000 })).length, 1)
      t.same((await claim(store, { now: NOW + 2_000 })).length, 1)
    },
  )
}
