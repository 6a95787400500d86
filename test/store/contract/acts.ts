import type { Test } from 'tap'
import type { Effect } from '../../../src/store/attempts.ts'
import type { JobActAnswer, JobRetry, JobSettlement } from '../../../src/store/job-acts.ts'
import type { ClaimedJob, Doubt, JobNext, JobProgress } from '../../../src/store/jobs.ts'
import type { PlannedJob } from '../../../src/store/routes.ts'
import type { Store } from '../../../src/store/store.ts'
import {
  addJob,
  attempt,
  BOOT,
  begin,
  claim,
  claimEvents,
  claimOne,
  DEAD,
  finishWith,
  HELD,
  inDoubtAt,
  NOW,
  planJob,
  queuedAt,
  readJob,
  SUCCEEDED,
  useToken,
} from '../../fixtures/drive-store.ts'
import { makeEvent } from '../../fixtures/make-event.ts'
import type { OpenStore } from './store-contract.ts'

const LATER = NOW + 1_000
const ACT = { version: null, actor: 'ops', now: LATER }
const WRITTEN = [{ id: 'first', operation: 'createEntry', data: { id: 'ent_1' } }]
const DOUBT: Doubt = {
  step: 'save',
  operation: 'publish',
  variables: { a: 1 },
  before: [...WRITTEN, { id: 'look', operation: 'entry', data: {} }],
  asked: 2,
  failures: 3,
}
const DOUBTFUL: JobProgress = { done: WRITTEN, doubt: DOUBT }

function retry(store: Store, jobId: string, change: Partial<JobRetry> = {}): Promise<JobActAnswer> {
  return store.retryJob({ ...ACT, jobId, fromStart: false, force: false, ...change })
}
function discard(store: Store, jobId: string): Promise<JobActAnswer> {
  return store.discardJob({ ...ACT, jobId })
}
function settle(store: Store, jobId: string, applied: boolean, change: Partial<JobSettlement> = {}) {
  return store.settleJob({ ...ACT, jobId, applied, result: null, force: false, ...change })
}

/** A job that came to an end or a stop with something behind it. */
async function finished(
  store: Store,
  next: JobNext,
  { job = {}, progress = { done: [], doubt: null } }: { job?: Partial<PlannedJob>; progress?: JobProgress } = {},
): Promise<ClaimedJob> {
  await addJob(store, job)
  const claimed = await claimOne(store)
  await store.finishJob({ jobSeq: claimed.seq, bootId: BOOT, now: NOW, next, progress })
  return claimed
}

/** A job whose write got no answer. */
async function doubtful(store: Store, effect: Effect, next: JobNext, job: Partial<PlannedJob> = {}) {
  await useToken(store)
  await addJob(store, job)
  const claimed = await claimOne(store)
  await attempt(store, claimed, { effect }, { outcome: 'unknown', next, progress: DOUBTFUL })
  return claimed
}

function replan(store: Store, jobId: string, jobs: PlannedJob[], force = false): Promise<JobActAnswer> {
  return store.replanJob({ ...ACT, jobId, force, jobs: jobs as [PlannedJob, ...PlannedJob[]] })
}

/** A dead job that stands for jobs its mapping failed to plan. */
async function unplanned(store: Store): Promise<{ eventId: string; id: string }> {
  const failed = { reason: 'missing_key', message: 'order: no' }
  const { eventId, eventSeq } = await store.recordEvent(makeEvent())
  const detail = [{ mapping: 'publish', matched: true, jobs: 0, failed: failed.reason, message: failed.message }]
  const decision = { eventSeq: eventSeq!, type: null, outcome: 'matched', detail, routedAt: NOW } as const
  await store.recordRoutes({ throughSeq: eventSeq!, decisions: [{ ...decision, jobs: [planJob({ failed })] }] })
  return { eventId, id: (await readJob(store, { eventId })).id }
}

const heldFor = (reason: string): JobNext => ({ state: 'held', reason, message: 'a person must say' })
const openJobs = async (store: Store): Promise<number> => (await store.readBacklog()).openJobs

export async function testActs(t: Test, openStore: OpenStore): Promise<void> {
  t.test('a dead job that is retried runs at once, with attempts counted anew and its writes kept', async t => {
    const under = await openStore(t)
    await addJob(under.store)
    const first = await claimOne(under.store)
    await finishWith(under.store, first, queuedAt(NOW))
    const job = await claimOne(under.store)
    t.equal(job.attempts, 1)
    const progress = { done: WRITTEN, doubt: null }
    await under.store.finishJob({ jobSeq: job.seq, bootId: BOOT, now: NOW, next: DEAD, progress })
    t.equal(await openJobs(under.store), 0)
    t.same(await retry(under.store, job.id), { ok: true, id: job.id, state: 'queued', message: 'Retried by "ops"' })
    t.equal(await openJobs(under.store), 1)
    await under.reopen()
    t.equal(await openJobs(under.store), 1)
    t.match(await under.store.readJob(job.id), { state: 'queued', reason: 'retried', finishedAt: null, attempts: 0 })
    t.match(await claimOne(under.store, { now: LATER }), { id: job.id, attempts: 0, conflicts: 0, progress })
  })

  t.test('a held job that is retried goes on in its place', async t => {
    const { store } = await openStore(t)
    const job = await finished(store, heldFor('mapping_changed'), { job: { orderKey: 'k' } })
    const next = await addJob(store, { orderKey: 'k' })
    t.match(await retry(store, job.id), { ok: true, state: 'queued' })
    t.same(await claimEvents(store, { now: LATER }), [job.event.id])
    await finishWith(store, job, SUCCEEDED)
    t.same(await claimEvents(store, { now: LATER }), [next.eventId])
  })

  t.test('from the start, what was done is forgotten', async t => {
    const { store } = await openStore(t)
    const job = await finished(store, DEAD, { progress: { done: WRITTEN, doubt: null } })
    t.match(await retry(store, job.id, { fromStart: true }), { ok: true })
    t.same((await claimOne(store, { now: LATER })).progress, { done: [], doubt: null })
  })

  t.test('a job that waits, runs, or is done is not retried', async t => {
    const { store } = await openStore(t)
    await addJob(store)
    const job = await claimOne(store)
    t.same(await retry(store, job.id), { ok: false, reason: 'wrong_state', state: 'running' })
    await finishWith(store, job, queuedAt(NOW))
    t.same(await retry(store, job.id), { ok: false, reason: 'wrong_state', state: 'queued' })
    await finishWith(store, await claimOne(store), SUCCEEDED)
    t.same(await retry(store, job.id), { ok: false, reason: 'wrong_state', state: 'succeeded' })
    for (const id of ['job_1_zz', '', 'evt_1_1', "' or 1=1--"])
      t.same(await retry(store, id), { ok: false, reason: 'not_found' })
  })

  t.test('of two who act at once one comes too late', async t => {
    const { store } = await openStore(t)
    const job = await finished(store, DEAD)
    const answers = await Promise.all([retry(store, job.id), retry(store, job.id), discard(store, job.id)])
    t.match(answers, [
      { ok: true, state: 'queued' },
      { ok: false, reason: 'wrong_state' },
      { ok: true, state: 'dead' },
    ])
    t.equal(await openJobs(store), 0)
  })

  t.test('who acts on what he saw is told that it is another by now', async t => {
    const { store } = await openStore(t)
    const job = await finished(store, HELD, { progress: DOUBTFUL })
    const { version } = (await store.readJob(job.id))!
    t.match(await settle(store, job.id, false, { version }), { ok: true })
    await finishWith(store, await claimOne(store, { now: LATER }), HELD)
    t.same(await settle(store, job.id, true, { version }), { ok: false, reason: 'changed', state: 'held' })
    t.same(await store.discardJob({ ...ACT, jobId: job.id, version }), { ok: false, reason: 'changed', state: 'held' })
    const now = (await store.readJob(job.id))!.version
    t.not(now, version)
    t.match(await store.discardJob({ ...ACT, jobId: job.id, version: now }), { ok: true })
  })

  t.test('a retried job enters the order of its key behind what runs there, before what waits', async t => {
    const { store } = await openStore(t)
    const job = await finished(store, DEAD, { job: { orderKey: 'k' } })
    const running = await addJob(store, { orderKey: 'k' })
    const current = await claimOne(store)
    const waiting = await addJob(store, { orderKey: 'k' })
    t.match(await retry(store, job.id), { ok: true })
    t.same(await claimEvents(store, { now: LATER }), [], 'one at a time')
    t.equal(current.event.id, running.eventId)
    await finishWith(store, current, DEAD)
    t.same(await claimEvents(store, { now: LATER }), [job.event.id])
    await finishWith(store, job, SUCCEEDED)
    t.same(await claimEvents(store, { now: LATER }), [waiting.eventId])
  })

  t.test('a dead job that a newer one of its key has overtaken is retried by force only', async t => {
    const { store } = await openStore(t)
    const job = await finished(store, DEAD, { job: { orderKey: 'k' } })
    await finished(store, SUCCEEDED, { job: { orderKey: 'other' } })
    await finished(store, DEAD, { job: { orderKey: 'k' } })
    t.match(await retry(store, job.id), { ok: true }, 'others of the key were not applied')
    await finishWith(store, await claimOne(store, { now: LATER }), DEAD)
    await finished(store, SUCCEEDED, { job: { orderKey: 'k' } })
    t.same(await retry(store, job.id), { ok: false, reason: 'overtaken', state: 'dead' })
    t.match(await retry(store, job.id, { force: true }), { ok: true })
    const without = await finished(store, DEAD)
    await finished(store, SUCCEEDED)
    t.match(await retry(store, without.id), { ok: true }, 'without a key there is no order')
  })

  t.test('a job that expired may run, one that has time left still expires', async t => {
    const { store } = await openStore(t)
    const late = await finished(store, DEAD, { job: { expiresAt: NOW + 1 } })
    const early = await finished(store, DEAD, { job: { expiresAt: LATER + 1 } })
    await retry(store, late.id)
    await retry(store, early.id)
    t.equal((await store.readJob(late.id))?.expiresAt, null)
    t.equal((await store.readJob(early.id))?.expiresAt, LATER + 1)
  })

  t.test('a dead job whose payload is gone is not retried', async t => {
    const { store } = await openStore(t)
    const job = await finished(store, DEAD)
    const doubtfulJob = await finished(store, HELD, { progress: DOUBTFUL })
    await discard(store, doubtfulJob.id)
    await store.prune({ now: NOW + 10, payloadMs: 1, eventMs: 1e9, idempotencyKeyMs: 1e9, rowsMax: 10 })
    t.equal((await store.readJob(job.id))?.isPayloadKept, false)
    t.same(await retry(store, job.id), { ok: false, reason: 'payload_pruned', state: 'dead' })
    t.match(await settle(store, doubtfulJob.id, true), { ok: false, reason: 'payload_pruned' })
  })

  t.test('a job that was never planned is planned anew: its first job keeps the id, the others are new', async t => {
    const under = await openStore(t)
    const { eventId, id } = await unplanned(under.store)
    t.same(await retry(under.store, id), { ok: false, reason: 'not_planned', state: 'dead' })
    const item = (itemIndex: number) =>
      planJob({ itemIndex, item: `${itemIndex}`, orderKey: `k${itemIndex}`, expiresAt: NOW })
    t.same(await replan(under.store, id, [item(0), item(1), item(2)]), {
      ok: true,
      id,
      state: 'queued',
      message: 'Planned anew by "ops": 3 jobs',
    })
    t.equal(await openJobs(under.store), 3)
    await under.reopen()
    t.equal(await openJobs(under.store), 3)
    t.match((await under.store.readEvent(eventId))?.detail, [{ mapping: 'publish', matched: true, jobs: 3 }])
    const claimed = await claim(under.store, { now: LATER })
    t.match(
      claimed,
      [0, 1, 2].map(n => ({ itemIndex: n, item: `${n}`, orderKey: `k${n}`, expiresAt: null })),
    )
    t.equal(claimed[0]?.id, id)
    await finishWith(under.store, claimed[0]!, DEAD)
    t.match(await retry(under.store, id), { ok: true, state: 'queued' }, 'from now on it is a job like any other')
    t.same(await replan(under.store, id, [item(0)]), { ok: false, reason: 'wrong_state', state: 'queued' })
    const other = await finished(under.store, DEAD)
    t.same(await replan(under.store, other.id, [item(0)]), { ok: false, reason: 'planned', state: 'dead' })
  })

  t.test('what is planned anew stands in the order of its key, and overtakes by force only', async t => {
    const { store } = await openStore(t)
    const { id } = await unplanned(store)
    await finished(store, SUCCEEDED, { job: { orderKey: 'k' } })
    await addJob(store, { orderKey: 'k' })
    const current = await claimOne(store)
    t.match(await replan(store, id, [planJob({ orderKey: 'k' })]), { ok: false, reason: 'overtaken' })
    t.match(await replan(store, id, [planJob({ orderKey: 'k' })], true), { ok: true })
    t.same(await claimEvents(store, { now: LATER }), [])
    await finishWith(store, current, SUCCEEDED)
    t.match(await claimOne(store, { now: LATER }), { id })
    const late = await unplanned(store)
    t.match(await replan(store, late.id, [planJob({ runAt: LATER + 10 })]), { ok: true })
    t.same(await claim(store, { now: LATER }), [])
    t.match(await claimOne(store, { now: LATER + 10 }), { id: late.id })
  })

  t.test('a write in doubt is never sent again by a retry: the API is asked anew, or a person', async t => {
    const { store } = await openStore(t)
    const asked = await doubtful(store, 'verify', heldFor('found_different'))
    t.match(await retry(store, asked.id), { ok: true, state: 'in_doubt' })
    const again = await claimOne(store, { now: LATER })
    t.same(again.progress, { done: WRITTEN, doubt: { ...DOUBT, asked: 0, failures: 0 } })
    const once = await doubtful(store, 'once', HELD)
    for (const change of [{}, { fromStart: true }, { force: true }])
      t.same(await retry(store, once.id, change), { ok: false, reason: 'in_doubt', state: 'held' })
    t.match(await retry(store, asked.id), { ok: false, reason: 'wrong_state' })
    const bare = await finished(store, HELD)
    t.match(await retry(store, bare.id), { ok: false, reason: 'in_doubt' }, 'without what was sent, too')
  })

  t.test('a discarded job is dead, and its key goes on', async t => {
    const { store } = await openStore(t)
    for (const next of [HELD, queuedAt(NOW + 1e6), inDoubtAt(NOW + 1e6)]) {
      const job = await finished(store, next, { job: { orderKey: next.state } })
      const waiting = await addJob(store, { orderKey: next.state })
      t.same(await claimEvents(store, { now: LATER }), [])
      t.same(await discard(store, job.id), { ok: true, id: job.id, state: 'dead', message: 'Discarded by "ops"' })
      t.match(await store.readJob(job.id), { state: 'dead', reason: 'discarded', finishedAt: LATER })
      const [released] = await claim(store, { now: LATER })
      t.equal(released?.event.id, waiting.eventId)
      await finishWith(store, released!, SUCCEEDED)
    }
    t.equal(await openJobs(store), 0)
  })

  t.test('discarding what waits behind another moves nobody', async t => {
    const { store } = await openStore(t)
    const held = await finished(store, HELD, { job: { orderKey: 'k' } })
    const behind = await addJob(store, { orderKey: 'k' })
    const delayed = await addJob(store, { orderKey: 'k', runAt: NOW + 1e6 })
    const last = await addJob(store, { orderKey: 'k' })
    await discard(store, (await readJob(store, behind)).id)
    await discard(store, (await readJob(store, delayed)).id)
    t.same(await claimEvents(store, { now: NOW + 2e6 }), [])
    await discard(store, held.id)
    t.same(await claimEvents(store, { now: NOW + 2e6 }), [last.eventId])
  })

  t.test('what runs or has ended is not discarded', async t => {
    const { store } = await openStore(t)
    await addJob(store)
    const job = await claimOne(store)
    t.same(await discard(store, job.id), { ok: false, reason: 'wrong_state', state: 'running' })
    for (const next of [SUCCEEDED, DEAD]) {
      const ended = await finished(store, next)
      t.match(await discard(store, ended.id), { ok: false, reason: 'wrong_state', state: next.state })
    }
  })

  t.test('a write said to be applied is behind the job, with its result where it is known', async t => {
    const { store } = await openStore(t)
    const job = await doubtful(store, 'once', HELD)
    t.same(await settle(store, job.id, true), {
      ok: true,
      id: job.id,
      state: 'queued',
      message: '"publish" was applied: the job goes on',
    })
    const adopted = (data: object) => ({
      done: [...DOUBT.before, { id: 'save', operation: 'publish', data }],
      doubt: null,
    })
    t.same((await claimOne(store, { now: LATER })).progress, adopted({}))
    t.match(await store.readJob(job.id), { state: 'running', reason: 'settled_applied' })
    const other = await doubtful(store, 'once', HELD)
    await settle(store, other.id, true, { result: { publish: { ok: true } } })
    t.same((await claimOne(store, { now: LATER })).progress, adopted({ publish: { ok: true } }))
  })

  t.test('a write said not to be applied is sent again, after what was written before it', async t => {
    const { store } = await openStore(t)
    const job = await doubtful(store, 'verify', inDoubtAt(NOW + 1e6), { expiresAt: NOW + 1 })
    t.match(await settle(store, job.id, false), { ok: true, state: 'queued' })
    t.same(await claimOne(store, { now: LATER }), {
      ...job,
      attempts: 0,
      expiresAt: null,
      progress: { done: WRITTEN, doubt: null },
    })
  })

  t.test('only what is in doubt is settled, and nothing that is being asked for', async t => {
    const { store } = await openStore(t)
    const job = await doubtful(store, 'verify', inDoubtAt(NOW))
    const running = await claimOne(store)
    t.match(await settle(store, running.id, true), { ok: false, reason: 'wrong_state', state: 'running' })
    await finishWith(store, running, SUCCEEDED)
    t.match(await settle(store, job.id, true), { ok: false, reason: 'wrong_state', state: 'succeeded' })
    const held = await finished(store, heldFor('mapping_held'))
    t.same(await settle(store, held.id, true), { ok: false, reason: 'not_in_doubt', state: 'held' })
  })

  t.test('a discarded job in doubt can still be settled', async t => {
    const { store } = await openStore(t)
    const job = await doubtful(store, 'once', HELD)
    await discard(store, job.id)
    t.match(await retry(store, job.id), { ok: false, reason: 'in_doubt', state: 'dead' })
    t.match(await settle(store, job.id, true), { ok: true, state: 'queued' })
    t.equal(await openJobs(store), 1)
  })

  t.test('a lost lease cannot undo what a person said', async t => {
    const { store } = await openStore(t)
    await useToken(store)
    await addJob(store)
    const job = await claimOne(store)
    await begin(store, job, { effect: 'once', progress: DOUBTFUL })
    await store.recoverJobs({ bootId: 'boot-2', now: NOW, settleMs: 1, crashesMax: 3 })
    t.match(await store.readJob(job.id), { state: 'held', reason: 'in_doubt' })
    t.match(await settle(store, job.id, false), { ok: true })
    const late = { jobSeq: job.seq, bootId: BOOT, now: LATER, next: SUCCEEDED, progress: { done: [], doubt: null } }
    t.same(await store.finishJob(late), { ok: false, reason: 'lease_lost' })
    t.match(await store.readJob(job.id), { state: 'queued', doubt: null, done: WRITTEN })
  })

  t.test('a retried job is still one job of its event', async t => {
    const { store } = await openStore(t)
    const job = await finished(store, DEAD)
    await retry(store, job.id)
    await finishWith(store, await claimOne(store, { now: LATER }), SUCCEEDED)
    t.match(await readJob(store, { eventId: job.event.id }), { id: job.id, state: 'succeeded', reason: null })
    t.equal((await store.readEvent(job.event.id))?.jobs.length, 1)
  })
}
