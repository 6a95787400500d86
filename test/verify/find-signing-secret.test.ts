import { createPublicKey } from 'node:crypto'
import t from 'tap'
import { compileScheme } from '../../src/verify/compile-scheme.ts'
import { findSigningSecret, publicKeysOf } from '../../src/verify/find-signing-secret.ts'
import { loadPreset } from '../../src/verify/preset.ts'
import type { SimpleDefinition } from '../../src/verify/scheme-definition.ts'
import { signDelivery } from '../../src/verify/sign-delivery.ts'
import { completePreset, makeKeys } from '../fixtures/complete-preset.ts'
import { makeDelivery } from '../fixtures/make-delivery.ts'

const NOW = 1_767_225_600_000
const keys = { rsa: makeKeys('rsa'), ed25519: makeKeys('ed25519'), p256: makeKeys('p256') }
const secretsOf = (...values: string[]) => values.map(value => ({ value, expiresAt: null }))
const definitionOf = (name: string) => completePreset(loadPreset(name)!)
const raw = createPublicKey(keys.ed25519.publicKey).export({ format: 'der', type: 'spki' }).subarray(12)
const whpk = `whpk_${raw.toString('base64')}`
const whsec = `whsec_${Buffer.alloc(32, 7).toString('base64')}`
const keySet = (...pems: string[]) =>
  JSON.stringify({ keys: pems.map((pem, i) => ({ ...createPublicKey(pem).export({ format: 'jwk' }), kid: `k${i}` })) })
const message = (algorithm: 'ed25519' | 'hmac-sha256') =>
  ({ kind: 'http-message-signature', algorithm }) as SimpleDefinition

t.test(
  'the private key signs where the source holds its public half, in every form that a source may hold it in',
  async t => {
    const cases: readonly [string, SimpleDefinition, string, string][] = [
      ['Ed25519, hex', definitionOf('discord'), raw.toString('hex'), keys.ed25519.privateKey],
      ['Ed25519, PEM', definitionOf('discord'), keys.ed25519.publicKey, keys.ed25519.privateKey],
      ['P-256', definitionOf('sendgrid'), keys.p256.publicKey, keys.p256.privateKey],
      ['RSA', definitionOf('paypal'), keys.rsa.publicKey, keys.rsa.privateKey],
      ['AWS SNS', definitionOf('aws-sns'), keys.rsa.publicKey, keys.rsa.privateKey],
      ['a token, PEM', definitionOf('google-pubsub'), keys.rsa.publicKey, keys.rsa.privateKey],
      ['a token, key set', definitionOf('gitlab-ci'), keySet(keys.rsa.publicKey), keys.rsa.privateKey],
      ['whpk_', definitionOf('svix'), whpk, keys.ed25519.privateKey],
      ['a message', message('ed25519'), keys.ed25519.publicKey, keys.ed25519.privateKey],
    ]
    for (const [what, definition, held, privateKey] of cases) {
      t.equal(findSigningSecret(definition, secretsOf(held), privateKey), privateKey, what)
      t.equal(publicKeysOf(definition, secretsOf(held))?.length, 1, what)
      const other = makeKeys('rsa').privateKey
      const expected = { code: 'config_invalid', message: /^expected the private half of a public key in the secrets/ }
      t.throws(() => findSigningSecret(definition, secretsOf(held), other), expected, `${what}: another key`)
      for (const text of ['', 'no key', keys.rsa.publicKey])
        t.throws(() => findSigningSecret(definition, secretsOf(held), text), {
          message: /^expected a private key \(PEM\)/,
        })
      t.equal(findSigningSecret(definition, secretsOf(held), undefined), held, `${what}: none is given`)
    }
  },
)

t.test('any of several public keys may be the one, and keys that are published are not looked up', async t => {
  const old = makeKeys('ed25519')
  const held = secretsOf(old.publicKey, keys.ed25519.publicKey)
  t.equal(findSigningSecret(definitionOf('discord'), held, keys.ed25519.privateKey), keys.ed25519.privateKey)
  const published = { ...definitionOf('google-pubsub'), jwks: 'https://a.example/keys' } as SimpleDefinition
  t.equal(findSigningSecret(published, [], keys.rsa.privateKey), keys.rsa.privateKey)
})

t.test('a shared secret signs whatever key is given', async t => {
  const cases: readonly [SimpleDefinition, string][] = [
    [definitionOf('github'), 'a-secret-of-sixteen-bytes'],
    [definitionOf('svix'), whsec],
    [definitionOf('netlify'), 'a-secret-of-sixteen-bytes'],
    [message('hmac-sha256'), 'a-secret-of-sixteen-bytes'],
    [{ kind: 'bearer' }, 'a-secret-of-sixteen-bytes'],
  ]
  for (const [definition, secret] of cases) {
    t.equal(findSigningSecret(definition, secretsOf(secret), keys.rsa.privateKey), secret, definition.kind)
    t.equal(publicKeysOf(definition, secretsOf(secret)), null, definition.kind)
  }
  t.equal(findSigningSecret({ kind: 'none' }, [], undefined), '')
})

t.test('in a combination the key signs for the member that holds its public half', async t => {
  const secrets = secretsOf(keys.ed25519.publicKey, 'a-token-of-sixteen-bytes')
  const members = [
    { definition: definitionOf('discord'), settings: {}, secretCount: 1 },
    { definition: { kind: 'bearer' }, settings: {}, secretCount: 1 },
  ] as const
  const scheme = compileScheme({ kind: 'all-of', members }, { secrets })
  const unsigned = { body: Buffer.from('{}'), method: 'POST', privateKey: keys.ed25519.privateKey }
  const { headers, body } = signDelivery(scheme, unsigned, '', NOW)
  t.match(scheme.verify(makeDelivery(headers, body), secrets, NOW), { ok: true })
  const wrong = { ...unsigned, privateKey: makeKeys('ed25519').privateKey }
  t.throws(() => signDelivery(scheme, wrong, '', NOW), { code: 'config_invalid' })
})
