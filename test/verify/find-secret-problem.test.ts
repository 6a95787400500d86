import t from 'tap'
import { compileScheme } from '../../src/verify/compile-scheme.ts'
import { definitionFromSource } from '../../src/verify/definition-from-source.ts'
import { findSecretProblem } from '../../src/verify/find-secret-problem.ts'

const definitionOf = (scheme: string, source: Record<string, unknown> = {}) => {
  const read = definitionFromSource(scheme, source)
  if (!read.ok) throw new Error('expected a definition')
  return read.definition
}
const CANARY = 'canary-0123456789-canary'

t.test('T016 an empty secret is refused by every kind but none', async t => {
  const definitions = [
    definitionOf('github'),
    definitionOf('stripe'),
    definitionOf('standard-webhooks'),
    definitionOf('bearer'),
    definitionOf('basic'),
    definitionOf('header', { header: 'x-token' }),
  ]
  for (const definition of definitions) {
    for (const secret of ['', '  ', '\n', undefined]) {
      t.equal(findSecretProblem(definition, secret), 'a secret that is not empty', definition.kind)
    }
  }
  t.equal(findSecretProblem(definitionOf('none', { unsigned: true }), ''), null)
})

t.test('a secret that its scheme cannot use is refused without being shown', async t => {
  const base64 = definitionOf('hmac', { header: 'x-sig', secretEncoding: 'base64' })
  const hex = definitionOf('hmac', { header: 'x-sig', secretEncoding: 'hex' })
  const cases = [
    [base64, `${CANARY}!`],
    [hex, CANARY],
    [hex, 'abc'],
    [definitionOf('basic'), CANARY],
    [definitionOf('basic'), `:${CANARY}`],
    [definitionOf('bearer'), ` ${CANARY}`],
    [definitionOf('bearer'), `${CANARY}\n${CANARY}`],
    [definitionOf('bearer'), CANARY.repeat(200)],
    [definitionOf('standard-webhooks'), `whsk_${CANARY}`],
    [definitionOf('standard-webhooks'), `whpk_${CANARY}`],
    [definitionOf('standard-webhooks'), 'whsec_'],
  ] as const
  for (const [definition, secret] of cases) {
    t.type(findSecretProblem(definition, secret), 'string')
    try {
      compileScheme(definition, { secrets: [{ value: secret, expiresAt: null }] })
      t.fail('compiled')
    } catch (error) {
      t.match(error, { code: 'config_invalid' })
      t.notMatch((error as Error).message, CANARY)
    }
  }
})

t.test('a usable secret has no problem', async t => {
  t.equal(findSecretProblem(definitionOf('github'), "It's a Secret to Everybody"), null)
  t.equal(findSecretProblem(definitionOf('stripe'), 'whsec_test_secret_0123456789abcdef'), null)
  t.equal(findSecretProblem(definitionOf('standard-webhooks'), 'whsec_plJ3nmyCDGBKInavdOK15jsl'), null)
  t.equal(findSecretProblem(definitionOf('basic'), 'user:pa:ss'), null)
  t.equal(findSecretProblem(definitionOf('bearer'), CANARY), null)
})
