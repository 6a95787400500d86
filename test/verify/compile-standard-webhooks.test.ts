import { createHmac, generateKeyPairSync, sign } from 'node:crypto'
import t from 'tap'
import { compileSource } from '../fixtures/compile-source.ts'
import { makeDelivery } from '../fixtures/make-delivery.ts'

const NOW = 1_767_225_600_000
const BODY = '{"type":"user.created"}'
const WHSEC = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'
const scheme = compileSource({ scheme: 'standard-webhooks' })

const contentOf = (id: string, timestamp: string | number) => `${id}.${timestamp}.${BODY}`
const v1 = (id: string, timestamp: string | number) =>
  `v1,${createHmac('sha256', Buffer.from(WHSEC.slice(6), 'base64'))
    .update(contentOf(id, timestamp))
    .digest('base64')}`
const headersOf = (over: Record<string, string | string[]> = {}, family = 'webhook') => ({
  [`${family}-id`]: 'msg_1',
  [`${family}-timestamp`]: '1767225600',
  [`${family}-signature`]: v1('msg_1', 1767225600),
  ...over,
})
const judge = (headers: Record<string, string | string[]>, secret = WHSEC, now = NOW) =>
  scheme.verify(makeDelivery(headers, BODY), [{ value: secret, expiresAt: null }], now)

t.test('webhook-* and svix-* headers are both accepted', async t => {
  t.match(judge(headersOf()), { ok: true, secretIndex: 0, signedAt: NOW, replayKey: /^[0-9a-f]{64}$/ })
  t.match(judge(headersOf({}, 'svix')), { ok: true })
  t.match(judge(headersOf(), WHSEC.slice(6)), { ok: true }, 'the secret may come without its prefix')
  t.match(judge({ ...headersOf(), ...headersOf({}, 'svix') }), { ok: true }, 'two families that say the same')
})

t.test('T009 two families of headers that differ, or a repeated header, are ambiguous', async t => {
  t.match(
    judge({ ...headersOf({}, 'svix'), 'webhook-id': 'msg_2' }),
    { reason: 'signature_ambiguous' },
    'an unsigned id beside the signed one',
  )
  t.match(judge({ ...headersOf(), 'svix-id': 'msg_2' }), { reason: 'signature_ambiguous' })
  for (const name of ['webhook-id', 'webhook-timestamp', 'webhook-signature']) {
    const value = headersOf()[name] as string
    t.match(judge(headersOf({ [name]: [value, value] })), { reason: 'signature_ambiguous' }, name)
  }
})

t.test('T001 T002 a missing or empty header is refused (CVE-2024-21491)', async t => {
  t.match(judge({}), { reason: 'signature_missing' })
  t.match(judge(headersOf({ 'webhook-signature': '' })), { reason: 'signature_missing' })
  for (const value of ['v1,', 'v1', ',', 'v1, '])
    t.match(judge(headersOf({ 'webhook-signature': value })), { reason: 'signature_malformed' }, value)
  t.match(judge(headersOf({ 'webhook-timestamp': '' })), { reason: 'timestamp_missing' })
  t.match(judge(headersOf({ 'webhook-id': '' })), { reason: 'id_malformed' })
})

t.test('T003 T005 a signature of another length or spelling is refused', async t => {
  const valid = v1('msg_1', 1767225600)
  for (const value of [
    valid.slice(0, 5),
    valid.slice(0, -1),
    `${valid}!!!!`,
    `${valid}=`,
    valid.toUpperCase(),
    `${valid} ${valid}x`,
  ]) {
    t.notOk(judge(headersOf({ 'webhook-signature': value })).ok, value)
  }
})

t.test('T010 T011 any of up to ten signatures may match, more are malformed', async t => {
  const valid = v1('msg_1', 1767225600)
  const wrong = `v1,${'A'.repeat(43)}=`
  t.match(judge(headersOf({ 'webhook-signature': `${wrong} ${valid}` })), { ok: true })
  t.match(judge(headersOf({ 'webhook-signature': `v2,whatever ${valid}` })), { ok: true })
  t.match(judge(headersOf({ 'webhook-signature': 'v2,whatever' })), { reason: 'signature_missing' })
  t.match(judge(headersOf({ 'webhook-signature': `${`${wrong} `.repeat(10)}${valid}` })), {
    reason: 'signature_malformed',
  })
  t.match(judge(headersOf({ 'webhook-signature': `${`${wrong} `.repeat(10_000)}${valid}` })), {
    reason: 'signature_malformed',
  })
})

t.test('T019 T020 T021 the timestamp is strict and within five minutes', async t => {
  t.match(judge(headersOf(), WHSEC, NOW + 301_000), { reason: 'timestamp_out_of_range' })
  t.match(judge(headersOf(), WHSEC, NOW - 301_000), { reason: 'timestamp_out_of_range' })
  for (const text of ['1767225600000', '1e9', '1767225600.0', '-1767225600']) {
    const headers = headersOf({ 'webhook-timestamp': text, 'webhook-signature': v1('msg_1', text) })
    t.match(judge(headers), { reason: 'timestamp_malformed' }, text)
  }
})

t.test('T023 T045 an id with a dot, a control character or more than 256 bytes is refused', async t => {
  for (const id of ['msg.1', 'msg\n1', 'msg\u00001', 'msg\u009b1', 'x'.repeat(257), 'x'.repeat(10_000)]) {
    const headers = headersOf({ 'webhook-id': id, 'webhook-signature': v1(id, 1767225600) })
    t.match(judge(headers), { reason: 'id_malformed' })
  }
  const longest = 'x'.repeat(256)
  t.match(judge(headersOf({ 'webhook-id': longest, 'webhook-signature': v1(longest, 1767225600) })), { ok: true })
})

t.test('a whpk_ key takes only v1a and a whsec_ secret only v1', async t => {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519')
  const raw = publicKey.export({ format: 'der', type: 'spki' }).subarray(12)
  const whpk = `whpk_${raw.toString('base64')}`
  const v1a = `v1a,${sign(null, Buffer.from(contentOf('msg_1', 1767225600)), privateKey).toString('base64')}`
  const keyed = `v1,${createHmac('sha256', raw).update(contentOf('msg_1', 1767225600)).digest('base64')}`
  t.match(judge(headersOf({ 'webhook-signature': v1a }), whpk), { ok: true })
  t.match(judge(headersOf({ 'webhook-signature': v1a }), WHSEC), { reason: 'signature_mismatch' })
  t.match(
    judge(headersOf({ 'webhook-signature': keyed }), whpk),
    { reason: 'signature_mismatch' },
    'a public key is no HMAC key (T029)',
  )
  t.match(judge(headersOf({ 'webhook-signature': keyed.replace('v1,', 'v1a,') }), whpk), {
    reason: 'signature_malformed',
  })
  t.match(judge(headersOf({ 'webhook-signature': v1a }), `whsk_${raw.toString('base64')}`), {
    reason: 'signature_mismatch',
  })
  t.throws(() => scheme.sign({ body: Buffer.from(BODY) }, whpk, NOW), { code: 'config_invalid' })
})

t.test('T016 an empty or undecodable secret verifies nothing', async t => {
  const signature = `v1,${createHmac('sha256', '').update(contentOf('msg_1', 1767225600)).digest('base64')}`
  for (const secret of ['', ' ', 'whsec_', 'whsec_!!!!', 'whpk_', 'whpk_AAAA']) {
    t.match(judge(headersOf({ 'webhook-signature': signature }), secret), { reason: 'signature_mismatch' }, secret)
  }
})
