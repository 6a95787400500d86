import { sign as signGithub, verify as verifyGithub } from '@octokit/webhooks-methods'
import fc from 'fast-check'
import { Webhook } from 'standardwebhooks'
import Stripe from 'stripe'
import t from 'tap'
import { compileSource } from '../fixtures/compile-source.ts'
import { makeDelivery } from '../fixtures/make-delivery.ts'

const NOW = 1_767_225_600_000
const RUNS = 100
// The libraries take the body as text, so text it is here; the forgery tests use bytes.
const bodies = fc.oneof(
  fc.json(),
  fc.string({ unit: 'binary', minLength: 1 }),
  fc.constant('{"a":"é🚀\\u00e9","n":1.0}'),
)
const keys = fc.string({ unit: 'grapheme-ascii', minLength: 16, maxLength: 64 }).filter(key => key.trim() !== '')
const secretsOf = (value: string) => [{ value, expiresAt: null }]

t.test('what the stripe library signs is accepted, and it accepts what we sign', async t => {
  const { webhooks } = new Stripe('sk_test_not_a_key')
  const scheme = compileSource({ scheme: 'stripe' })
  let accepted = 0
  fc.assert(
    fc.property(bodies, keys, (payload, secret) => {
      const timestamp = NOW / 1_000
      const theirs = webhooks.generateTestHeaderString({ payload, secret, timestamp })
      const { signature } = webhooks
      const ours = scheme.sign({ body: Buffer.from(payload) }, secret, NOW)['stripe-signature']!
      const delivery = makeDelivery({ 'Stripe-Signature': theirs }, payload)
      if (ours !== theirs || !scheme.verify(delivery, secretsOf(secret), NOW).ok) return false
      accepted++
      return signature!.verifyHeader(payload, ours, secret, 300, undefined, NOW)
    }),
    { numRuns: RUNS },
  )
  t.equal(accepted, RUNS)
})

t.test('what octokit signs is accepted, and it accepts what we sign', async t => {
  const scheme = compileSource({ scheme: 'github' })
  let accepted = 0
  await fc.assert(
    fc.asyncProperty(bodies, keys, async (payload, secret) => {
      const theirs = await signGithub(secret, payload)
      const ours = scheme.sign({ body: Buffer.from(payload) }, secret, NOW)['x-hub-signature-256']!
      const delivery = makeDelivery({ 'X-Hub-Signature-256': theirs }, payload)
      if (!scheme.verify(delivery, secretsOf(secret), NOW).ok) return false
      accepted++
      return await verifyGithub(secret, payload, ours)
    }),
    { numRuns: RUNS },
  )
  t.equal(accepted, RUNS)
})

t.test('what the Standard Webhooks library signs is accepted, and it accepts what we sign', async t => {
  const scheme = compileSource({ scheme: 'standard-webhooks' })
  const now = Date.now()
  let accepted = 0
  fc.assert(
    fc.property(fc.jsonValue(), fc.uint8Array({ minLength: 24, maxLength: 64 }), (value, key) => {
      const payload = JSON.stringify(value)
      const secret = `whsec_${Buffer.from(key).toString('base64')}`
      const library = new Webhook(secret)
      const headers = {
        'webhook-id': 'msg_1',
        'webhook-timestamp': String(Math.floor(now / 1_000)),
        'webhook-signature': library.sign('msg_1', new Date(now), payload),
      }
      if (!scheme.verify(makeDelivery(headers, payload), secretsOf(secret), now).ok) return false
      accepted++
      library.verify(payload, scheme.sign({ body: Buffer.from(payload) }, secret, now))
      return true
    }),
    { numRuns: RUNS },
  )
  t.equal(accepted, RUNS)
})
