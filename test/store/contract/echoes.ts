import type { Test } from 'tap'
import { ECHO_WAIT_MAX_MS, ECHO_WINDOW_MS } from '../../../src/store/own-objects.ts'
import type { EventDetail } from '../../../src/store/reports.ts'
import type { EchoQuestion, PlannedJob } from '../../../src/store/routes.ts'
import type { Store } from '../../../src/store/store.ts'
import {
  addJob,
  attempt,
  BOOT,
  begin,
  claim,
  claimOne,
  DEAD,
  finishFor,
  finishWith,
  NOTHING_DONE,
  NOW,
  planJob,
  queuedAt,
  readJob,
  SUCCEEDED,
  useToken,
} from '../../fixtures/drive-store.ts'
import { makeEvent } from '../../fixtures/make-event.ts'
import type { OpenStore } from './store-contract.ts'

interface Asked extends Partial<EchoQuestion> {
  jobs?: readonly Partial<PlannedJob>[]
  outcome?: 'matched' | 'unmatched'
}

/** An event of Pixelesq that names `ent_1`, routed to a job of the mapping "publish". */
async function hear(
  store: Store,
  { objects = ['entry.saved', 'ent_1'], receivedAt = NOW, notBy = [], jobs = [{}], outcome = 'matched' }: Asked = {},
): Promise<{ eventId: string; eventSeq: number; detail: EventDetail }> {
  const { eventId, eventSeq } = await store.recordEvent(makeEvent({ source: 'pixelesq', receivedAt }))
  const planned = jobs.map(planJob)
  const detail =
    outcome === 'matched'
      ? planned.map(({ mapping }) => ({ mapping, matched: true, jobs: 1 }))
      : [{ mapping: 'publish', matched: false, reason: 'type', detail: 'no' }]
  await store.recordRoutes({
    throughSeq: eventSeq!,
    decisions: [
      {
        eventSeq: eventSeq!,
        type: 'entry.saved',
        outcome,
        detail,
        jobs: outcome === 'matched' ? planned : [],
        routedAt: receivedAt,
        echo: { objects, receivedAt, notBy },
      },
    ],
  })
  return { eventId, eventSeq: eventSeq!, detail: (await store.readEvent(eventId))! }
}

const SAVE = { operation: 'updateEntry', variables: '{"entryId":"ent_1","lastVersion":3}' }
const CREATE = { operation: 'createEntry', variables: '{"collectionId":"col_1","payload":{"name":"a"}}' }

function created(id: string): { progress: { done: { id: string; operation: string; data: unknown }[]; doubt: null } } {
  const data = { createEntry: { success: true, entry: { id, slug: 'a' } } }
  return { progress: { done: [{ id: 'save', operation: 'createEntry', data }], doubt: null } }
}

async function claimNew(store: Store): Promise<{ seq: number; id: string }> {
  await addJob(store, { mapping: 'writer' })
  return (await claim(store)).find(job => job.mapping === 'writer')!
}

export async function testEchoes(t: Test, openStore: OpenStore): Promise<void> {
  const open = async (t: Test): Promise<Store> => {
    const { store } = await openStore(t)
    await useToken(store)
    return store
  }

  t.test('an event on what we have just written is an echo: kept with its cause, not mapped', async t => {
    const store = await open(t)
    const job = await claimNew(store)
    await attempt(store, job, SAVE)
    const { detail } = await hear(store, { receivedAt: NOW + 1_000 })
    t.match(detail, {
      outcome: 'echo',
      jobs: [],
      detail: {
        reason: 'echo',
        job: job.id,
        operation: 'updateEntry',
        object: 'ent_1',
        mappings: [{ mapping: 'publish', matched: true, jobs: 0, skipped: 'echo' }],
      },
    })
    t.match((detail.detail as { message: string }).message, /^caused by "updateEntry" of job_1_\w+, sent 2027-01-15T/)
    t.equal((await store.readBacklog()).openJobs, 0)
  })

  t.test('the echo may come before the answer: the intent is enough', async t => {
    const store = await open(t)
    const attemptSeq = await begin(store, await claimNew(store), SAVE)
    t.equal((await hear(store)).detail.outcome, 'echo')
    t.ok(attemptSeq > 0)
  })

  t.test('an event that came before the write was sent is no echo of it', async t => {
    const store = await open(t)
    await begin(store, await claimNew(store), { ...SAVE, now: NOW + 10 })
    t.match(await hear(store, { receivedAt: NOW + 9 }), { detail: { outcome: 'matched', jobs: [{ state: 'queued' }] } })
  })

  t.test('the window is counted from the answer, and ends', async t => {
    const store = await open(t)
    await attempt(store, await claimNew(store), SAVE, { now: NOW + 20_000 })
    const last = NOW + 20_000 + ECHO_WINDOW_MS
    t.equal((await hear(store, { receivedAt: last })).detail.outcome, 'echo')
    t.equal((await hear(store, { receivedAt: last + 1 })).detail.outcome, 'matched')
  })

  t.test('what was refused or never sent caused nothing; what got no answer may have', async t => {
    for (const [outcome, expected] of [
      ['rejected', 'matched'],
      ['not_sent', 'matched'],
      ['unknown', 'echo'],
    ] as const) {
      const store = await open(t)
      await attempt(store, await claimNew(store), SAVE, { outcome, next: queuedAt(NOW + 1e6) })
      t.equal((await hear(store)).detail.outcome, expected, outcome)
    }
  })

  t.test('reads cause nothing', async t => {
    const store = await open(t)
    await attempt(store, await claimNew(store), { ...SAVE, operation: 'entry', effect: 'read' })
    t.equal((await hear(store)).detail.outcome, 'matched')
  })

  t.test('another entry, or an event the write cannot have caused, is mapped', async t => {
    const store = await open(t)
    await attempt(store, await claimNew(store), SAVE)
    t.equal((await hear(store, { objects: ['ent_2'] })).detail.outcome, 'matched')
    t.equal((await hear(store, { notBy: ['updateEntry', 'createEntry'] })).detail.outcome, 'matched')
    t.equal((await hear(store, { notBy: ['createEntry'] })).detail.outcome, 'echo')
  })

  t.test('an echo that no mapping would take is shown as one all the same', async t => {
    const store = await open(t)
    await attempt(store, await claimNew(store), SAVE)
    t.match((await hear(store, { outcome: 'unmatched' })).detail, {
      outcome: 'echo',
      detail: { mappings: [{ matched: false, reason: 'type' }] },
    })
  })

  t.test('a mapping that says onEcho "run" gets its jobs, others do not', async t => {
    const store = await open(t)
    await attempt(store, await claimNew(store), SAVE)
    const { detail } = await hear(store, { jobs: [{ mapping: 'a' }, { mapping: 'b', onEcho: 'run' }] })
    t.match(detail, {
      outcome: 'matched',
      detail: {
        reason: 'echo',
        mappings: [
          { mapping: 'a', jobs: 0, skipped: 'echo' },
          { mapping: 'b', jobs: 1 },
        ],
      },
      jobs: [{ mapping: 'b', state: 'queued' }],
    })
  })

  t.test('what was made is known by the id in the answer', async t => {
    const store = await open(t)
    await attempt(store, await claimNew(store), CREATE, created('ent_new'))
    t.equal((await hear(store, { objects: ['ent_new'] })).detail.outcome, 'echo')
    t.equal((await hear(store, { objects: ['col_1', 'ent_old'] })).detail.outcome, 'matched')
  })

  t.test('an event that comes while something is being made waits for its id, and is called off by it', async t => {
    const store = await open(t)
    const job = await claimNew(store)
    const attemptSeq = await begin(store, job, CREATE)
    const early = await hear(store, {
      objects: ['ent_new'],
      receivedAt: NOW + 5,
      jobs: [
        { mapping: 'a', orderKey: 'k' },
        { mapping: 'b', onEcho: 'run' },
      ],
    })
    const other = await hear(store, {
      objects: ['ent_2'],
      receivedAt: NOW + 6,
      jobs: [{ mapping: 'c', orderKey: 'k' }],
    })
    t.match(early.detail, { outcome: 'matched', jobs: [{ nextAttemptAt: NOW + 5 + ECHO_WAIT_MAX_MS }, {}] })
    const now = NOW + 300
    t.same(
      (await claim(store, { now })).map(job => job.mapping),
      ['b'],
      'only what does not mind echoes runs meanwhile',
    )
    await store.finishAttempt(finishFor(job, attemptSeq, { ...created('ent_new'), now }))
    t.match((await store.readEvent(early.eventId))!, {
      outcome: 'matched',
      detail: { reason: 'echo', job: job.id, mappings: [{ mapping: 'a', jobs: 0, skipped: 'echo' }, { jobs: 1 }] },
      jobs: [{ mapping: 'a', state: 'superseded', reason: 'echo' }, { mapping: 'b' }],
    })
    t.same(
      (await claim(store, { now })).map(job => job.event.id),
      [other.eventId],
      'the next of its key goes on, at once',
    )
  })

  t.test('calling off what waits in an order lets nobody go beside the one that runs there', async t => {
    const store = await open(t)
    await addJob(store, { orderKey: 'k' })
    const old = await claimOne(store)
    await finishWith(store, old, DEAD)
    await addJob(store, { orderKey: 'k', mapping: 'writer' })
    const writer = await claimOne(store)
    const attemptSeq = await begin(store, writer, CREATE)
    await hear(store, { objects: ['ent_9'], jobs: [{ orderKey: 'k' }] })
    const retry = { jobId: old.id, version: null, actor: 'ops', now: NOW, fromStart: false, force: false }
    t.match(await store.retryJob(retry), { ok: true, state: 'queued' })
    await store.finishAttempt(finishFor(writer, attemptSeq, { ...created('ent_9'), next: { state: 'running' } }))
    t.same(await claim(store, { now: NOW + 1_000 }), [], 'the writer still runs')
    await finishWith(store, writer, SUCCEEDED)
    t.match(await claim(store, { now: NOW + 1_000 }), [{ id: old.id }])
  })

  t.test('an event whose only job is called off is an echo', async t => {
    const store = await open(t)
    const job = await claimNew(store)
    const attemptSeq = await begin(store, job, CREATE)
    const { eventId } = await hear(store, { objects: ['ent_new'] })
    const openJobs = async (): Promise<number> => (await store.readBacklog()).openJobs
    t.equal(await openJobs(), 2)
    await store.finishAttempt(finishFor(job, attemptSeq, created('ent_new')))
    t.equal(await openJobs(), 0)
    t.match(await store.readEvent(eventId), { outcome: 'echo', detail: { reason: 'echo' } })
  })

  t.test('where nothing comes of what is being made, the waiting job goes on', async t => {
    for (const change of [{ outcome: 'rejected' }, { outcome: 'unknown' }, created('ent_3')] as const) {
      const store = await open(t)
      const job = await claimNew(store)
      const attemptSeq = await begin(store, job, CREATE)
      const { eventId } = await hear(store, { objects: ['ent_new'] })
      t.same(await claim(store, { now: NOW + 100 }), [])
      const next = 'outcome' in change ? queuedAt(NOW + 1e9) : SUCCEEDED
      await store.finishAttempt(finishFor(job, attemptSeq, { now: NOW + 100, next, ...change }))
      t.equal((await claimOne(store, { now: NOW + 100 })).event.id, eventId)
    }
  })

  t.test('a job waits 5 s for an id, not longer', async t => {
    const store = await open(t)
    await begin(store, await claimNew(store), CREATE)
    const { eventId } = await hear(store, { objects: ['ent_new'] })
    t.same(await claim(store, { now: NOW + ECHO_WAIT_MAX_MS - 1 }), [])
    t.equal((await claimOne(store, { now: NOW + ECHO_WAIT_MAX_MS })).event.id, eventId)
  })

  t.test('a job that is under way when the id becomes known goes on', async t => {
    const store = await open(t)
    const job = await claimNew(store)
    const attemptSeq = await begin(store, job, CREATE)
    const heard = await hear(store, { objects: ['ent_new'] })
    await claimOne(store, { now: NOW + ECHO_WAIT_MAX_MS })
    await store.finishAttempt(finishFor(job, attemptSeq, { ...created('ent_new'), now: NOW + 9_000 }))
    t.equal((await readJob(store, heard)).state, 'running')
    t.equal((await store.readEvent(heard.eventId))!.outcome, 'matched')
  })

  t.test('a write whose answer was lost is known once it was asked for and found', async t => {
    const store = await open(t)
    const job = await claimNew(store)
    const lost = { outcome: 'unknown', next: { state: 'running' } } as const
    await attempt(store, job, { ...CREATE, effect: 'verify' }, lost)
    t.equal((await hear(store, { objects: ['ent_new'] })).detail.outcome, 'matched', 'not before')
    const asking = { operation: 'entries', step: 'save?', effect: 'read', variables: '{"search":"a"}' } as const
    await attempt(store, job, asking, { ...created('ent_new'), next: { state: 'running' }, now: NOW + 40_000 })
    const { detail } = await hear(store, { objects: ['ent_new'], receivedAt: NOW + 41_000 })
    t.match(detail, { outcome: 'echo', detail: { operation: 'createEntry' } })
  })

  t.test('own writes are known after a restart, and a write cut short by it is held to have been made', async t => {
    const under = await openStore(t)
    await useToken(under.store)
    await begin(under.store, await claimNew(under.store), SAVE)
    await begin(under.store, await claimNew(under.store), CREATE)
    await under.reopen()
    await under.store.recoverJobs({ bootId: 'boot-2', now: NOW, settleMs: 1, crashesMax: 3 })
    t.equal((await hear(under.store)).detail.outcome, 'echo')
    const { detail } = await hear(under.store, { objects: ['ent_new'] })
    t.match(detail.jobs, [{ nextAttemptAt: NOW }], 'nothing waits for an answer that will not come')
  })

  t.test('retention forgets own writes after their window, but not before older events are routed', async t => {
    const store = await open(t)
    await attempt(store, await claimNew(store), SAVE)
    const prune = (now: number) =>
      store.prune({ now, payloadMs: 1e9, eventMs: 1e9, idempotencyKeyMs: 1e9, rowsMax: 100 })
    const waiting = await store.recordEvent(makeEvent({ receivedAt: NOW }))
    await prune(NOW + 3 * ECHO_WINDOW_MS)
    const echo = { objects: ['ent_1'], receivedAt: NOW, notBy: [] }
    const decision = { type: null, outcome: 'unmatched', detail: [], jobs: [], routedAt: NOW, echo } as const
    const route = async (eventSeq: number): Promise<number> =>
      (await store.recordRoutes({ decisions: [{ ...decision, eventSeq }], throughSeq: eventSeq })).echoes
    t.equal(await route(waiting.eventSeq!), 1)
    await prune(NOW + ECHO_WINDOW_MS + 1)
    t.equal(await route((await store.recordEvent(makeEvent({ receivedAt: NOW }))).eventSeq!), 0)
  })

  t.test('a job that was given up by a lost lease still tells what it wrote', async t => {
    const store = await open(t)
    const job = await claimNew(store)
    const attemptSeq = await begin(store, job, CREATE)
    await store.recoverJobs({ bootId: 'boot-2', now: NOW, settleMs: 1, crashesMax: 3 })
    const late = await store.finishAttempt(finishFor(job, attemptSeq, { ...created('ent_new'), bootId: BOOT }))
    t.equal(late.ok, false)
    t.equal((await hear(store, { objects: ['ent_new'] })).detail.outcome, 'echo')
  })

  t.test('events that are not asked about are routed as ever', async t => {
    const store = await open(t)
    await attempt(store, await claimNew(store), SAVE, { progress: NOTHING_DONE })
    const { eventId } = await addJob(store)
    t.match(await store.readEvent(eventId), { outcome: 'matched', jobs: [{ state: 'queued' }] })
  })
}
