import t from 'tap'
import { ADMIN_KEY, getApi } from '../../fixtures/call-api.ts'
import { compileSource } from '../../fixtures/compile-source.ts'
import { makeEvent } from '../../fixtures/make-event.ts'
import { SECRETS, SOURCES, startTestBridge } from '../../fixtures/start-test-bridge.ts'

const DAY_MS = 86_400_000
const MAPPING = {
  source: 'github',
  on: ['workflow_run.completed'],
  integration: 'ci',
  action: 'publishPage',
  with: { pageId: '${payload.page}' },
}
const bridge = await startTestBridge(t, {
  config: {
    sources: SOURCES,
    retention: { idempotencyKey: '30d', event: '90d' },
    admin: { keys: [{ name: 'ops', role: 'admin', key: 'env:OPS_KEY' }] },
  },
  env: { OPS_KEY: ADMIN_KEY },
  mappings: { github: MAPPING },
})
const { store } = bridge.bridge

t.test(
  'T043 a delivery replayed when its key is no longer kept: refused by its time, where the sender signs one',
  async t => {
    const body = Buffer.from('{"id":"evt_old","type":"product.updated"}')
    const stripe = compileSource({ scheme: 'stripe' })
    const sendStripe = (signedAt: number) =>
      bridge.send('stripe', body, { headers: stripe.sign({ body }, SECRETS.STRIPE_WEBHOOK_SECRET, signedAt) })
    await store.recordEvent(makeEvent({ source: 'stripe', key: 'evt_old', body, receivedAt: Date.now() - 31 * DAY_MS }))
    t.equal((await sendStripe(Date.now() - 31 * DAY_MS)).status, 401, 'what was captured then')
    t.match(await sendStripe(Date.now()), { status: 200, body: { outcome: 'recorded' } }, 'what is signed anew')
    t.match(await sendStripe(Date.now()), { status: 200, body: { outcome: 'duplicate' } })
  },
)

t.test('T043 a sender that signs no time is protected for retention.idempotencyKey, and no longer', async t => {
  const body = Buffer.from('{"zen":1}')
  for (const [days, outcome] of [
    [29, 'duplicate'],
    [31, 'recorded'],
  ] as const) {
    const id = `days-${days}`
    await store.recordEvent(makeEvent({ source: 'github', key: id, body, receivedAt: Date.now() - days * DAY_MS }))
    const answer = await bridge.send('github', body, { type: 'push', id })
    t.match(answer, { status: 200, body: { outcome } }, `after ${days} days`)
  }
})

t.test('T047 a redelivery of an event that is a dead letter is a duplicate, counted, and revives nothing', async t => {
  const send = (id: string) =>
    bridge.send('github', { action: 'completed', page: 'pg_status' }, { type: 'workflow_run', id })
  bridge.sandbox.addFault({ kind: 'graphql-error', code: 'BAD_USER_INPUT', times: 1 })
  const { eventId = '' } = (await send('dead-1')).body
  const dead = await bridge.job(eventId, 'dead')
  for (let n = 0; n < 2; n++) t.match(await send('dead-1'), { status: 200, body: { outcome: 'duplicate', eventId } })
  const next = (await send('alive-1')).body.eventId!
  t.match(await bridge.job(next), { state: 'succeeded' }, 'what came later is done')
  t.same(await bridge.job(eventId), dead, 'and the dead letter is what it was')
  const shown = await getApi(bridge, `events/${eventId}`)
  t.match(shown, { status: 200, body: { redeliveries: 2, jobs: [{ state: 'dead' }] } }, 'a person sees both')
})
