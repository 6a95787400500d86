import { createHmac } from 'node:crypto'
import t from 'tap'
import type { Secret } from '../../src/verify/compile-scheme.ts'
import { compileScheme } from '../../src/verify/compile-scheme.ts'
import { loadPreset } from '../../src/verify/preset.ts'
import type { HmacDefinition } from '../../src/verify/scheme-definition.ts'
import { compileSource } from '../fixtures/compile-source.ts'
import { makeDelivery } from '../fixtures/make-delivery.ts'

const NOW = 1_767_225_600_000
const BODY = '{"id":"evt_1","n":1.0}'
const KEY = 'a secret of sixteen bytes or more'
const SECRETS: readonly Secret[] = [{ value: KEY, expiresAt: null }]
const github = compileSource({ scheme: 'github' })
const stripe = compileSource({ scheme: 'stripe' })

const hex = (content: string, key = KEY) => createHmac('sha256', key).update(content).digest('hex')
const GITHUB = `sha256=${hex(BODY)}`
const judgeGithub = (value: string | string[], body = BODY, secrets = SECRETS) =>
  github.verify(makeDelivery({ 'X-Hub-Signature-256': value }, body), secrets, NOW)
const judgeStripe = (value: string | string[], body = BODY, now = NOW) =>
  stripe.verify(makeDelivery({ 'Stripe-Signature': value }, body), SECRETS, now)
const stripeHeader = (timestamp: string | number, body = BODY) => `t=${timestamp},v1=${hex(`${timestamp}.${body}`)}`

t.test('a genuine delivery is accepted, with or without a body', async t => {
  t.same(judgeGithub(GITHUB), { ok: true, secretIndex: 0, signedAt: null, replayKey: null })
  t.match(judgeGithub(`sha256=${hex('')}`, ''), { ok: true })
  t.match(judgeStripe(stripeHeader(1767225600)), {
    ok: true,
    secretIndex: 0,
    signedAt: NOW,
    replayKey: /^[0-9a-f]{64}$/,
  })
})

t.test('T001 no signature header is signature_missing', async t => {
  t.match(github.verify(makeDelivery({}, BODY), SECRETS, NOW), { reason: 'signature_missing' })
  t.match(stripe.verify(makeDelivery({}, BODY), SECRETS, NOW), { reason: 'signature_missing' })
})

t.test('T002 an empty signature is refused', async t => {
  t.match(judgeGithub(''), { reason: 'signature_missing' })
  t.match(judgeGithub('sha256='), { reason: 'signature_malformed' })
  t.match(judgeStripe('t=,v1='), { reason: 'signature_malformed' })
  t.match(judgeStripe('t=1767225600'), { reason: 'signature_missing' })
  t.match(judgeStripe('v1'), { reason: 'signature_malformed' })
})

t.test('T003 a truncated or extended signature is refused and throws nothing', async t => {
  for (const bytes of [1, 8, 31]) {
    t.match(
      judgeGithub(GITHUB.slice(0, 'sha256='.length + bytes * 2)),
      { reason: 'signature_malformed' },
      `${bytes} bytes`,
    )
  }
  t.match(judgeGithub(`${GITHUB}00`), { reason: 'signature_malformed' })
})

t.test('T004 hex with a tail that is none, or of odd length, is refused', async t => {
  t.match(judgeGithub(`${GITHUB.slice(0, -2)}zz`), { reason: 'signature_malformed' })
  t.match(judgeGithub(GITHUB.slice(0, -1)), { reason: 'signature_malformed' })
  t.match(judgeGithub(`${GITHUB}zz`), { reason: 'signature_malformed' })
})

t.test('T005 base64 with junk, another alphabet or another spelling of the same bytes is refused', async t => {
  const scheme = compileSource({ scheme: 'hmac', header: 'x-signature', encoding: 'base64' })
  const judge = (value: string, body: string) =>
    scheme.verify(makeDelivery({ 'x-signature': value }, body), SECRETS, NOW)
  let body = BODY
  let signature = ''
  // A body is looked for whose signature holds both letters that the two alphabets spell differently.
  while (!(signature.includes('+') && signature.includes('/'))) {
    body += ' '
    signature = createHmac('sha256', KEY).update(body).digest('base64')
  }
  t.match(judge(signature, body), { ok: true })
  const last = signature.at(-2)!
  const twin = String.fromCharCode(last.charCodeAt(0) + 1)
  t.same(
    Buffer.from(`${signature.slice(0, -2)}${twin}=`, 'base64'),
    Buffer.from(signature, 'base64'),
    'Node reads both alike',
  )
  const urlSafe = signature.replaceAll('+', '-').replaceAll('/', '_')
  const spellings = [
    `${signature}!!!!`,
    urlSafe,
    signature.slice(0, -1),
    `${signature.slice(0, -2)}${twin}=`,
    ` ${signature}`,
  ]
  for (const spelling of spellings) t.match(judge(spelling, body), { reason: 'signature_malformed' })
})

t.test('T006 T007 the signature of another body, or of the same one re-serialised, is refused', async t => {
  t.match(judgeGithub(GITHUB, '{"id":"evt_2","n":1.0}'), { reason: 'signature_mismatch' })
  t.match(judgeGithub(GITHUB, JSON.stringify(JSON.parse(BODY))), { reason: 'signature_mismatch' })
  t.match(judgeGithub(GITHUB, `\ufeff${BODY}`), { reason: 'signature_mismatch' }, 'a byte order mark is a byte')
})

t.test('T008 a signature made with the secret of another source is refused', async t => {
  t.match(judgeGithub(`sha256=${hex(BODY, 'the secret of another source')}`), { reason: 'signature_mismatch' })
})

t.test('T009 a repeated signature header is refused, whichever of the two is valid', async t => {
  const wrong = `sha256=${'0'.repeat(64)}`
  for (const pair of [
    [GITHUB, wrong],
    [wrong, GITHUB],
    [GITHUB, GITHUB],
    ['', GITHUB],
  ]) {
    t.match(judgeGithub(pair), { reason: 'signature_ambiguous' })
  }
  t.match(judgeStripe([stripeHeader(1767225600), 't=1,v1=']), { reason: 'signature_ambiguous' })
  const mixedCase = makeDelivery({ 'X-Hub-Signature-256': GITHUB, 'x-hub-signature-256': GITHUB }, BODY)
  t.match(github.verify(mixedCase, SECRETS, NOW), { reason: 'signature_ambiguous' })
})

t.test('T009 a header named __proto__ does no harm (CVE-2026-21710)', async t => {
  const delivery = makeDelivery({ 'X-Hub-Signature-256': GITHUB }, BODY)
  const rawHeaders = ['__proto__', 'x', ...delivery.rawHeaders, 'constructor', 'y', '__proto__', 'z']
  t.match(github.verify({ ...delivery, rawHeaders }, SECRETS, NOW), { ok: true })
})

t.test('T010 a list with one valid signature of two is accepted only by a scheme of lists', async t => {
  const list = compileSource({ scheme: 'hmac', header: 'x-signature', prefix: 'v1=', parse: 'list' })
  const judge = (value: string) => list.verify(makeDelivery({ 'x-signature': value }, BODY), SECRETS, NOW)
  const [valid, wrong] = [`v1=${hex(BODY)}`, `v1=${'0'.repeat(64)}`]
  for (const value of [`${valid},${wrong}`, `${wrong}, ${valid}`, `${wrong} ${valid}`, `v2=cafe,${valid}`]) {
    t.match(judge(value), { ok: true }, value.replace(/[0-9a-f]{64}/g, '…'))
  }
  t.match(judge(`v2=${hex(BODY)}`), { reason: 'signature_missing' }, 'another version is not taken for this one')
  t.match(judge(`${valid},v1=`), { reason: 'signature_malformed' })
  t.match(judgeGithub(`sha256=${'0'.repeat(64)}, ${GITHUB}`), { reason: 'signature_malformed' })
  t.match(judgeStripe(`t=1767225600,v1=${'0'.repeat(64)},v1=${hex(`1767225600.${BODY}`)},v0=${'1'.repeat(64)}`), {
    ok: true,
  })
})

t.test('T009 a repeated header that a proxy joined is refused, whichever of its values is genuine', async t => {
  const genuine = `t=1767225600,v1=${hex(`1767225600.${BODY}`)}`
  t.match(judgeStripe(genuine), { ok: true })
  for (const other of [genuine, 't=1767225600', 't=1', 'v1=0'])
    for (const value of [`${genuine}, ${other}`, `${other}, ${genuine}`, `${genuine},${other}`])
      t.notOk(judgeStripe(value).ok, value.replace(/[0-9a-f]{64}/g, '…'))
})

t.test('T011 a list of more than ten candidates, or a header above 4096 bytes, is malformed', async t => {
  const valid = hex(`1767225600.${BODY}`)
  const header = (wrong: number) => `t=1767225600${`,v1=${'0'.repeat(64)}`.repeat(wrong)},v1=${valid}`
  t.match(judgeStripe(header(9)), { ok: true })
  t.match(judgeStripe(header(10)), { reason: 'signature_malformed' })
  t.match(judgeStripe(header(10_000)), { reason: 'signature_malformed' })
  t.match(judgeStripe(`${header(0)}${',a=b'.repeat(20)}`), { reason: 'signature_malformed' })
  t.match(judgeGithub(`${GITHUB}${'0'.repeat(4_096)}`), { reason: 'signature_malformed' })
  t.match(judgeStripe(`${header(0)},x=${'0'.repeat(4_096)}`), { reason: 'signature_malformed' })
  t.match(judgeStripe(`${header(0)},x=${'0'.repeat(3_900)}`), { ok: true })
})

t.test('T014 a valid sha1 signature does not stand in for the sha256 one', async t => {
  const sha1 = `sha1=${createHmac('sha1', KEY).update(BODY).digest('hex')}`
  t.match(github.verify(makeDelivery({ 'X-Hub-Signature': sha1 }, BODY), SECRETS, NOW), { reason: 'signature_missing' })
  t.match(judgeGithub(sha1), { reason: 'signature_malformed' })
  t.match(
    judgeStripe(stripeHeader(1767225600).replace('v1=', 'v0=')),
    { reason: 'signature_missing' },
    'nor does v0 for v1',
  )
})

t.test('T015 upper-case hex or another prefix is refused', async t => {
  t.match(judgeGithub(`sha256=${hex(BODY).toUpperCase()}`), { reason: 'signature_malformed' })
  t.match(judgeGithub(`SHA256=${hex(BODY)}`), { reason: 'signature_malformed' })
  t.match(judgeGithub(hex(BODY)), { reason: 'signature_malformed' })
})

t.test('T016 an empty secret stops the compiler and never verifies anything', async t => {
  const definition = loadPreset('github')!.scheme
  for (const value of ['', ' ', '\t\n', undefined as unknown as string]) {
    const secrets = [{ value, expiresAt: null }]
    t.throws(() => compileScheme(definition, { secrets: [...SECRETS, ...secrets] }), { code: 'config_invalid' })
    const signature = `sha256=${createHmac('sha256', value ?? '')
      .update(BODY)
      .digest('hex')}`
    t.match(judgeGithub(signature, BODY, secrets), { reason: 'signature_mismatch' })
    t.match(judgeGithub(signature, BODY, [...secrets, ...SECRETS]), { reason: 'signature_mismatch' })
    t.throws(() => github.sign({ body: Buffer.from(BODY) }, value, NOW), { code: 'config_invalid' })
  }
  t.match(judgeGithub(GITHUB, BODY, []), { reason: 'signature_mismatch' })
})

t.test('T017 T018 both secrets count during an overlap, the old one not after it', async t => {
  const rotated = (expiresAt: number): Secret[] => [
    { value: 'the new secret, also long', expiresAt: null },
    { value: KEY, expiresAt },
  ]
  t.match(judgeGithub(GITHUB, BODY, rotated(NOW + 1)), { ok: true, secretIndex: 1 })
  t.match(judgeGithub(GITHUB, BODY, rotated(NOW)), { reason: 'secret_expired' })
  t.match(judgeGithub(`sha256=${hex(BODY, 'the new secret, also long')}`, BODY, rotated(NOW)), {
    ok: true,
    secretIndex: 0,
  })
  const twice = [{ value: KEY, expiresAt: NOW - 1 }, ...SECRETS]
  t.match(judgeGithub(GITHUB, BODY, twice), { ok: true, secretIndex: 1 }, 'the valid one is named, not the expired one')
})

t.test('T019 T020 a timestamp more than 300 s away is refused, in both directions', async t => {
  const header = stripeHeader(1767225600)
  for (const shift of [-300_000, 0, 300_000]) t.match(judgeStripe(header, BODY, NOW + shift), { ok: true })
  for (const shift of [-301_000, -300_001, 300_001, 301_000]) {
    t.match(judgeStripe(header, BODY, NOW + shift), { reason: 'timestamp_out_of_range' })
  }
  t.match(
    judgeStripe(header, `${BODY} `, NOW + 301_000),
    { reason: 'signature_mismatch' },
    'only a genuine sender is called late',
  )
  const off = compileSource({ scheme: 'stripe', tolerance: 'off' })
  const minute = compileSource({ scheme: 'stripe', tolerance: '1m' })
  const delivery = makeDelivery({ 'stripe-signature': header }, BODY)
  t.match(off.verify(delivery, SECRETS, NOW + 9e9), { ok: true, signedAt: NOW })
  t.match(minute.verify(delivery, SECRETS, NOW + 61_000), { reason: 'timestamp_out_of_range' })
})

t.test('T021 only ten digits are a timestamp in seconds', async t => {
  const texts = [
    ' 12',
    '0x10',
    '1e9',
    'NaN',
    '-1',
    '1674087231.5',
    '1'.repeat(20),
    '1767225600000',
    '１７６７２２５６００',
    ' 1767225600',
    '+1767225600',
    '01767225600',
  ]
  for (const text of texts)
    t.match(judgeStripe(stripeHeader(text)), { reason: 'timestamp_malformed' }, JSON.stringify(text))
  t.match(judgeStripe(stripeHeader('')), { reason: 'timestamp_missing' })
  t.match(judgeStripe(`v1=${hex(`.${BODY}`)}`), { reason: 'timestamp_missing' })
  t.match(judgeStripe(`${stripeHeader(1767225600)},t=1767225600`), { reason: 'signature_ambiguous' })
})

t.test('T022 a timestamp that is not signed is not looked at', async t => {
  const headers = { 'X-Hub-Signature-256': GITHUB, 'X-Timestamp': '1', Date: 'never' }
  t.match(github.verify(makeDelivery(headers, BODY), SECRETS, NOW), { ok: true, signedAt: null, replayKey: null })
})

t.test('a definition whose timestamp is not signed, or that signs no body, does not compile', async t => {
  const github = loadPreset('github')!.scheme as HmacDefinition
  for (const change of [
    { timestampHeader: 'date' },
    { signed: '${timestamp}', timestampHeader: 'date' },
    { signed: '${url}${body}' },
  ]) {
    t.throws(() => compileScheme({ ...github, ...change }, {}), { code: 'config_invalid' })
  }
})

t.test('T023 an id that would make the signed content readable in two ways is refused', async t => {
  const settings = { header: 'x-sig', idHeader: 'x-id', signed: '${id}:${body}' }
  const scheme = compileSource({ scheme: 'hmac', ...settings })
  const judge = (id: string | string[], body: string, content = `${id}:${body}`) =>
    scheme.verify(makeDelivery({ 'x-sig': hex(content), 'x-id': id }, body), SECRETS, NOW)
  t.match(judge('msg_1', BODY), { ok: true })
  t.match(judge('a', 'b:c'), { ok: true })
  t.match(judge('a:b', 'c'), { reason: 'id_malformed' }, 'the same content, cut elsewhere')
  for (const id of ['a.b', 'a\nb', 'a\u0000', 'a\u007f', '', 'x'.repeat(257)])
    t.match(judge(id, BODY), { reason: 'id_malformed' })
  t.match(judge(['a', 'a'], BODY), { reason: 'signature_ambiguous' })
})

t.test('a variable of the template that is missing is a refusal, never an empty text', async t => {
  const scheme = compileSource({
    scheme: 'hmac',
    header: 'x-sig',
    signed: '${header.X-Tenant}|${method}|${url}|${body}',
    url: 'https://a.example/h',
  })
  const content = (tenant: string) => `${tenant}|POST|https://a.example/h|${BODY}`
  const judge = (headers: Record<string, string | string[]>, method = 'POST') =>
    scheme.verify(makeDelivery(headers, BODY, method), SECRETS, NOW)
  t.match(judge({ 'x-sig': hex(content('t1')), 'x-tenant': 't1' }), { ok: true })
  t.match(judge({ 'x-sig': hex(content('')), 'x-tenant': '' }), { reason: 'signature_missing' })
  t.match(judge({ 'x-sig': hex(content('')) }), { reason: 'signature_missing' })
  t.match(judge({ 'x-sig': hex(content('a|b')), 'x-tenant': 'a|b' }), { reason: 'signature_malformed' })
  t.match(judge({ 'x-sig': hex(content('t1')), 'x-tenant': ['t1', 't1'] }), { reason: 'signature_ambiguous' })
  t.match(judge({ 'x-sig': hex(content('t1')), 'x-tenant': 't1' }, 'PUT'), { reason: 'signature_mismatch' })
})

t.test('T035 the signed URL is the configured one, whatever the request says', async t => {
  const scheme = compileSource({
    scheme: 'hmac',
    header: 'x-sig',
    signed: '${url}${body}',
    url: 'https://a.example/h?x=1',
  })
  const headers = { 'X-Forwarded-Host': 'evil.example', 'X-Forwarded-Proto': 'http', Forwarded: 'host=evil.example' }
  const judge = (url: string) =>
    scheme.verify(makeDelivery({ ...headers, 'x-sig': hex(url + BODY) }, BODY), SECRETS, NOW)
  t.match(judge('https://a.example/h?x=1'), { ok: true })
  t.match(judge('http://evil.example/h?x=1'), { reason: 'signature_mismatch' })
})

t.test('a positional header and a timestamp in the body are understood', async t => {
  const recurly = compileSource({
    scheme: 'hmac',
    header: 'recurly-signature',
    parse: 'positional',
    timestampUnit: 'ms',
    signed: '${timestamp}.${body}',
  })
  const valid = hex(`${NOW}.${BODY}`)
  for (const value of [`${NOW},${valid}`, `${NOW},${'0'.repeat(64)},${valid}`]) {
    t.match(recurly.verify(makeDelivery({ 'recurly-signature': value }, BODY), SECRETS, NOW), {
      ok: true,
      signedAt: NOW,
    })
  }
  t.match(recurly.verify(makeDelivery({ 'recurly-signature': `${NOW}` }, BODY), SECRETS, NOW), {
    reason: 'signature_missing',
  })
  const linear = compileSource({
    scheme: 'hmac',
    header: 'linear-signature',
    timestampField: 'meta.at',
    timestampUnit: 'ms',
    tolerance: '60s',
  })
  const judge = (body: string) => linear.verify(makeDelivery({ 'linear-signature': hex(body) }, body), SECRETS, NOW)
  t.match(judge(`{"meta":{"at":${NOW - 60_000}}}`), { ok: true, signedAt: NOW - 60_000, replayKey: /^[0-9a-f]{64}$/ })
  t.match(judge(`{"meta":{"at":${NOW - 60_001}}}`), { reason: 'timestamp_out_of_range' })
  t.match(judge(`{"meta":{"at":true}}`), { reason: 'timestamp_malformed' })
  for (const body of ['{"meta":{}}', '{"meta":null}', '[', '']) t.match(judge(body), { reason: 'timestamp_missing' })
})

t.test(
  'the replay key is the same under another signature of the same content, and another for another content',
  async t => {
    const keyOf = (value: string, body = BODY) => {
      const verification = judgeStripe(value, body)
      return verification.ok ? verification.replayKey : null
    }
    const first = keyOf(stripeHeader(1767225600))
    t.type(first, 'string')
    t.equal(keyOf(`${stripeHeader(1767225600)},v0=00`), first)
    t.not(keyOf(stripeHeader(1767225601)), first)
    t.not(keyOf(stripeHeader(1767225600, '{}'), '{}'), first)
  },
)
