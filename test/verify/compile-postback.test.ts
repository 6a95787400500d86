import t from 'tap'
import { compileScheme } from '../../src/verify/compile-scheme.ts'
import { definitionFromSource } from '../../src/verify/definition-from-source.ts'
import type { Delivery } from '../../src/verify/delivery.ts'
import { findSecretProblem } from '../../src/verify/find-secret-problem.ts'
import type { PostbackAnswer, PostbackRequest } from '../../src/verify/postback.ts'
import { makePaypalHeaders } from '../fixtures/paypal.ts'

const NOW = Date.parse('2026-11-24T12:00:00Z')
const BODY = Buffer.from('{ "id": "WH-1", "event_type": "PAYMENT.SALE.COMPLETED" }')
const secret = (value: string, expiresAt: number | null = null) => ({ value, expiresAt })
const SECRETS = [secret('new:canary-client-secret'), secret('old:canary-client-secret')]

function compile(
  answer: PostbackAnswer | ((request: PostbackRequest, credentials: string) => PostbackAnswer) = 'genuine',
) {
  const asked: { request: PostbackRequest; credentials: string }[] = []
  const scheme = compileScheme(
    { kind: 'paypal-postback', endpoint: 'https://api-m.paypal.com' },
    {
      webhookId: 'WH1',
      openPostback: () => ({
        async ask(request, credentials) {
          asked.push({ request, credentials })
          return typeof answer === 'function' ? answer(request, credentials) : answer
        },
      }),
    },
  )
  const verify = (change: Record<string, string | null> = {}, body = BODY, secrets = SECRETS) =>
    scheme.verify({ method: 'POST', query: '', rawHeaders: headersWith(change), body } satisfies Delivery, secrets, NOW)
  return { scheme, verify, asked }
}

function headersWith(change: Record<string, string | null>): string[] {
  const headers: Record<string, string | null> = { ...makePaypalHeaders(NOW), ...change }
  return Object.entries(headers).flatMap(([name, value]) => (value === null ? [] : [name, value]))
}

t.test(
  'what PayPal says is genuine is taken, with its id and time, and nothing of it is claimed for the body',
  async t => {
    const { scheme, verify, asked } = compile()
    t.match(await verify(), { ok: true, secretIndex: 0, signedAt: NOW, replayKey: /^[0-9a-f]{64}$/ })
    t.equal(scheme.bindsBody, false)
    t.match(asked, [
      {
        credentials: SECRETS[0]!.value,
        request: {
          event: BODY.toString(),
          proof: { webhook_id: 'WH1', transmission_id: 'tr-1', auth_algo: 'SHA256withRSA' },
        },
      },
    ])
  },
)

t.test('forged is refused; where PayPal cannot be asked it is neither taken nor called forged', async t => {
  t.match(await compile('forged').verify(), { ok: false, reason: 'signature_mismatch' })
  t.match(await compile('unavailable').verify(), { ok: false, reason: 'verifier_unavailable' })
  t.match(await compile('refuses_us').verify(), { ok: false, reason: 'verifier_refuses_us' })
  const alone = compileScheme({ kind: 'paypal-postback', endpoint: 'https://api-m.paypal.com' }, { webhookId: 'WH1' })
  const delivery = { method: 'POST', query: '', rawHeaders: headersWith({}), body: BODY }
  t.match(await alone.verify(delivery, SECRETS, NOW), { ok: false, reason: 'verifier_unavailable' })
})

t.test(
  'credentials are tried in turn while PayPal does not take them; its word on the delivery is the last',
  async t => {
    const rotating = compile((_, credentials) => (credentials.startsWith('new') ? 'refuses_us' : 'genuine'))
    t.match(await rotating.verify(), { ok: true, secretIndex: 1 })
    const forged = compile((_, credentials) => (credentials.startsWith('new') ? 'forged' : 'genuine'))
    t.match(await forged.verify(), { reason: 'signature_mismatch' })
    t.equal(forged.asked.length, 1)
    const expired = compile()
    t.match(await expired.verify({}, BODY, [secret('a:b', NOW)]), { reason: 'secret_expired' })
    t.equal(expired.asked.length, 0)
  },
)

t.test('what is no delivery of PayPal by its shape or time is refused without asking', async t => {
  const { verify, asked, scheme } = compile()
  const cases: [Record<string, string | null>, string][] = [
    [{ 'paypal-transmission-sig': null }, 'signature_missing'],
    [{ 'paypal-transmission-sig': '' }, 'signature_missing'],
    [{ 'paypal-transmission-sig': 'a b' }, 'signature_malformed'],
    [{ 'paypal-transmission-sig': 'A'.repeat(600) }, 'signature_malformed'],
    [{ 'paypal-transmission-id': null }, 'signature_malformed'],
    [{ 'paypal-transmission-id': 'x"y' }, 'signature_malformed'],
    [{ 'paypal-cert-url': 'https://evil.example/cert' }, 'signature_malformed'],
    [{ 'paypal-cert-url': 'https://api.paypal.com.evil.example/cert' }, 'signature_malformed'],
    [{ 'paypal-cert-url': 'https://api.paypal.com:8443/cert' }, 'signature_malformed'],
    [{ 'paypal-cert-url': 'https://api.paypal.com@evil.example/cert' }, 'signature_malformed'],
    [{ 'paypal-cert-url': 'http://api.paypal.com/cert' }, 'signature_malformed'],
    [{ 'paypal-auth-algo': 'SHA1withRSA' }, 'signature_malformed'],
    [{ 'paypal-transmission-time': '20261124' }, 'timestamp_malformed'],
    [{ 'paypal-transmission-time': '2026-11-24T11:54:59Z' }, 'timestamp_out_of_range'],
    [{ 'paypal-transmission-time': '2026-11-24T12:05:01Z' }, 'timestamp_out_of_range'],
  ]
  for (const [change, reason] of cases) t.match(await verify(change), { ok: false, reason }, JSON.stringify(change))
  const twice = {
    method: 'POST',
    query: '',
    rawHeaders: [...headersWith({}), 'Paypal-Transmission-Sig', 'AAAA'],
    body: BODY,
  }
  t.match(await scheme.verify(twice, SECRETS, NOW), { reason: 'signature_ambiguous' })
  t.equal(asked.length, 0)
})

t.test('a body that would end the question it is put into is refused without asking', async t => {
  const { verify, asked } = compile()
  const bodies = ['{},"verification":{}', '{}}', '[]', '"x"', 'null', '', '{', '\ufeff{}', '1', '{}\n{}', '{"a":1},']
  for (const body of bodies)
    t.match(await verify({}, Buffer.from(body)), { ok: false, reason: 'signature_malformed' }, body)
  t.match(await verify({}, Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d])), { reason: 'signature_malformed' })
  t.equal(asked.length, 0)
  t.match(await verify({}, Buffer.from('\n { }\n')), { ok: true })
})

t.test('a source says postback, the id of the webhook and the credentials', t => {
  const read = (source: object) => definitionFromSource('paypal', source as Record<string, unknown>)
  t.match(read({ webhookId: 'WH1', postback: true }), {
    ok: true,
    definition: { kind: 'paypal-postback', endpoint: 'https://api-m.paypal.com/' },
    preset: { bindsBody: false },
  })
  t.match(read({ webhookId: 'WH1', postback: 'https://api-m.sandbox.paypal.com', tolerance: '10m' }), {
    ok: true,
    definition: { endpoint: 'https://api-m.sandbox.paypal.com/' },
  })
  t.match(read({ webhookId: 'WH1' }), { ok: true, definition: { kind: 'asymmetric' } })
  t.match(read({ postback: true }), { ok: false, problems: [{ pointer: '/webhookId' }] })
  for (const postback of [false, 'yes', 1, 'http://api-m.paypal.com', 'https://u:p@api-m.paypal.com'])
    t.match(read({ webhookId: 'WH1', postback }), { ok: false, problems: [{ pointer: '/postback' }] }, String(postback))
  t.match(definitionFromSource('github', { postback: true }), { ok: false, problems: [{ pointer: '/postback' }] })

  const definition = { kind: 'paypal-postback', endpoint: 'https://api-m.paypal.com' } as const
  t.equal(findSecretProblem(definition, 'client:secret'), null)
  for (const secret of ['client', ':secret', 'client:', 'client:sec ret', '-----BEGIN CERTIFICATE-----\nMII', 'a:b\nc'])
    t.match(findSecretProblem(definition, secret), /client_id:client_secret/, secret)
  t.throws(() => compile().scheme.sign({ body: BODY }, 'a:b', NOW), /only PayPal can/)
  t.end()
})
