import type { Test } from 'tap'
import { NOW } from '../../fixtures/drive-store.ts'
import { makeEvent } from '../../fixtures/make-event.ts'
import type { OpenStore } from './store-contract.ts'

const DELIVERED = Buffer.from('{ "a": 1 }')
const FETCHED = Buffer.from('{"a":1}')
const OTHER = Buffer.from('{"a":2}')
const DAY_MS = 86_400_000
const from = { fetchedFrom: 'https://api.github.com' }

export async function testFetched(t: Test, openStore: OpenStore): Promise<void> {
  t.test('a fetched event is recorded once, with where it is from, also after a restart', async t => {
    const under = await openStore(t)
    const first = await under.store.recordEvent(makeEvent({ key: 'k', body: FETCHED, ...from }))
    t.match(first, { outcome: 'recorded', eventSeq: Number })
    t.match(await under.store.recordEvent(makeEvent({ key: 'k', body: FETCHED, ...from })), { outcome: 'duplicate' })
    await under.reopen()
    const again = await under.store.recordEvent(makeEvent({ key: 'k', body: OTHER, ...from }))
    t.same(again, { outcome: 'duplicate', eventId: first.eventId, eventSeq: null })
    t.equal((await under.store.readEvent(first.eventId))?.fetchedFrom, 'https://api.github.com')
    t.equal((await under.store.takeRecorded({ afterSeq: 0, limit: 10 })).length, 1, 'it is routed like any other')
  })

  t.test('what was delivered is no conflict with what is fetched, whichever came first', async t => {
    const { store } = await openStore(t)
    const delivered = await store.recordEvent(makeEvent({ key: 'first', body: DELIVERED }))
    const fetched = await store.recordEvent(makeEvent({ key: 'second', body: FETCHED, ...from }))
    t.same(await store.recordEvent(makeEvent({ key: 'first', body: FETCHED, ...from })), {
      outcome: 'duplicate',
      eventId: delivered.eventId,
      eventSeq: null,
    })
    t.same(await store.recordEvent(makeEvent({ key: 'second', body: DELIVERED, replayKey: 'a'.repeat(64) })), {
      outcome: 'duplicate',
      eventId: fetched.eventId,
      eventSeq: null,
    })
    t.equal((await store.readEvent(delivered.eventId))?.fetchedFrom, null)
    t.equal((await store.readEvent(delivered.eventId))?.redeliveries, 1)
    t.equal((await store.takeRecorded({ afterSeq: 0, limit: 10 })).length, 2)
  })

  t.test('two deliveries of one key and different bodies are a conflict as before', async t => {
    const { store } = await openStore(t)
    await store.recordEvent(makeEvent({ key: 'k', body: DELIVERED }))
    t.match(await store.recordEvent(makeEvent({ key: 'k', body: OTHER })), { outcome: 'id_conflict' })
    t.match(await store.recordEvent(makeEvent({ key: 'k', body: OTHER, source: 'gitlab', ...from })), {
      outcome: 'recorded',
    })
  })

  t.test('keys are found by source and age', async t => {
    const { store } = await openStore(t)
    await store.recordEvent(makeEvent({ key: 'new', receivedAt: NOW }))
    await store.recordEvent(makeEvent({ key: 'old', receivedAt: NOW - 40 * DAY_MS }))
    await store.recordEvent(makeEvent({ key: 'theirs', source: 'stripe', receivedAt: NOW }))
    const query = { source: 'github', keys: ['old', 'absent', 'theirs', 'new'], receivedAfter: NOW - 30 * DAY_MS }
    t.same(await store.findKeys(query), ['new'])
    t.same(await store.findKeys({ ...query, receivedAfter: 0 }), ['old', 'new'])
    t.same(await store.findKeys({ ...query, keys: [] }), [])
  })
}
