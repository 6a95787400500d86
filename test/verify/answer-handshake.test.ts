import { createHmac, generateKeyPairSync } from 'node:crypto'
import t from 'tap'
import { answerHandshake, findHandedSecret } from '../../src/verify/answer-handshake.ts'
import { compileScheme } from '../../src/verify/compile-scheme.ts'
import type { Delivery } from '../../src/verify/delivery.ts'
import { loadPreset } from '../../src/verify/preset.ts'
import { signDelivery } from '../../src/verify/sign-delivery.ts'
import { makeDelivery } from '../fixtures/make-delivery.ts'
import { SIGNATURE_VECTORS } from '../fixtures/signature-vectors.ts'

const NOW = 1_767_225_600_000
const SECRET = 'a-secret-of-sixteen-bytes'
const SECRETS = [{ value: SECRET, expiresAt: null }]

function schemeOf(name: string, verifyToken?: string) {
  const { scheme, handshakes = [] } = loadPreset(name)!
  return compileScheme(scheme, { handshakes, ...(verifyToken !== undefined && { verifyToken }) })
}

function signed(name: string, json: unknown): Delivery {
  const unsigned = { body: Buffer.from(JSON.stringify(json)), method: 'POST', headers: {} }
  const { headers, body } = signDelivery(schemeOf(name), unsigned, SECRET, NOW)
  return makeDelivery(headers, body)
}

const ask = (name: string, delivery: Delivery, verifyToken?: string) =>
  answerHandshake(delivery, schemeOf(name, verifyToken), SECRETS, NOW)
const get = (query: string): Delivery => ({ ...makeDelivery({}, '', 'GET'), query })

t.test('Slack is answered its challenge, if the request is signed', async t => {
  const request = signed('slack', {
    type: 'url_verification',
    token: 'x',
    challenge: '3eZbrw1aBm2rZgRNFdxV2595E9CY3gmdALWMmHkvFXO7tYXAYM8P',
  })
  t.match(ask('slack', request), {
    status: 200,
    headers: { 'content-type': 'application/json; charset=utf-8', 'x-content-type-options': 'nosniff' },
    body: '{"challenge":"3eZbrw1aBm2rZgRNFdxV2595E9CY3gmdALWMmHkvFXO7tYXAYM8P"}',
  })
  t.equal(ask('slack', makeDelivery({}, request.body)), null, 'unsigned')
  t.equal(ask('slack', { ...request, body: Buffer.from(`${request.body} `) }), null, 'changed')
  t.equal(answerHandshake(request, schemeOf('slack'), SECRETS, NOW + 301_000), null, 'too late')
  t.equal(ask('slack', signed('slack', { type: 'event_callback', event: { text: 'url_verification' } })), null)
  t.equal(ask('slack', signed('slack', { type: 'url_verification' })), null, 'without a challenge')
  t.equal(ask('slack', signed('slack', { type: 'url_verification', challenge: '<script>' })), null, 'markup')
  t.equal(ask('slack', signed('slack', { type: 'url_verification', challenge: 'x'.repeat(257) })), null, 'too long')
  t.equal(ask('slack', signed('slack', { type: 'url_verification', challenge: { a: 1 } })), null, 'no text')
})

t.test('Zoom is answered the token and its HMAC, as its documentation has it', async t => {
  const vector = SIGNATURE_VECTORS.find(({ name }) => name === 'zoom')!
  const delivery = makeDelivery(vector.headers, vector.body)
  const secrets = [
    { value: 'another-secret', expiresAt: null },
    { value: vector.secret, expiresAt: null },
  ]
  const answer = answerHandshake(delivery, schemeOf('zoom'), secrets, vector.verifyAt!)
  t.strictSame(JSON.parse(answer!.body), {
    plainToken: 'qgg8vlvZRS6UYooatFL8Aw',
    encryptedToken: '46a324cfb7c2ec760e4cd561586a53aadb6fc7561eb8d626d6ee1b71d808b3c0',
  })
  t.equal(answerHandshake(delivery, schemeOf('zoom'), [secrets[0]!], vector.verifyAt!), null, 'another secret')
  const oracle = { event: 'endpoint.url_validation', payload: { plainToken: `v0:${NOW / 1_000}:{}` } }
  t.equal(ask('zoom', signed('zoom', oracle)), null, 'no signature of a delivery can be had')
})

t.test('Meta is answered its challenge, if it shows the verify token', async t => {
  const token = 'a-verify-token-of-ours'
  const query = `hub.mode=subscribe&hub.verify_token=${token}&hub.challenge=1158201444`
  t.match(ask('meta', get(query), token), {
    status: 200,
    headers: { 'content-type': 'text/plain; charset=utf-8', 'x-content-type-options': 'nosniff' },
    body: '1158201444',
  })
  t.equal(ask('meta', get(query), 'another-verify-token'), null)
  t.equal(ask('meta', get(query)), null, 'a source without a token answers nothing')
  t.equal(ask('meta', get(query.replace('subscribe', 'other')), token), null)
  t.equal(ask('meta', get(`${query}&hub.verify_token=x`), token), null, 'repeated')
  t.equal(ask('meta', get(query.replace('1158201444', '%3Cscript%3E')), token), null)
  t.equal(ask('meta', { ...get(query), method: 'POST' }, token), null)
})

t.test('Dropbox is answered its challenge as plain text', async t => {
  t.match(ask('dropbox', get('challenge=iRRO_ABdXe38BixsSjXwmSTkw-eHnuQGN9eutXyYaBs')), {
    status: 200,
    headers: { 'content-type': 'text/plain; charset=utf-8', 'x-content-type-options': 'nosniff' },
    body: 'iRRO_ABdXe38BixsSjXwmSTkw-eHnuQGN9eutXyYaBs',
  })
  for (const query of [
    '',
    'challenge=',
    'challenge=%3Cb%3E',
    'challenge=a&challenge=b',
    `challenge=${'x'.repeat(257)}`,
  ])
    t.equal(ask('dropbox', get(query)), null, query)
})

t.test('Azure Event Grid is answered its validation code, and its URL is not called', async t => {
  const body = JSON.stringify([
    { data: { validationCode: '512d38b6-c7b8-40c8', validationUrl: 'https://rp.example:553/x' } },
  ])
  const headers = { authorization: `Bearer ${SECRET}`, 'aeg-event-type': 'SubscriptionValidation' }
  t.match(ask('azure-event-grid', makeDelivery(headers, body)), {
    status: 200,
    body: '{"validationResponse":"512d38b6-c7b8-40c8"}',
  })
  t.equal(ask('azure-event-grid', makeDelivery({ ...headers, authorization: 'Bearer other' }, body)), null)
  t.equal(ask('azure-event-grid', makeDelivery({ ...headers, 'aeg-event-type': 'Notification' }, body)), null)
})

t.test('a CloudEvents sender is allowed by OPTIONS', async t => {
  const request = makeDelivery(
    { 'WebHook-Request-Origin': 'events.example.com', 'WebHook-Request-Callback': 'https://x' },
    '',
    'OPTIONS',
  )
  const answer = ask('cloudevents', request)
  t.match(answer, { status: 200, headers: { 'webhook-allowed-origin': 'events.example.com', allow: 'POST' }, body: '' })
  t.equal(ask('cloudevents', makeDelivery({}, '', 'OPTIONS')), null)
  t.equal(ask('cloudevents', makeDelivery({ 'WebHook-Request-Origin': 'a\u00ff' }, '', 'OPTIONS')), null)
})

t.test('both kinds of PING of Discord are answered, and an event is not', async t => {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519')
  const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }) as string
  const secrets = [
    { value: publicKey.export({ type: 'spki', format: 'der' }).subarray(-32).toString('hex'), expiresAt: null },
  ]
  const judge = (json: unknown) => {
    const unsigned = { body: Buffer.from(JSON.stringify(json)), method: 'POST', headers: {} }
    const { headers, body } = signDelivery(schemeOf('discord'), unsigned, pem, NOW)
    return answerHandshake(makeDelivery(headers, body), schemeOf('discord'), secrets, NOW)
  }
  t.match(judge({ version: 1, type: 0 }), { status: 204, body: '', headers: { 'content-type': /./ } })
  t.match(judge({ version: 1, type: 1 }), { status: 200, body: '{"type":1}' })
  t.equal(judge({ version: 1, type: 1, event: { type: 'APPLICATION_AUTHORIZED' } }), null)
  t.equal(answerHandshake(makeDelivery({}, '{"type":0}'), schemeOf('discord'), secrets, NOW), null, 'unsigned')
})

t.test('the unsigned test of WooCommerce and the HEAD of Intercom are answered', async t => {
  t.match(ask('woocommerce', makeDelivery({}, 'webhook_id=17')), { status: 200 })
  for (const body of ['webhook_id=17&a=b', 'webhook_id=', 'webhook_id=<', '{}', ''])
    t.equal(ask('woocommerce', makeDelivery({}, body)), null, body)
  t.match(ask('intercom', makeDelivery({}, '', 'HEAD')), { status: 200, body: '' })
})

t.test('an HMAC in an answer cannot be the signature of a delivery', async t => {
  // X (Twitter) asks by an unsigned GET for the HMAC of a token, with the key it signs deliveries with.
  const scheme = compileScheme(loadPreset('github')!.scheme, {
    handshakes: [
      {
        method: 'GET',
        where: {},
        absent: [],
        verified: true,
        values: { token: 'query.crc_token' },
        reply: { status: 200, headers: {}, json: { response_token: 'sha256=${hmac.token}' } },
      },
    ],
  })
  const body = Buffer.alloc(0)
  const headers = scheme.sign({ body }, SECRET, NOW)
  const request = (token: string) => ({ ...makeDelivery(headers, body, 'GET'), query: `crc_token=${token}` })
  const expected = createHmac('sha256', SECRET).update('abc').digest('hex')
  t.equal(answerHandshake(request('abc'), scheme, SECRETS, NOW)?.body, `{"response_token":"sha256=${expected}"}`)
  t.equal(answerHandshake(request('%7B%22a%22%3A1%7D'), scheme, SECRETS, NOW), null)
})

t.test('a source without handshakes answers none, and a large body is not looked into', async t => {
  t.equal(ask('github', signed('github', { type: 'url_verification', challenge: 'a' })), null)
  const large = signed('slack', { type: 'url_verification', challenge: 'a', padding: 'x'.repeat(20_000) })
  t.equal(ask('slack', large), null)
})

t.test('a secret that is handed out is found with its answer, and nothing else is one', async t => {
  const secret = 'b537207f20cbfa02357cf448134da559'
  const find = (name: string, delivery: Delivery) => findHandedSecret(delivery, loadPreset(name)!.capture!.handshake)
  t.match(find('asana', makeDelivery({ 'X-Hook-Secret': secret }, '{}')), {
    secret,
    answer: { status: 200, headers: { 'x-hook-secret': secret }, body: '' },
  })
  t.match(find('asana', makeDelivery({ 'X-Hook-Secret': secret }, '')), { secret }, 'with no body')
  t.equal(find('asana', makeDelivery({ 'X-Hook-Secret': secret, 'X-Hook-Signature': 'x' }, '{}')), null, 'signed')
  t.equal(find('asana', makeDelivery({ 'X-Hook-Secret': '' }, '{}')), null)
  t.equal(find('asana', makeDelivery({ 'X-Hook-Secret': secret }, '', 'GET')), null)
  t.equal(find('asana', makeDelivery({}, '{}')), null)
  const token = `secret_${secret}`
  t.match(find('notion', makeDelivery({}, JSON.stringify({ verification_token: token }))), {
    secret: token,
    answer: { status: 200, body: '' },
  })
  for (const body of [
    '',
    '{',
    '[]',
    'null',
    '{"verification_token":null}',
    '{"verification_token":""}',
    '{"__proto__":{"verification_token":"x"}}',
  ])
    t.equal(find('notion', makeDelivery({}, body)), null, body)
})
