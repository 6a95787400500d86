import t from 'tap'
import { API_TOKEN, reconcileVia, startReconciling } from '../fixtures/reconcile.ts'
import { startSenderStub } from '../fixtures/start-sender-stub.ts'

const secrets = ['env:STRIPE_WEBHOOK_SECRET']
const nowSec = Math.floor(Date.now() / 1_000)
const event = (n: number, type = 'product.updated'): { id: string; type: string } & Record<string, unknown> => ({
  id: `evt_${n}`,
  object: 'event',
  api_version: '2026-01-01',
  created: nowSec - n * 60,
  data: { object: { id: `prod_${n}` } },
  livemode: true,
  pending_webhooks: 1,
  request: { id: null },
  type,
})

t.test('events of Stripe are asked for from an instant on, page after page, and recorded under their ids', async t => {
  const all = Array.from({ length: 5 }, (_, n) => event(n + 1))
  const stub = await startSenderStub(t, ({ path, query }) => {
    if (!path.startsWith('/v1/events?')) return { status: 404 }
    const after = all.findIndex(({ id }) => id === query.get('starting_after')) + 1
    return {
      json: { object: 'list', url: '/v1/events', has_more: after + 2 < all.length, data: all.slice(after, after + 2) },
    }
  })
  const reconcile = { endpoint: stub.url, types: ['product.updated', 'price.*'] }
  const bridge = await startReconciling(t, { name: 'stripe', scheme: 'stripe', secrets, reconcile })
  // delivered meanwhile, pretty-printed as Stripe does, and with another count of pending webhooks
  const here = JSON.stringify({ ...all[3], pending_webhooks: 2 }, null, 2)
  t.match((await bridge.send('stripe', here)).body, { outcome: 'recorded' })

  const { events, summary } = await reconcileVia(bridge, 'stripe', { dryRun: false, since: '2d' })
  t.match(summary, { complete: true, attempts: 5, undelivered: 5, present: 1, missing: 4, outcomes: { recorded: 4 } })
  t.same(
    events.map(({ id }) => id),
    ['evt_5', 'evt_3', 'evt_2', 'evt_1'],
  )
  t.equal(events[0]!.at, new Date((nowSec - 300) * 1_000).toISOString())
  t.match(await bridge.settled(events[0]!.eventId!), { event: { type: 'product.updated', key: 'evt_5' } })
  const later = JSON.stringify({ ...all[0], pending_webhooks: 0 }, null, 2)
  t.match((await bridge.send('stripe', later)).body, { outcome: 'duplicate', eventId: events[3]!.eventId })

  t.equal(stub.requests.length, 3)
  const [first] = stub.requests
  t.equal(first!.headers.authorization, `Bearer ${API_TOKEN}`)
  t.match(Object.fromEntries(first!.query), { delivery_success: 'false', limit: '100' })
  t.same(first!.query.getAll('types[]'), ['product.updated', 'price.*'])
  const since = Number(first!.query.get('created[gte]'))
  t.ok(Math.abs(since - (nowSec - 2 * 86_400)) < 60)
  t.equal(stub.requests[2]!.query.get('starting_after'), 'evt_4')
})

t.test('a list that never ends is given up, and what was read stays as it is', async t => {
  let page = 0
  const stub = await startSenderStub(t, () => ({ json: { has_more: true, data: [event(++page)] } }))
  const bridge = await startReconciling(t, {
    name: 'stripe',
    scheme: 'stripe',
    secrets,
    reconcile: { endpoint: stub.url },
  })
  const { summary } = await reconcileVia(bridge, 'stripe', { since: '30d' })
  t.match(summary, { complete: false, stopped: { reason: 'pages_max' }, attempts: 200, missing: 200 })
  t.equal(stub.requests.length, 200)
})

t.test('more events than one run keeps: the newest are recorded, and the next run goes on', async t => {
  const all = Array.from({ length: 1_150 }, (_, n) => event(n + 1))
  const stub = await startSenderStub(t, ({ query }) => {
    const after = all.findIndex(({ id }) => id === query.get('starting_after')) + 1
    return { json: { has_more: after + 100 < all.length, data: all.slice(after, after + 100) } }
  })
  const bridge = await startReconciling(t, {
    name: 'stripe',
    scheme: 'stripe',
    secrets,
    reconcile: { endpoint: stub.url },
  })
  const first = await reconcileVia(bridge, 'stripe', { dryRun: false })
  t.match(first.summary, { complete: false, stopped: { reason: 'events_max' }, outcomes: { recorded: 1_000 } })
  const second = await reconcileVia(bridge, 'stripe', { dryRun: false })
  t.match(second.summary, { complete: true, present: 1_000, outcomes: { recorded: 150 } })
})
