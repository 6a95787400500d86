import type { Test } from 'tap'
import type { EventQuery, JobQuery } from '../../../src/store/reports.ts'
import type { Store } from '../../../src/store/store.ts'
import {
  addJob,
  addJobs,
  attempt,
  claim,
  claimOne,
  DEAD,
  finishWith,
  HELD,
  NOW,
  SUCCEEDED,
  useToken,
} from '../../fixtures/drive-store.ts'
import { makeEvent } from '../../fixtures/make-event.ts'
import type { OpenStore } from './store-contract.ts'

const PAGE = {
  beforeSeq: null,
  sinceAt: null,
  untilAt: null,
  source: null,
  type: null,
  mapping: null,
  integration: null,
  limit: 100,
}

/** All pages of a list, and how many there were. */
async function listEvents(store: Store, change: Partial<EventQuery> = {}): Promise<{ ids: string[]; pages: number }> {
  const ids: string[] = []
  let beforeSeq: number | null = null
  for (let pages = 1; ; pages++) {
    const page = await store.listEvents({ ...PAGE, outcomes: null, ...change, beforeSeq })
    ids.push(...page.events.map(({ id }) => id))
    if (page.nextSeq === null) return { ids, pages }
    beforeSeq = page.nextSeq
  }
}
async function listJobs(store: Store, change: Partial<JobQuery> = {}): Promise<string[]> {
  const ids: string[] = []
  let beforeSeq: number | null = null
  for (;;) {
    const page = await store.listJobs({ ...PAGE, states: null, reason: null, ...change, beforeSeq })
    ids.push(...page.jobs.map(({ eventId }) => eventId))
    if (page.nextSeq === null) return ids
    beforeSeq = page.nextSeq
  }
}

export async function testListing(t: Test, openStore: OpenStore): Promise<void> {
  t.test('events are listed newest first, with what became of them', async t => {
    const { store } = await openStore(t)
    const { eventId } = await addJobs(store, [{ mapping: 'a' }, { mapping: 'b' }], { event: { type: 'push' } })
    const body = Buffer.from('{"again":1}')
    const ping = await store.recordEvent(makeEvent({ ignored: true, key: 'k', body }))
    await store.recordEvent(makeEvent({ key: 'k', body }))
    const conflict = await store.recordEvent(makeEvent({ key: 'k', body: Buffer.from('other') }))
    const fresh = await store.recordEvent(makeEvent())
    await finishWith(store, (await claim(store))[0]!, DEAD)
    const { events, nextSeq } = await store.listEvents({ ...PAGE, outcomes: null })
    t.equal(nextSeq, null)
    t.same(
      events.map(({ id, outcome }) => [id, outcome]),
      [
        [fresh.eventId, 'unrouted'],
        [conflict.eventId, 'id_conflict'],
        [ping.eventId, 'ignored'],
        [eventId, 'matched'],
      ],
    )
    t.match(events[2], { redeliveries: 1, bodyBytes: body.byteLength, jobs: {} })
    t.match(events[3], { source: 'github', type: 'push', receivedAt: NOW, jobs: { dead: 1, running: 1 } })
  })

  t.test('filters of events combine', async t => {
    const { store } = await openStore(t)
    const add = async (event: object, job: object) => (await addJobs(store, [job], { event })).eventId
    const a = await add({ source: 'github', type: 'push' }, { mapping: 'a', integration: 'ci' })
    const b = await add({ source: 'github', type: 'tag' }, { mapping: 'b', integration: 'ci' })
    const c = await add({ source: 'stripe', type: 'push' }, { mapping: 'b', integration: 'shop' })
    const d = (await store.recordEvent(makeEvent({ source: 'stripe' }))).eventId
    const ask = async (change: Partial<EventQuery>) => (await listEvents(store, change)).ids
    t.same(await ask({}), [d, c, b, a])
    t.same(await ask({ source: 'github' }), [b, a])
    t.same(await ask({ type: 'push' }), [c, a])
    t.same(await ask({ mapping: 'b' }), [c, b])
    t.same(await ask({ mapping: 'b', integration: 'ci' }), [b])
    t.same(await ask({ outcomes: ['unrouted'] }), [d])
    t.same(await ask({ outcomes: ['matched', 'unrouted'], source: 'stripe' }), [d, c])
    t.same(await ask({ outcomes: ['echo'] }), [])
    t.same(await ask({ source: "' or 1=1 --" }), [])
  })

  t.test('since is in, until is out, wherever rows are missing or a little out of order', async t => {
    const { store } = await openStore(t)
    const ids: string[] = []
    for (const offset of [0, 1_000, 3_000, 2_000, 4_000])
      ids.push((await addJobs(store, [{}], { event: { receivedAt: NOW + offset }, routedAt: NOW + offset })).eventId)
    const time = { sinceAt: NOW + 1_000, untilAt: NOW + 3_000 }
    t.same((await listEvents(store, time)).ids, [ids[3], ids[1]])
    t.same(await listJobs(store, time), [ids[3], ids[1]])
    t.same((await listEvents(store, { sinceAt: NOW + 4_001 })).ids, [])
    t.same((await listEvents(store, { untilAt: NOW })).ids, [])
  })

  t.test('pages neither repeat nor miss a row while others come in', async t => {
    const { store } = await openStore(t)
    const ids: string[] = []
    for (let n = 0; n < 7; n++) ids.unshift((await addJob(store)).eventId)
    const seen: string[] = []
    let beforeSeq: number | null = null
    do {
      const page = await store.listEvents({ ...PAGE, outcomes: null, limit: 3, beforeSeq })
      seen.push(...page.events.map(({ id }) => id))
      beforeSeq = page.nextSeq
      await addJob(store)
    } while (beforeSeq !== null)
    t.same(seen, ids)
  })

  t.test('a call looks at a bounded number of rows, and says where to go on', async t => {
    const { store } = await openStore(t)
    const { eventId } = await addJobs(store, [{}], { event: { source: 'rare' } })
    const many = Array.from({ length: 4_500 }, () => store.recordEvent(makeEvent({ source: 'common' })))
    await Promise.all(many)
    const first = await store.listEvents({ ...PAGE, outcomes: null, source: 'rare' })
    t.equal(first.events.length, 0)
    t.ok(first.nextSeq !== null && first.nextSeq > 2)
    t.same(await listEvents(store, { source: 'rare' }), { ids: [eventId], pages: 3 })
  })

  t.test('jobs are listed newest first, and filters combine', async t => {
    const { store } = await openStore(t)
    const add = async (job: object, event: object = {}) => (await addJobs(store, [job], { event })).eventId
    const a = await add({ mapping: 'a' }, { type: 'push' })
    const b = await add({ mapping: 'b' })
    const c = await add({ mapping: 'b' }, { source: 'stripe' })
    const d = await add({ mapping: 'a', orderKey: 'k' })
    const [one, two, three] = await claim(store)
    await finishWith(store, one!, DEAD)
    await finishWith(store, two!, HELD)
    await finishWith(store, three!, SUCCEEDED)
    t.same(await listJobs(store), [d, c, b, a])
    t.same(await listJobs(store, { states: ['dead'] }), [a])
    t.same(await listJobs(store, { states: ['held'] }), [b])
    t.same(await listJobs(store, { states: ['held', 'dead'] }), [b, a])
    t.same(await listJobs(store, { states: ['held', 'dead'], limit: 1 }), [b, a], 'page by page')
    t.same(await listJobs(store, { states: ['succeeded'] }), [c])
    t.same(await listJobs(store, { states: ['succeeded', 'running', 'superseded'] }), [d, c])
    t.same(await listJobs(store, { states: ['dead'], mapping: 'b' }), [])
    t.same(await listJobs(store, { mapping: 'b', source: 'stripe' }), [c])
    t.same(await listJobs(store, { reason: 'in_doubt' }), [b])
    t.same(await listJobs(store, { type: 'push' }), [a])
    t.same(await listJobs(store, { integration: 'shop' }), [])
    const { jobs } = await store.listJobs({ ...PAGE, states: ['dead'], reason: null })
    t.match(jobs, [
      {
        eventId: a,
        mapping: 'a',
        state: 'dead',
        reason: 'rejected',
        message: 'no',
        createdAt: NOW,
        finishedAt: NOW,
        source: 'github',
        type: 'push',
        orderKey: null,
      },
    ])
  })

  t.test('the rare states are found at once among many others', async t => {
    const { store } = await openStore(t)
    const dead = await addJob(store)
    await finishWith(store, await claimOne(store), DEAD)
    for (let n = 0; n < 25; n++)
      await addJobs(
        store,
        Array.from({ length: 100 }, (_, itemIndex) => ({ itemIndex })),
      )
    const page = await store.listJobs({ ...PAGE, states: ['dead', 'held'], reason: null })
    t.match(page, { nextSeq: null, jobs: [{ eventId: dead.eventId }] })
    t.equal(page.jobs.length, 1)
  })

  t.test('a job is read with its attempts and what it has behind it', async t => {
    const under = await openStore(t)
    await useToken(under.store)
    const { eventId } = await addJob(under.store, { orderKey: 'k', item: '"x"', expiresAt: NOW + 5_000 })
    const job = await claimOne(under.store)
    const before = [{ id: 'read', operation: 'entry', data: { entry: null } }]
    const doubt = { step: 'save', operation: 'createEntry', variables: { a: 1 }, before, asked: 0, failures: 0 }
    const big = JSON.stringify({ text: 'x'.repeat(100_000) })
    await attempt(under.store, job, { step: 'read', effect: 'read', variables: big }, { next: { state: 'running' } })
    await attempt(
      under.store,
      job,
      { effect: 'once', variables: '{"a":1}' },
      { outcome: 'unknown', status: 502, response: 'bad gateway', next: HELD, progress: { done: [], doubt } },
    )
    await under.reopen()
    const report = await under.store.readJob(job.id)
    t.match(report, {
      id: job.id,
      eventId,
      state: 'held',
      reason: 'in_doubt',
      item: '"x"',
      expiresAt: NOW + 5_000,
      doubt,
      done: [],
      isPayloadKept: true,
      historyOmitted: 0,
      history: [
        { step: 'read', variables: null, outcome: 'applied' },
        { step: 'save', variables: '{"a":1}', outcome: 'unknown', status: 502, response: 'bad gateway' },
      ],
    })
    t.match(report?.version, /^[0-9a-f]{16}$/)
    for (const id of ['', 'job_1_zz', eventId, 'job_2_1', "' or 1=1--"]) t.equal(await under.store.readJob(id), null)
  })

  t.test('open and dead jobs are counted', async t => {
    const { store } = await openStore(t)
    t.same(await store.countJobs(), {})
    for (let n = 0; n < 4; n++) await addJob(store, n === 3 ? { runAt: NOW + 1 } : {})
    const [one, two] = await claim(store, { max: 2 })
    await finishWith(store, one!, DEAD)
    await finishWith(store, two!, SUCCEEDED)
    t.same(await store.countJobs(), { queued: 2, dead: 1 })
  })
}
