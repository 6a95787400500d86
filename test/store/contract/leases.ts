import type { Test } from 'tap'
import {
  addJob,
  attempt,
  BOOT,
  begin,
  claim,
  claimOne,
  finishFor,
  LEASE_MS,
  NOTHING_DONE,
  NOW,
  readJob,
  SUCCEEDED,
  useToken,
} from '../../fixtures/drive-store.ts'
import type { OpenStore } from './store-contract.ts'

const LEASE_LOST = { ok: false, reason: 'lease_lost' }
const RECOVERY = { now: NOW, settleMs: 30_000, crashesMax: 3 }

export async function testLeases(t: Test, openStore: OpenStore): Promise<void> {
  t.test('a job that is leased is not given out again, not to another process either', async t => {
    const { store } = await openStore(t)
    await addJob(store)
    await claimOne(store)
    t.same(await claim(store), [])
    t.same(await claim(store, { bootId: 'boot-2', now: NOW + 10 * LEASE_MS }), [])
  })

  t.test('who does not hold the lease cannot end the job', async t => {
    const { store } = await openStore(t)
    const added = await addJob(store)
    const job = await claimOne(store)
    const finish = { jobSeq: job.seq, now: NOW, next: SUCCEEDED, progress: NOTHING_DONE }
    t.same(await store.finishJob({ ...finish, bootId: 'boot-2' }), LEASE_LOST)
    t.equal((await readJob(store, added)).state, 'running')
    t.same(await store.finishJob({ ...finish, bootId: BOOT }), { ok: true })
    t.same(await store.finishJob({ ...finish, bootId: BOOT }), LEASE_LOST, 'a lease ends once')
    t.same(await store.finishJob({ ...finish, jobSeq: 999, bootId: BOOT }), LEASE_LOST)
  })

  t.test('who does not hold the lease cannot move the job by an attempt, but what came of it is kept', async t => {
    const { store } = await openStore(t)
    await useToken(store)
    const added = await addJob(store)
    const job = await claimOne(store)
    const attemptSeq = await begin(store, job)
    t.same(await store.finishAttempt(finishFor(job, attemptSeq, { bootId: 'boot-2' })), LEASE_LOST)
    t.match(await readJob(store, added), { state: 'running', history: [{ outcome: 'applied', finishedAt: NOW }] })
  })

  t.test('an answer that comes after the lease was ended changes neither job nor outcome', async t => {
    const { store } = await openStore(t)
    await useToken(store)
    const added = await addJob(store)
    const job = await claimOne(store)
    const attemptSeq = await begin(store, job, { effect: 'once' })
    await store.recoverJobs({ ...RECOVERY, bootId: BOOT, now: NOW + LEASE_MS + 1 })
    t.same(await store.finishAttempt(finishFor(job, attemptSeq)), LEASE_LOST)
    t.match(await readJob(store, added), { state: 'held', history: [{ outcome: 'unknown' }] })
  })

  t.test('an attempt that is finished twice is finished once', async t => {
    const { store } = await openStore(t)
    await useToken(store)
    await addJob(store)
    const job = await claimOne(store)
    const attemptSeq = await begin(store, job)
    const finish = finishFor(job, attemptSeq, { next: { state: 'running' } })
    t.same(await store.finishAttempt(finish), { ok: true })
    t.same(await store.finishAttempt({ ...finish, outcome: 'unknown' }), LEASE_LOST)
    t.match((await store.readEvent(job.event.id))?.jobs[0]?.history, [{ outcome: 'applied' }])
  })

  t.test('a job goes on with its next step under the same lease', async t => {
    const { store } = await openStore(t)
    await useToken(store)
    const added = await addJob(store)
    const job = await claimOne(store)
    await attempt(store, job, { step: 'read', effect: 'read' }, { next: { state: 'running' } })
    await attempt(store, job, { step: 'save' })
    t.match(await readJob(store, added), { state: 'succeeded', history: [{ step: 'read' }, { step: 'save' }] })
  })

  t.test('only leases of our own that still run are extended', async t => {
    const { store } = await openStore(t)
    for (let n = 0; n < 3; n++) await addJob(store)
    const [kept, ended, foreign] = [
      await claimOne(store),
      await claimOne(store),
      await claimOne(store, { bootId: 'boot-2' }),
    ]
    await store.finishJob({ jobSeq: ended.seq, bootId: BOOT, now: NOW, next: SUCCEEDED, progress: NOTHING_DONE })
    const jobSeqs = [kept.seq, ended.seq, foreign.seq, 999]
    t.same(await store.extendLeases({ bootId: BOOT, jobSeqs, leaseExpiresAt: NOW + 1e6 }), [kept.seq])
    t.same(await store.extendLeases({ bootId: BOOT, jobSeqs: [], leaseExpiresAt: NOW }), [])
  })

  t.test('a lease that ran out is ended, one that was extended is not', async t => {
    const { store } = await openStore(t)
    const [out, kept] = [await addJob(store), await addJob(store)]
    const jobs = await claim(store)
    const later = NOW + LEASE_MS + 1
    await store.extendLeases({ bootId: BOOT, jobSeqs: [jobs[1]!.seq], leaseExpiresAt: later + LEASE_MS })
    t.match(await store.recoverJobs({ ...RECOVERY, bootId: BOOT, now: later - 1 }), { requeued: 0 })
    t.same(await store.recoverJobs({ ...RECOVERY, bootId: BOOT, now: later }), {
      requeued: 1,
      inDoubt: 0,
      held: 0,
      dead: 0,
    })
    t.equal((await readJob(store, out)).state, 'queued')
    t.equal((await readJob(store, kept)).state, 'running')
  })
}
