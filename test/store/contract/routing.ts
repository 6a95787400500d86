import { randomBytes } from 'node:crypto'
import type { Test } from 'tap'
import type { RouteDecision } from '../../../src/store/routes.ts'
import { addJobs, claim, NOW, planJob } from '../../fixtures/drive-store.ts'
import { makeEvent } from '../../fixtures/make-event.ts'
import type { OpenStore } from './store-contract.ts'

function decide(eventSeq: number, change: Partial<RouteDecision> = {}): RouteDecision {
  return { eventSeq, type: 'push', outcome: 'unmatched', detail: [], jobs: [], routedAt: NOW, ...change }
}

export async function testRouting(t: Test, openStore: OpenStore): Promise<void> {
  t.test('recorded events are taken in the order of custody, in batches', async t => {
    const { store } = await openStore(t)
    const answers = await Promise.all(Array.from({ length: 25 }, () => store.recordEvent(makeEvent())))
    const taken: string[] = []
    let afterSeq = 0
    for (let batch = await store.takeRecorded({ afterSeq, limit: 10 }); batch.length > 0; ) {
      t.ok(batch.length <= 10)
      taken.push(...batch.map(event => event.id))
      afterSeq = batch.at(-1)!.seq
      batch = await store.takeRecorded({ afterSeq, limit: 10 })
    }
    t.same(
      taken,
      answers.map(answer => answer.eventId),
    )
  })

  t.test('pings and conflicts are taken too, with their receipt', async t => {
    const { store } = await openStore(t)
    await store.recordEvent(makeEvent({ key: 'k' }))
    await store.recordEvent(makeEvent({ key: 'k' }))
    await store.recordEvent(makeEvent({ ignored: true }))
    const taken = await store.takeRecorded({ afterSeq: 0, limit: 10 })
    t.same(
      taken.map(event => event.receipt),
      ['recorded', 'id_conflict', 'ignored'],
    )
  })

  t.test('a batch of large bodies ends early and goes on with the next call', async t => {
    const { store } = await openStore(t)
    for (let n = 0; n < 4; n++) await store.recordEvent(makeEvent({ body: randomBytes(12_000_000) }))
    const first = await store.takeRecorded({ afterSeq: 0, limit: 100 })
    t.equal(first.length, 3)
    t.equal((await store.takeRecorded({ afterSeq: first.at(-1)!.seq, limit: 100 })).length, 1)
  })

  t.test('how far routing has come survives a restart and never goes back', async t => {
    const under = await openStore(t)
    const seqs: number[] = []
    for (let n = 0; n < 4; n++) seqs.push((await under.store.recordEvent(makeEvent({ receivedAt: NOW + n }))).eventSeq!)
    const last = seqs[3]!
    const backlog = async (routedSeq: number, unroutedEvents: number, oldestUnroutedAt: number | null) =>
      t.same(await under.store.readBacklog(), {
        openJobs: 0,
        unroutedEvents,
        oldestUnroutedAt,
        routedSeq,
        lastSeq: last,
      })
    await backlog(0, 4, NOW)
    await under.store.recordRoutes({ decisions: seqs.slice(0, 3).map(seq => decide(seq)), throughSeq: seqs[2]! })
    await backlog(seqs[2]!, 1, NOW + 3)
    await under.reopen()
    await backlog(seqs[2]!, 1, NOW + 3)
    await under.store.recordRoutes({ decisions: [], throughSeq: seqs[0]! })
    await backlog(seqs[2]!, 1, NOW + 3)
    await under.store.recordRoutes({ decisions: [decide(last)], throughSeq: last })
    await under.reopen()
    await backlog(last, 0, null)
  })

  t.test('an event is routed once: a second decision is refused as a whole', async t => {
    const { store } = await openStore(t)
    const { eventId, eventSeq } = await addJobs(store, [{}])
    const other = (await store.recordEvent(makeEvent())).eventSeq!
    const decisions = [
      decide(other, { outcome: 'matched', jobs: [planJob()] }),
      decide(eventSeq, { outcome: 'matched', jobs: [planJob({ mapping: 'second' })] }),
    ]
    await t.rejects(store.recordRoutes({ decisions, throughSeq: other }))
    t.equal((await store.readEvent(eventId))?.jobs.length, 1)
    t.match(await store.readBacklog(), { openJobs: 1, unroutedEvents: 1 }, 'nothing of the batch was kept')
  })

  t.test('a job is unique per event, mapping and item', async t => {
    const { store } = await openStore(t)
    await t.rejects(
      addJobs(store, [
        { mapping: 'm', itemIndex: 1 },
        { mapping: 'm', itemIndex: 1 },
      ]),
    )
    const { eventId } = await addJobs(store, [
      { mapping: 'm', itemIndex: 0, item: '"a"' },
      { mapping: 'm', itemIndex: 1, item: '"b"' },
      { mapping: 'n', itemIndex: 0 },
    ])
    t.match((await store.readEvent(eventId))?.jobs, [
      { mapping: 'm', itemIndex: 0 },
      { mapping: 'm', itemIndex: 1 },
      { mapping: 'n', itemIndex: 0 },
    ])
  })

  t.test('the answer counts the jobs made and superseded', async t => {
    const { store } = await openStore(t)
    const eventSeq = (await store.recordEvent(makeEvent())).eventSeq!
    const jobs = [planJob({ mapping: 'a' }), planJob({ mapping: 'b' })]
    t.same(
      await store.recordRoutes({ decisions: [decide(eventSeq, { outcome: 'matched', jobs })], throughSeq: eventSeq }),
      { jobs: 2, superseded: 0, echoes: 0 },
    )
    t.equal((await store.readBacklog()).openJobs, 2)
  })

  t.test('a job that cannot run is a dead letter from the start: not open, not given out, in nobody’s way', async t => {
    const { store } = await openStore(t)
    const failed = { reason: 'mapping_failed', message: 'vars.slug: no such key' }
    const { eventId } = await addJobs(store, [
      { mapping: 'a', orderKey: 'page', failed, coalesce: true },
      { mapping: 'b', orderKey: 'page' },
    ])
    t.match((await store.readEvent(eventId))?.jobs, [{ mapping: 'a', state: 'dead', ...failed }, { state: 'queued' }])
    t.equal((await store.readBacklog()).openJobs, 1)
    t.same(
      (await claim(store, { now: NOW + 1e9 })).map(job => job.mapping),
      ['b'],
    )
  })

  t.test('a claimed job carries the event type that routing found', async t => {
    const { store } = await openStore(t)
    const eventSeq = (await store.recordEvent(makeEvent({ type: null }))).eventSeq!
    const decision = decide(eventSeq, { type: 'push.created', outcome: 'matched', jobs: [planJob()] })
    await store.recordRoutes({ decisions: [decision], throughSeq: eventSeq })
    t.equal((await claim(store))[0]?.event.type, 'push.created')
  })

  t.test('why an event led to nothing is kept as it was said', async t => {
    const { store } = await openStore(t)
    const detail = { reason: 'malformed_body', at: [1, null, { deep: 'ü' }] }
    const { eventId, eventSeq } = await store.recordEvent(makeEvent({ type: null }))
    t.match(await store.readEvent(eventId), { outcome: 'unrouted', detail: null })
    await store.recordRoutes({
      decisions: [decide(eventSeq!, { outcome: 'quarantined', type: 'push.created', detail })],
      throughSeq: eventSeq!,
    })
    const read = await store.readEvent(eventId)
    t.match(read, { outcome: 'quarantined', event: { type: 'push.created' } })
    t.same(read?.detail, detail)
  })
}
