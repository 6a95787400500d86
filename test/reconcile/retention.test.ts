import t from 'tap'
import { makeEvent } from '../fixtures/make-event.ts'
import { startTestBridge } from '../fixtures/start-test-bridge.ts'

const DAY_MS = 86_400_000

t.test('retention takes the mark of a fetched event along with the event', async t => {
  const bridge = await startTestBridge(t)
  const { store } = bridge.bridge
  const now = Date.now()
  const old = { source: 'github', receivedAt: now - 100 * DAY_MS, fetchedFrom: 'https://api.github.com' }
  const { eventId, eventSeq } = await store.recordEvent(makeEvent(old))
  await store.recordRoutes({ decisions: [], throughSeq: eventSeq! })
  t.equal(bridge.rows('select event_seq from fetched_event').length, 1)
  const days = { payloadMs: DAY_MS, eventMs: DAY_MS, idempotencyKeyMs: DAY_MS }
  await store.prune({ now, rowsMax: 10, ...days })
  t.equal(await store.readEvent(eventId), null)
  t.equal(bridge.rows('select event_seq from fetched_event').length, 0)
})
