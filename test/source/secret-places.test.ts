import t from 'tap'
import { findSecretPlaces, makeBodyRedactor } from '../../src/source/secret-places.ts'
import type { CombinedDefinition } from '../../src/verify/scheme-definition.ts'

t.test('the places of credentials are known for every scheme, combined ones too', async t => {
  const definition: CombinedDefinition = {
    kind: 'any-of',
    members: [
      { definition: { kind: 'header', header: 'X-Gitlab-Token', prefix: '' }, settings: {}, secretCount: 1 },
      { definition: { kind: 'query-token', parameter: 'code' }, settings: {}, secretCount: 1 },
    ],
  }
  const places = findSecretPlaces(definition)
  t.strictSame([...places.secretHeaders], ['x-gitlab-token'])
  t.strictSame([...places.secretParameters], ['code'])
  t.strictSame([...findSecretPlaces({ kind: 'basic' }).secretHeaders], [])
  t.strictSame([...findSecretPlaces({ kind: 'basic' }, 'header.x-hook-secret').secretHeaders], ['x-hook-secret'])
  t.strictSame([...findSecretPlaces({ kind: 'basic' }, 'body.verification_token').secretHeaders], [])
})

t.test('a secret in the body is struck out, and everything else stays byte for byte', async t => {
  const redact = makeBodyRedactor({ kind: 'body-token', field: 'secret' })
  const strike = (text: string) => redact(Buffer.from(text)).toString()
  t.equal(strike('{"n": 1.0,"secret":"pr_secret","é":"pr_secret"}'), '{"n": 1.0,"secret":"*********","é":"*********"}')
  t.equal(strike('{"secret":"a\\"b\\u00e9"}'), '{"secret":"[redacted]"}', 'escapes that could be spelled otherwise')
  t.equal(strike('{"secret":"\\u0070r_secret"}'), '{"secret":"[redacted]"}')
  for (const text of ['{"secret":7}', '{"secret":""}', '{}', 'no json', '']) t.equal(strike(text), text)
  const body = Buffer.from('{"secret":"pr_secret"}')
  redact(body)
  t.equal(String(body), '{"secret":"pr_secret"}', 'the body itself is left alone')
  t.equal(makeBodyRedactor({ kind: 'bearer' })(body), body)
})

t.test('a secret that a sender hands out in a body is struck out, and other bodies are not even copied', async t => {
  const redact = makeBodyRedactor({ kind: 'basic' }, 'body.verification_token')
  t.equal(redact(Buffer.from('{"verification_token":"secret_1"}')).toString(), '{"verification_token":"********"}')
  for (const text of ['{"token":"secret_1"}', '{"verification_token":7}', '"verification_token"', '']) {
    const body = Buffer.from(text)
    t.equal(redact(body), body, text)
  }
  const body = Buffer.from('{"verification_token":"secret_1"}')
  t.equal(makeBodyRedactor({ kind: 'basic' }, 'header.x-hook-secret')(body), body)
})
