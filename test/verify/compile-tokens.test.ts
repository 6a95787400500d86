import t from 'tap'
import { readParameter, redactQuery } from '../../src/verify/read-parameter.ts'
import { compileSource } from '../fixtures/compile-source.ts'
import { makeDelivery } from '../fixtures/make-delivery.ts'

const NOW = 1_767_225_600_000
const TOKEN = 'a token/of+16 bytes'
const SECRETS = [{ value: TOKEN, expiresAt: null }]

t.test('T026 a token in the query is taken only where the source allows it', async t => {
  const scheme = compileSource({ scheme: 'query-token', allowQueryToken: true, parameter: 'key' })
  const judge = (query: string) => scheme.verify({ ...makeDelivery({}), query }, SECRETS, NOW)
  t.match(judge(`a=b&key=${encodeURIComponent(TOKEN)}`), { ok: true, secretIndex: 0 })
  t.match(judge(`key=${encodeURIComponent(TOKEN).replaceAll('%20', '+')}`), { ok: true })
  t.match(judge(''), { reason: 'credentials_missing' })
  t.match(judge('key='), { reason: 'credentials_missing' })
  t.match(judge(`token=${encodeURIComponent(TOKEN)}`), { reason: 'credentials_missing' })
  t.match(judge('key=other'), { reason: 'credentials_mismatch' })
  t.match(judge('key=%ff'), { reason: 'credentials_mismatch' })
  t.match(judge(`key=other&k%65y=${encodeURIComponent(TOKEN)}`), { reason: 'signature_ambiguous' })
  t.ok(scheme.headersOnly, 'it is decided before the body is read')
  for (const name of ['github', 'bearer', 'zapier', 'gitlab-token'])
    t.notOk(
      compileSource({ scheme: name }).verify({ ...makeDelivery({}), query: `token=${TOKEN}` }, SECRETS, NOW).ok,
      name,
    )
})

t.test('a token is struck out of a query, however its name is spelled', async t => {
  const names = new Set(['token'])
  t.equal(redactQuery('a=1&token=secret&b=2', names), 'a=1&token=[redacted]&b=2')
  t.equal(redactQuery('t%6Fken=secret&token=', names), 't%6Fken=[redacted]&token=[redacted]')
  t.equal(redactQuery('a=%ff&token', names), 'a=%ff&token')
  t.equal(redactQuery('a=1', new Set()), 'a=1')
  t.strictSame(readParameter(`token=${'x'.repeat(9_000)}`, 'token'), [], 'a query too long is not looked at')
})

t.test('Prismic shows its secret in the body', async t => {
  const scheme = compileSource({ scheme: 'prismic' })
  const judge = (body: string) => scheme.verify(makeDelivery({}, body), SECRETS, NOW)
  t.match(judge(JSON.stringify({ type: 'api-update', secret: TOKEN })), { ok: true })
  t.match(judge(JSON.stringify({ type: 'api-update', secret: 'other' })), { reason: 'credentials_mismatch' })
  for (const body of [
    '',
    '{',
    '{}',
    '[]',
    '{"secret":null}',
    '{"secret":1}',
    '{"secret":""}',
    '{"__proto__":{"secret":"x"}}',
    `{"a":${'['.repeat(40)}${']'.repeat(40)},"secret":${JSON.stringify(TOKEN)}}`,
  ])
    t.match(judge(body), { reason: 'credentials_missing' }, body.slice(0, 30))
  t.notOk(scheme.headersOnly)
})
