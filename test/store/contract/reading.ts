import type { Test } from 'tap'
import type { NewEvent } from '../../../src/store/receipts.ts'
import {
  addJob,
  addJobs,
  attempt,
  claim,
  claimOne,
  DEAD,
  finishWith,
  NOW,
  queuedAt,
  readJob,
  SUCCEEDED,
  useToken,
} from '../../fixtures/drive-store.ts'
import { makeEvent } from '../../fixtures/make-event.ts'
import type { OpenStore } from './store-contract.ts'

export async function testReading(t: Test, openStore: OpenStore): Promise<void> {
  t.test('an id that is not here is nobody', async t => {
    const { store } = await openStore(t)
    const { eventId } = await store.recordEvent(makeEvent())
    const odd = ['', 'evt_', 'evt_1_zz', 'evt_2_1', 'job_1_1', `${eventId} `, eventId.toUpperCase(), "' or 1=1--"]
    for (const id of [...odd, `evt_1_${'z'.repeat(40)}`, 'evt_1_-1', 'evt_1_1.0'])
      t.strictSame([await store.readEvent(id), await store.readOutcome(id)], [null, null], id)
    t.equal((await store.readEvent(eventId))?.event.id, eventId)
  })

  t.test('an event is read with its jobs and all that was tried', async t => {
    const under = await openStore(t)
    await useToken(under.store)
    const { eventId } = await addJobs(under.store, [{ mapping: 'a', orderKey: 'page' }, { mapping: 'b' }])
    const [a, b] = await claim(under.store)
    const failed = { outcome: 'not_sent', status: null, code: 'dns', tokenAnswer: null } as const
    await attempt(under.store, a!, {}, { ...failed, message: 'not found', next: queuedAt(NOW + 9) })
    await attempt(under.store, b!, { step: 'x' }, { response: '{"data":{}}' })
    await under.reopen()
    t.match(await under.store.readEvent(eventId), {
      outcome: 'matched',
      jobs: [
        {
          id: a!.id,
          mapping: 'a',
          orderKey: 'page',
          state: 'queued',
          reason: 'not_sent',
          attempts: 1,
          nextAttemptAt: NOW + 9,
          history: [{ outcome: 'not_sent', status: null, code: 'dns', message: 'not found' }],
        },
        { id: b!.id, mapping: 'b', state: 'succeeded', history: [{ step: 'x', status: 200, response: '{"data":{}}' }] },
      ],
    })
  })

  t.test('what became of an event is read without what it brought', async t => {
    const { store } = await openStore(t)
    const { eventId: unrouted } = await store.recordEvent(makeEvent({ key: 'unrouted' }))
    t.strictSame(await store.readOutcome(unrouted), { outcome: 'unrouted', jobs: [] })
    const { eventId: ping } = await store.recordEvent(makeEvent({ key: 'ping', ignored: true }))
    t.strictSame(await store.readOutcome(ping), { outcome: 'ignored', jobs: [] })
    await useToken(store)
    const { eventId } = await addJobs(store, [{ mapping: 'a' }, { mapping: 'b' }])
    const [a, b] = await claim(store)
    await finishWith(store, a!, DEAD)
    t.strictSame(await store.readOutcome(eventId), {
      outcome: 'matched',
      jobs: [
        { id: a!.id, mapping: 'a', state: 'dead', reason: 'rejected', message: 'no' },
        { id: b!.id, mapping: 'b', state: 'running', reason: null, message: null },
      ],
    })
  })

  t.test('a job that dies says why', async t => {
    const { store } = await openStore(t)
    const added = await addJob(store)
    await finishWith(store, await claimOne(store), DEAD)
    t.match(await readJob(store, added), { state: 'dead', reason: 'rejected', message: 'no' })
  })

  t.test('the backlog counts open jobs through every move', async t => {
    const under = await openStore(t)
    const open = async () => (await under.store.readBacklog()).openJobs
    await addJobs(under.store, [{ mapping: 'a' }, { mapping: 'b' }, { mapping: 'c' }])
    const [a, b, c] = await claim(under.store)
    t.equal(await open(), 3)
    await finishWith(under.store, a!, SUCCEEDED)
    await finishWith(under.store, b!, DEAD)
    t.equal(await open(), 1)
    await finishWith(under.store, c!, { state: 'held', reason: 'r', message: 'm' })
    t.equal(await open(), 1)
    await under.reopen()
    t.equal(await open(), 1)
  })

  t.test('one failing call does not fail its neighbours, and what it began is undone', async t => {
    const { store } = await openStore(t)
    const { eventSeq } = await addJobs(store, [{}])
    const again = { eventSeq, type: null, outcome: 'unmatched', detail: [], jobs: [], routedAt: NOW } as const
    const broken = { ...makeEvent(), method: null } as unknown as NewEvent
    const answers = await Promise.allSettled([
      store.recordEvent(makeEvent()),
      store.recordRoutes({ decisions: [again], throughSeq: eventSeq + 1 }),
      store.recordEvent(broken),
      store.recordEvent(makeEvent()),
      addJobs(store, [{}]),
    ])
    t.same(
      answers.map(answer => answer.status),
      ['fulfilled', 'rejected', 'rejected', 'fulfilled', 'fulfilled'],
    )
    t.equal((await store.takeRecorded({ afterSeq: 0, limit: 10 })).length, 4)
    t.match(await store.readBacklog(), { openJobs: 2, unroutedEvents: 0 }, 'counted after the roll-back too')
  })

  t.test('the health says that writing works and how much disk is left', async t => {
    const { store } = await openStore(t)
    const health = await store.probe(NOW)
    t.match(health, { writable: true, reason: null })
    t.ok(health.diskFreeBytes > health.diskFreeMinBytes)
  })
}
