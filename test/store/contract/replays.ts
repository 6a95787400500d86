import type { Test } from 'tap'
import type { ReplayScope, ReplayStart, ReplayStep } from '../../../src/store/replays.ts'
import type { PlannedJob } from '../../../src/store/routes.ts'
import type { Store } from '../../../src/store/store.ts'
import {
  type Added,
  addJob,
  addJobs,
  attempt,
  claim,
  claimOne,
  finishWith,
  NOW,
  planJob,
  readJob,
  SUCCEEDED,
  useToken,
} from '../../fixtures/drive-store.ts'
import type { OpenStore } from './store-contract.ts'

const LATER = NOW + 1_000
const ALL: ReplayScope = {
  of: 'events',
  ids: null,
  source: null,
  type: null,
  mapping: null,
  integration: null,
  sinceAt: null,
  untilAt: null,
  outcomes: null,
  states: null,
  reason: null,
}

async function start(store: Store, change: Partial<ReplayStart> = {}): Promise<number> {
  const asked = { scope: ALL, force: false, perSecond: 10, total: null, throughSeq: 1_000, actor: 'ops', now: LATER }
  const started = await store.startReplay({ ...asked, ...change })
  if (!started.ok) throw new Error(started.reason)
  return (await store.readReplay(started.id))!.seq
}
function step(store: Store, replaySeq: number, change: Partial<ReplayStep>) {
  const empty = { afterSeq: 0, throughSeq: 1, taken: 1, plans: [], skipped: {}, isLast: false, now: LATER }
  return store.recordReplay({ ...empty, replaySeq, ...change })
}
const plan = ({ eventSeq }: Added, job: Partial<PlannedJob> = {}) => ({
  eventSeq,
  type: null,
  jobSeq: null,
  planned: planJob(job),
})
async function succeeded(store: Store, job: Partial<PlannedJob> = {}): Promise<Added> {
  const added = await addJob(store, job)
  await finishWith(store, await claimOne(store), SUCCEEDED)
  return added
}

/** Events of the past once more: one step is one transaction, and void where the replay is no longer where it was. */
export async function testReplays(t: Test, openStore: OpenStore): Promise<void> {
  t.test('jobs of a replay are claimed after all others that are due, whatever their age', async t => {
    const { store } = await openStore(t)
    const old = await succeeded(store)
    t.same(await step(store, await start(store), { plans: [plan(old)] }), { isCurrent: true, jobs: 1 })
    const live = await addJobs(store, [{}], { routedAt: LATER + 10 })
    const events = (await claim(store, { now: LATER + 20 })).map(({ event }) => event.id)
    t.same(events, [live.eventId, old.eventId])
    const one = await addJobs(store, [{ mapping: 'x' }, { mapping: 'y' }], { routedAt: LATER + 10 })
    const again = await step(store, 1, { afterSeq: 1, throughSeq: 2, plans: [plan(live, { mapping: 'z' })] })
    t.equal(again.jobs, 1)
    const claimed = await claim(store, { now: LATER + 20, max: 2 })
    t.same(
      claimed.map(({ mapping }) => mapping),
      ['x', 'y'],
      one.eventId,
    )
  })

  t.test('a step made before another, or after the end, is void', async t => {
    const { store } = await openStore(t)
    const old = await succeeded(store)
    const seq = await start(store)
    t.match(await step(store, seq, { throughSeq: 1, plans: [plan(old)] }), { isCurrent: true })
    t.same(await step(store, seq, { throughSeq: 1, plans: [plan(old)] }), { isCurrent: false, jobs: 0 })
    t.equal((await store.endReplay({ id: 'rpl_1_1', actor: 'ops', reason: null, now: LATER })).ok, true)
    t.same(await step(store, seq, { afterSeq: 1, throughSeq: 2, plans: [plan(old)] }), { isCurrent: false, jobs: 0 })
    t.match(await store.readReplay('rpl_1_1'), { state: 'cancelled', taken: 1, jobs: 1, afterSeq: 1 })
    t.same(await store.endReplay({ id: 'rpl_1_1', actor: 'ops', reason: null, now: LATER }), {
      ok: false,
      reason: 'wrong_state',
    })
    t.equal(await store.readRunningReplay(), null)
  })

  t.test('an ended replay is forgotten once its time is over and none of its jobs is left', async t => {
    const { store } = await openStore(t)
    const old = await succeeded(store)
    await step(store, await start(store), { plans: [plan(old)], isLast: true })
    const prune = (now: number, eventMs: number) =>
      store.prune({ now, payloadMs: 1, eventMs, idempotencyKeyMs: 1, rowsMax: 100 })
    await prune(LATER + 1_000, 1)
    t.not(await store.readReplay('rpl_1_1'), null, 'its job is still to be done')
    await finishWith(store, await claimOne(store, { now: LATER + 2_000 }), SUCCEEDED)
    await prune(LATER + 3_000, 1e9)
    t.not(await store.readReplay('rpl_1_1'), null, 'its time is not over')
    await prune(LATER + 3 * 86_400_000, 1)
    t.equal(await store.readReplay('rpl_1_1'), null)
    t.equal(await start(store, { now: LATER + 3 * 86_400_000 }), 2, 'its id is given to no other')
    await prune(LATER + 9 * 86_400_000, 1)
    t.not(await store.readReplay('rpl_1_2'), null, 'one that runs stays, however old')
  })

  t.test('one at a time', async t => {
    const { store } = await openStore(t)
    await start(store)
    const other = { scope: ALL, force: false, perSecond: 1, total: 0, throughSeq: 1, actor: 'ops', now: LATER }
    t.same(await store.startReplay(other), { ok: false, reason: 'busy', id: 'rpl_1_1' })
    await step(store, 1, { isLast: true })
    t.match(await store.startReplay(other), { ok: true, id: 'rpl_1_2' })
    t.match(await store.listReplays(), [{ id: 'rpl_1_2' }, { id: 'rpl_1_1', state: 'ended', endedAt: LATER }])
  })

  t.test('coalesce goes by the age of the events, not of the jobs', async t => {
    const { store } = await openStore(t)
    const latest = { coalesce: true, orderKey: 'k' }
    const old = await succeeded(store, latest)
    const middle = await succeeded(store, latest)
    const newest = await addJob(store, latest)
    const seq = await start(store, { force: true })
    await step(store, seq, { plans: [plan(old, latest)] })
    t.match(await store.readReplay('rpl_1_1'), { jobs: 0, skipped: { coalesced: 1 } })
    await finishWith(store, await claimOne(store), SUCCEEDED)
    await step(store, seq, { afterSeq: 1, throughSeq: 2, plans: [plan(old, latest), plan(middle, latest)] })
    t.match(await readJob(store, old, 1), { state: 'superseded' })
    t.match(await readJob(store, middle, 1), { state: 'queued' })
    t.match(await readJob(store, newest), { state: 'succeeded' })
    t.equal((await store.readBacklog()).openJobs, 1)
  })

  t.test('the elements of an event do not stop one another', async t => {
    const { store } = await openStore(t)
    const old = await addJobs(store, [{ itemIndex: 0 }, { itemIndex: 1 }])
    for (const job of await claim(store)) await finishWith(store, job, SUCCEEDED)
    const plans = [plan(old, { itemIndex: 0 }), plan(old, { itemIndex: 1 })]
    t.match(await step(store, await start(store), { plans }), { jobs: 2 })
    t.match(
      (await store.readEvent(old.eventId))?.jobs.map(({ itemIndex }) => itemIndex),
      [0, 1, 0, 1],
    )
  })

  t.test('an attempt whose answer was lost counts as written; one that was refused does not', async t => {
    const { store } = await openStore(t)
    await useToken(store)
    const tried = async (outcome: 'unknown' | 'rejected', effect: 'verify' | 'set'): Promise<Added> => {
      const added = await addJob(store)
      await attempt(store, await claimOne(store), { effect }, { outcome, next: SUCCEEDED })
      return added
    }
    const plans = [
      plan(await tried('unknown', 'verify')),
      plan(await tried('rejected', 'verify')),
      plan(await tried('unknown', 'set')),
    ]
    const forecast = { scope: ALL, throughSeq: 1_000, plans }
    t.same(await store.forecastReplay({ ...forecast, force: false }), { skips: ['already_written', null, null] })
    t.same(await store.forecastReplay({ ...forecast, force: true }), { skips: [null, null, null] })
  })

  t.test('a job is overtaken by what the replay does not bring again', async t => {
    const { store } = await openStore(t)
    const old = await succeeded(store, { orderKey: 'k' })
    const newer = await succeeded(store, { orderKey: 'k', mapping: 'other' })
    const skipOf = async (scope: Partial<ReplayScope>, throughSeq = newer.eventSeq) => {
      const plans = [plan(old, { orderKey: 'k' })]
      const asked = { scope: { ...ALL, ...scope }, force: false, throughSeq, plans }
      return (await store.forecastReplay(asked)).skips[0]
    }
    t.equal(await skipOf({}), null, 'the newer one is replayed too')
    t.equal(await skipOf({}, old.eventSeq), 'overtaken')
    t.equal(await skipOf({ mapping: 'publish' }), 'overtaken')
    t.equal(await skipOf({ untilAt: NOW }), 'overtaken')
    t.equal(await skipOf({ ids: [old.eventId] }), 'overtaken')
    t.equal(await skipOf({ of: 'jobs' }), 'overtaken')
  })

  t.test('rows are listed oldest first, by every filter, up to what there was', async t => {
    const { store } = await openStore(t)
    const added: Added[] = []
    for (const source of ['github', 'stripe', 'github'])
      added.push(await addJobs(store, [{}], { event: { source, receivedAt: NOW + added.length } }))
    await finishWith(store, await claimOne(store), { state: 'dead', reason: 'rejected', message: 'no' })
    const list = async (scope: Partial<ReplayScope>, limit = 10) => {
      const page = await store.listReplayable({ scope: { ...ALL, ...scope }, afterSeq: 0, throughSeq: null, limit })
      return page.rows.map(({ id }) => id)
    }
    const ids = added.map(({ eventId }) => eventId)
    t.same(await list({}), ids)
    t.same(await list({ source: 'stripe' }), [ids[1]])
    t.same(await list({ sinceAt: NOW + 1, untilAt: NOW + 2 }), [ids[1]])
    t.same(await list({ outcomes: ['unmatched'] }), [])
    t.same(await list({ ids: [ids[2]!, ids[0]!, 'evt_1_zz', 'evt_9_1'] }), [ids[0], ids[2]])
    t.same(await list({ of: 'jobs', states: ['dead'] }), ['job_1_1'])
    t.same(await list({ of: 'jobs', states: ['queued', 'held'] }), ['job_1_2', 'job_1_3'])
    t.same(await list({ of: 'jobs', reason: 'rejected', mapping: 'publish', integration: 'ci' }), ['job_1_1'])
    t.same(await list({ of: 'jobs', ids: ['job_1_3'] }), ['job_1_3'])
    const first = await store.listReplayable({ scope: ALL, afterSeq: 0, throughSeq: null, limit: 2 })
    t.match(first, { more: true, afterSeq: added[1]!.eventSeq, throughSeq: added[2]!.eventSeq })
    await addJob(store)
    const { afterSeq, throughSeq } = first
    const rest = await store.listReplayable({ scope: ALL, afterSeq, throughSeq, limit: 2 })
    t.match(rest, { more: false, rows: [{ id: ids[2] }] })
    t.equal(rest.rows.length, 1)
  })
}
