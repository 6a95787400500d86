import t from 'tap'
import { compileSource } from '../fixtures/compile-source.ts'
import { makeDelivery } from '../fixtures/make-delivery.ts'

const NOW = 1_767_225_600_000
const TOKEN = 'a-token-of-sixteen-bytes'
const secretsOf = (...values: string[]) => values.map(value => ({ value, expiresAt: null }))

function judge(source: Record<string, unknown>, headers: Record<string, string | string[]>, secret = TOKEN) {
  const scheme = compileSource(source)
  if (!scheme.headersOnly) throw new Error('expected a scheme that is decided from the headers')
  // Only the head is handed over: there is no body that could have been read (T025).
  const { method, query, rawHeaders } = makeDelivery(headers)
  return scheme.verifyHead({ method, query, rawHeaders }, secretsOf('some-other-token-here', secret), NOW)
}

t.test('a token in the right place is accepted from the headers alone', async t => {
  for (const scheme of ['bearer', 'pixelesq', 'zapier']) {
    const expected = { ok: true, secretIndex: 1, signedAt: null, replayKey: null } as const
    t.same(judge({ scheme }, { Authorization: `Bearer ${TOKEN}` }), expected, scheme)
    t.match(
      judge({ scheme }, { authorization: `bearer ${TOKEN}` }),
      { ok: true },
      'the word may be in any case (RFC 9110)',
    )
  }
  t.match(judge({ scheme: 'pixelesq', header: 'X-Hook-Token' }, { 'x-hook-token': TOKEN }), { ok: true })
  t.match(judge({ scheme: 'pixelesq', header: 'Authorization' }, { authorization: `Bearer ${TOKEN}` }), { ok: true })
  t.match(judge({ scheme: 'header', header: 'X-Gitlab-Token' }, { 'X-Gitlab-Token': TOKEN }), { ok: true })
  t.match(judge({ scheme: 'header', header: 'authorization', prefix: 'Token ' }, { authorization: `Token ${TOKEN}` }), {
    ok: true,
  })
})

t.test('T025 a wrong token is refused from the headers alone', async t => {
  const refused = { ok: false, reason: 'credentials_mismatch' } as const
  const wrong = [`${TOKEN}x`, TOKEN.slice(0, -1), TOKEN.toUpperCase(), ` ${TOKEN}`, '', 'x'.repeat(10_000)]
  for (const token of wrong) t.match(judge({ scheme: 'bearer' }, { authorization: `Bearer ${token}` }), refused)
  for (const value of [TOKEN, `Basic ${TOKEN}`, `Bearer\t${TOKEN}`, 'Bearer', `Bearer  ${TOKEN}`]) {
    t.match(judge({ scheme: 'bearer' }, { authorization: value }), refused, value)
  }
  t.match(judge({ scheme: 'header', header: 'x-gitlab-token' }, { 'x-gitlab-token': `${TOKEN}x` }), refused)
  t.match(judge({ scheme: 'pixelesq', header: 'x-hook-token' }, { authorization: `Bearer ${TOKEN}` }), {
    reason: 'credentials_missing',
  })
})

t.test('T001 T009 missing credentials are named so, repeated ones are ambiguous', async t => {
  for (const source of [
    { scheme: 'bearer' },
    { scheme: 'basic' },
    { scheme: 'pixelesq' },
    { scheme: 'header', header: 'x-token' },
  ]) {
    const name = 'header' in source ? 'x-token' : 'authorization'
    t.match(judge(source, {}), { reason: 'credentials_missing' })
    t.match(judge(source, { [name]: '' }), { reason: 'credentials_missing' })
    t.match(judge(source, { [name]: [`Bearer ${TOKEN}`, 'Bearer x'] }), { reason: 'signature_ambiguous' })
    t.match(judge(source, { [name]: [TOKEN, TOKEN] }), { reason: 'signature_ambiguous' })
  }
})

t.test('basic credentials are split at the first colon and compared whole', async t => {
  const basic = (text: string) => ({ authorization: `Basic ${Buffer.from(text).toString('base64')}` })
  t.match(judge({ scheme: 'basic' }, basic('user:pa:ss:word-long-enough'), 'user:pa:ss:word-long-enough'), { ok: true })
  t.match(judge({ scheme: 'basic' }, basic('üser:pässword-long-enough'), 'üser:pässword-long-enough'), { ok: true })
  for (const text of ['user:pa', 'user', 'user:', ':pa:ss', 'User:pa:ss', 'user:pa:sS']) {
    t.match(judge({ scheme: 'basic' }, basic(text), 'user:pa:ss'), { reason: 'credentials_mismatch' }, text)
  }
  for (const value of [
    'Basic',
    'Basic ',
    'Basic !!!!',
    'Basic dXNlcjpwYTpzcx==',
    'Basic dXNlcjpwYTpzcw',
    'Bearer dXNlcjpwYTpzcw==',
  ]) {
    t.match(
      judge({ scheme: 'basic' }, { authorization: value }, 'user:pa:ss'),
      { reason: 'credentials_mismatch' },
      value,
    )
  }
})

t.test('T016 an empty secret matches no empty token', async t => {
  for (const secret of ['', ' ']) {
    t.notOk(judge({ scheme: 'bearer' }, { authorization: `Bearer ${secret}` }, secret).ok)
    t.notOk(judge({ scheme: 'header', header: 'x-token' }, { 'x-token': secret }, secret).ok)
    t.notOk(judge({ scheme: 'header', header: 'x-token', prefix: 'T ' }, { 'x-token': 'T ' }, secret).ok)
    t.throws(() => compileSource({ scheme: 'bearer' }).sign({ body: Buffer.alloc(0) }, secret, NOW), {
      code: 'config_invalid',
    })
  }
})

t.test('T017 an expired token is told from a wrong one', async t => {
  const scheme = compileSource({ scheme: 'bearer' })
  const delivery = makeDelivery({ authorization: `Bearer ${TOKEN}` })
  t.match(scheme.verify(delivery, [{ value: TOKEN, expiresAt: NOW }], NOW), { reason: 'secret_expired' })
  t.match(scheme.verify(delivery, [{ value: TOKEN, expiresAt: NOW + 1 }], NOW), { ok: true })
})

t.test('T028 a token is an opaque text: an unsigned JWT gets no further', async t => {
  const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')
  for (const alg of ['none', 'None', 'nOnE']) {
    const jwt = `${part({ alg })}.${part({ iss: 'https://token.actions.githubusercontent.com' })}.`
    t.match(judge({ scheme: 'bearer' }, { authorization: `Bearer ${jwt}` }), { reason: 'credentials_mismatch' })
  }
})

t.test('an unsigned source accepts everything and says that nothing was checked', async t => {
  const scheme = compileSource({ scheme: 'none', unsigned: true })
  const expected = { ok: true, secretIndex: -1, signedAt: null, replayKey: null } as const
  t.match(scheme, { kind: 'none', unsigned: true, bindsBody: false, headersOnly: true })
  t.same(scheme.verify(makeDelivery({}, 'x'), [], NOW), expected)
  t.same(scheme.headersOnly && scheme.verifyHead(makeDelivery({}), [], NOW), expected)
  t.same(scheme.sign({ body: Buffer.alloc(0) }, '', NOW), {})
})
