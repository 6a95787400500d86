import type { Test } from 'tap'
import { unpackBody } from '../../../src/store/body-codec.ts'
import type { Store } from '../../../src/store/store.ts'
import type { Pruned, PruneRequest } from '../../../src/store/upkeep.ts'
import {
  addJob,
  addJobs,
  attempt,
  claim,
  claimOne,
  finishWith,
  HELD,
  intentFor,
  NOW,
  SUCCEEDED,
  useToken,
} from '../../fixtures/drive-store.ts'
import { makeEvent } from '../../fixtures/make-event.ts'
import type { OpenStore } from './store-contract.ts'

const DAY_MS = 86_400_000

function prune(store: Store, change: Partial<PruneRequest> = {}): Promise<Pruned> {
  const kept = { payloadMs: 10 * DAY_MS, eventMs: 20 * DAY_MS, idempotencyKeyMs: 5 * DAY_MS }
  return store.prune({ now: NOW, rowsMax: 100, ...kept, ...change })
}

/** An event without jobs that was routed. */
async function addRouted(store: Store, ageMs: number): Promise<string> {
  return (await addJobs(store, [], { event: { receivedAt: NOW - ageMs, query: 'secret=1' } })).eventId
}

export async function testRetention(t: Test, openStore: OpenStore): Promise<void> {
  t.test('a payload goes when its time is over, with headers and query; the event stays', async t => {
    const under = await openStore(t)
    const old = await addRouted(under.store, 11 * DAY_MS)
    const young = await addRouted(under.store, 9 * DAY_MS)
    t.same(await prune(under.store), { payloads: 1, events: 0, more: false })
    await under.reopen()
    const kept = (await under.store.readEvent(old))!.event
    t.match(kept, { headers: [], query: '', body: { encoding: 'pruned' } })
    t.equal(unpackBody(kept.body), null)
    t.ok(unpackBody((await under.store.readEvent(young))!.event.body))
    t.same(await prune(under.store), { payloads: 0, events: 0, more: false }, 'once')
  })

  t.test('an event goes with its jobs and attempts when its time is over', async t => {
    const { store } = await openStore(t)
    await useToken(store)
    const { eventId } = await addJobs(store, [{}], { event: { receivedAt: NOW - 21 * DAY_MS } })
    await attempt(store, await claimOne(store), { now: NOW - 20 * DAY_MS })
    t.match(await prune(store), { events: 1, more: false })
    t.equal(await store.readEvent(eventId), null)
  })

  t.test('an event stays while its idempotency key is kept, and is still known after its payload went', async t => {
    const { store } = await openStore(t)
    const event = makeEvent({ receivedAt: NOW - 25 * DAY_MS })
    const { eventId, eventSeq } = await store.recordEvent(event)
    await store.recordRoutes({ decisions: [], throughSeq: eventSeq! })
    t.same(await prune(store, { idempotencyKeyMs: 30 * DAY_MS }), { payloads: 1, events: 0, more: false })
    const again = { outcome: 'duplicate', eventId }
    t.match(await store.recordEvent({ ...event, receivedAt: NOW - 24 * DAY_MS }), again)
    t.match(
      await store.recordEvent({ ...event, body: Buffer.from('other'), receivedAt: NOW - 24 * DAY_MS }),
      { outcome: 'id_conflict' },
      'the body is told apart after it is gone',
    )
    t.match(await prune(store, { idempotencyKeyMs: 24.5 * DAY_MS }), { events: 1 })
  })

  t.test('what an open job still needs stays until the job has ended', async t => {
    const { store } = await openStore(t)
    const states = ['queued', 'running', 'held'] as const
    const old = { event: { receivedAt: NOW - 100 * DAY_MS } }
    const held = await addJobs(store, [{}], old)
    await finishWith(store, await claimOne(store), HELD)
    const running = await addJobs(store, [{}], old)
    const job = await claimOne(store)
    const queued = await addJobs(store, [{}], old)
    t.same(await prune(store), { payloads: 0, events: 0, more: false })
    for (const [index, { eventId }] of [queued, running, held].entries()) {
      const detail = await store.readEvent(eventId)
      t.equal(detail?.jobs[0]?.state, states[index])
      t.ok(unpackBody(detail!.event.body))
    }
    await finishWith(store, job, SUCCEEDED)
    t.match(await prune(store), { events: 1, more: false })
    t.equal(await store.readEvent(running.eventId), null)
  })

  // acknowledged is kept until it was judged, however long the bridge was down
  t.test('an event that was not routed yet stays, whatever its age', async t => {
    const { store } = await openStore(t)
    const { eventId, eventSeq } = await store.recordEvent(makeEvent({ receivedAt: NOW - 100 * DAY_MS }))
    t.same(await prune(store), { payloads: 0, events: 0, more: false })
    t.ok(unpackBody((await store.readEvent(eventId))!.event.body))
    await store.recordRoutes({ decisions: [], throughSeq: eventSeq! })
    t.match(await prune(store), { events: 1 })
    t.equal(await store.readEvent(eventId), null)
  })

  // else a restart would forget that they were sent
  t.test('attempts of the last day stay with their event, because the cap of a day counts them', async t => {
    const under = await openStore(t)
    const now = Date.now()
    await useToken(under.store)
    await addJobs(under.store, [{}], { event: { receivedAt: now - 100 * DAY_MS }, routedAt: now })
    await attempt(under.store, await claimOne(under.store, { now }), { now }, { now })
    await addJob(under.store)
    t.match(await prune(under.store, { now }), { events: 0 })
    await under.reopen()
    const [job] = await claim(under.store, { now: NOW + 1e10 })
    const caps = { perMinuteMax: null, perDayMax: 1 }
    t.match(await under.store.recordIntent(intentFor(job!, { now, caps })), { granted: false, reason: 'day_cap' })
    t.match(await prune(under.store, { now: now + 2 * DAY_MS }), { events: 1 })
  })

  t.test('what was recorded together is removed one by one', async t => {
    const under = await openStore(t)
    const ages = [30, 1, 30, 15, 1]
    const recorded = await Promise.all(
      ages.map(days =>
        under.store.recordEvent(makeEvent({ receivedAt: NOW - days * DAY_MS, body: Buffer.alloc(2_000, `${days}`) })),
      ),
    )
    await under.store.recordRoutes({ decisions: [], throughSeq: recorded.at(-1)!.eventSeq! })
    t.same(await prune(under.store), { payloads: 3, events: 2, more: false })
    for (let opened = 0; opened < 2; opened++) {
      const details = await Promise.all(recorded.map(({ eventId }) => under.store.readEvent(eventId)))
      t.same(
        details.map(detail => (detail === null ? 'gone' : (unpackBody(detail.event.body)?.toString() ?? 'pruned'))),
        ['gone', '1'.repeat(2_000), 'gone', 'pruned', '1'.repeat(2_000)],
      )
      await under.reopen()
    }
  })

  t.test('a call removes so many rows and says whether there are more', async t => {
    const { store } = await openStore(t)
    for (let n = 0; n < 5; n++) await addRouted(store, 11 * DAY_MS)
    t.same(await prune(store, { rowsMax: 2 }), { payloads: 2, events: 0, more: true })
    t.same(await prune(store, { rowsMax: 2 }), { payloads: 2, events: 0, more: true })
    t.same(await prune(store, { rowsMax: 2 }), { payloads: 1, events: 0, more: false })
    const later = NOW + 15 * DAY_MS
    t.same(await prune(store, { rowsMax: 3, now: later }), { payloads: 0, events: 3, more: true })
    t.same(await prune(store, { rowsMax: 3, now: later }), { payloads: 0, events: 2, more: false })
  })

  t.test('ids and order go on after everything was removed', async t => {
    const under = await openStore(t)
    const old = await addRouted(under.store, 100 * DAY_MS)
    await prune(under.store)
    await under.reopen()
    const { routedSeq, lastSeq } = await under.store.readBacklog()
    t.ok(lastSeq >= routedSeq && routedSeq > 0, 'what was seen is not forgotten')
    const next = await under.store.recordEvent(makeEvent())
    t.not(next.eventId, old)
    t.ok(next.eventSeq! > lastSeq)
    t.match(await under.store.readBacklog(), { openJobs: 0, unroutedEvents: 1, oldestUnroutedAt: NOW })
    t.equal((await under.store.takeRecorded({ afterSeq: 0, limit: 5 }))[0]?.id, next.eventId)
  })

  t.test('refused deliveries are kept and removed without disturbing anything', async t => {
    const { store } = await openStore(t)
    const at = NOW - 100 * DAY_MS
    const sample = { source: 's', reason: 'r', receivedAt: at, method: 'POST', type: null, query: '' }
    await store.recordRejected({
      counts: [{ source: 's', reason: 'r', minuteAt: at, count: 3 }],
      samples: [{ ...sample, headers: ['a', 'b'], body: Buffer.from('x'), credentials: [] }],
    })
    t.same(await prune(store), { payloads: 0, events: 0, more: false })
  })
}
