import t from 'tap'
import { makePaypalHeaders } from '../../fixtures/paypal.ts'
import { type SenderReply, startSenderStub } from '../../fixtures/start-sender-stub.ts'
import { post, startTestBridge, toBody } from '../../fixtures/start-test-bridge.ts'

const CLIENT = 'client-1:canary-client-secret-0123456789'
const EVENT = { id: 'WH-1', event_type: 'PAYMENT.SALE.COMPLETED', resource: { total: '20.00' } }
let judge: SenderReply = { json: { verification_status: 'SUCCESS' } }
let authorize: SenderReply = { json: { access_token: 'canary-access-token', token_type: 'Bearer', expires_in: 32_400 } }
const paypal = await startSenderStub(t, ({ path }) => (path.endsWith('/v1/oauth2/token') ? authorize : judge))

async function start() {
  // each its own API, because a pause is for all sources that ask the same one
  const sources = {
    paypal: {
      scheme: 'paypal',
      secrets: ['env:PAYPAL_CLIENT'],
      webhookId: 'WH1',
      postback: `${paypal.url}/api${++started}`,
    },
  }
  const bridge = await startTestBridge(t, { config: { sources }, env: { PAYPAL_CLIENT: CLIENT } })
  const send = (id: string, payload: unknown = EVENT, headers = {}) =>
    post(
      `${bridge.url}/hooks/paypal`,
      {
        'content-type': 'application/json',
        ...makePaypalHeaders(Date.now()),
        'paypal-transmission-id': id,
        ...headers,
      },
      toBody(payload),
    )
  return { bridge, send }
}
let started = 0

t.test('a delivery that PayPal calls genuine is recorded once; a redelivery is a duplicate', async t => {
  const { bridge, send } = await start()
  const first = await send('tr-1')
  t.match(first, { status: 200, body: { outcome: 'recorded' } })
  t.match(await send('tr-1'), { status: 200, body: { outcome: 'duplicate', eventId: first.body.eventId } })
  const detail = await bridge.settled(first.body.eventId!)
  t.match(detail.event, { type: 'PAYMENT.SALE.COMPLETED', key: 'tr-1' })
  for (const secret of ['canary-client-secret-0123456789', 'canary-access-token'])
    t.notOk(bridge.logText().includes(secret))
  const asked = paypal.requests.filter(({ path }) => path.endsWith('verify-webhook-signature'))
  t.ok(asked[0]!.body.endsWith(`,"webhook_event":${JSON.stringify(EVENT)}}`))
  t.equal(asked[0]!.headers.authorization, 'Bearer canary-access-token')
})

t.test('one that PayPal calls forged is 401 like any other', async t => {
  judge = { json: { verification_status: 'FAILURE' } }
  const { bridge, send } = await start()
  t.match(await send('tr-2'), { status: 401, body: { error: { code: 'unauthorized' } } })
  t.equal(bridge.rows('select seq from event').length, 0)
})

t.test(
  'where PayPal cannot be asked it is 503 with Retry-After, never taken and never 401: PayPal comes again',
  async t => {
    const troubles: SenderReply[] = [
      { status: 500 },
      { status: 429, headers: { 'retry-after': '60' } },
      { status: 400, json: { name: 'VALIDATION_ERROR' } },
      { status: 302, headers: { location: `${paypal.url}/elsewhere` } },
      { text: '{"verification_status":"SUCC' },
      { text: 'x'.repeat(100_000) },
      { json: { verification_status: 'UNKNOWN' } },
      'reset',
    ]
    for (const trouble of troubles) {
      judge = trouble
      const { bridge, send } = await start()
      const answer = await send('tr-3')
      t.match(answer, { status: 503, body: { error: { code: 'verifier_unavailable' } } }, JSON.stringify(trouble))
      t.match(answer.headers.get('retry-after'), /^\d+$/)
      t.ok(bridge.log().some(({ reason }) => reason === 'verifier_unavailable'))
      t.equal(bridge.rows('select seq from event').length, 0)
    }
    t.notOk(paypal.requests.some(({ path }) => path.startsWith('/elsewhere')))
  },
)

t.test('credentials that PayPal does not take are our trouble: 503, and the log says so', async t => {
  judge = { json: { verification_status: 'SUCCESS' } }
  authorize = { status: 401, json: { error: 'invalid_client' } }
  const { bridge, send } = await start()
  t.match(await send('tr-4'), { status: 503 })
  t.ok(bridge.log().some(({ reason }) => reason === 'verifier_refuses_us'))
})

t.test('many such answers do not lock PayPal out as a forger', async t => {
  authorize = { status: 500 }
  const { send } = await start()
  for (let n = 0; n < 70; n++) await send(`tr-${n}`)
  authorize = { json: { access_token: 'canary-access-token', expires_in: 32_400 } }
  t.match(await send('tr-99'), { status: 503 }, 'the pause is not over, and it is not 429')
})
