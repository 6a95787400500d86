import t from 'tap'
import twilio from 'twilio'
import { varyPort } from '../../src/verify/vary-port.ts'
import { compileSource } from '../fixtures/compile-source.ts'
import { makeDelivery } from '../fixtures/make-delivery.ts'

const SECRETS = [{ value: 'an auth token', expiresAt: null }]
const BODY = '{"a":1}'

t.test('a port is left out, or the usual one put in, and nothing else changes', async t => {
  for (const [bare, ported] of [
    ['https://a.example/x?y=:1#z', 'https://a.example:443/x?y=:1#z'],
    ['http://a.example', 'http://a.example:80'],
    ['https://a.example?x=b:2@c', 'https://a.example:443?x=b:2@c'],
    ['https://u:p@a.example/x', 'https://u:p@a.example:443/x'],
    ['https://[::1]/x', 'https://[::1]:443/x'],
  ] as const) {
    t.strictSame(varyPort(bare), [bare, ported])
    t.strictSame(varyPort(ported), [ported, bare])
  }
  t.strictSame(varyPort('https://a.example:8443/x'), ['https://a.example:8443/x', 'https://a.example/x'])
})

t.test('what Twilio signs with the port, or without it, is accepted whichever of them the source says', async t => {
  const [BARE, USUAL, OTHER] = ['https://a.example/x', 'https://a.example:443/x', 'https://a.example:8443/x']
  const isAccepted = (configured: string, signed: string, scheme: 'twilio' | 'twilio-json') => {
    const isForm = scheme === 'twilio'
    const url = isForm ? signed : `${signed}?bodySHA256=${twilio.getExpectedBodyHash(BODY)}`
    const signature = twilio.getExpectedTwilioSignature(SECRETS[0]!.value, url, isForm ? { To: '1' } : {})
    const delivery = makeDelivery({ 'x-twilio-signature': signature }, isForm ? 'To=1' : BODY)
    return compileSource({ scheme, url: configured }).verify(delivery, SECRETS, 0).ok
  }
  for (const scheme of ['twilio', 'twilio-json'] as const) {
    const verdicts = [BARE, USUAL, OTHER].map(url =>
      [BARE, USUAL, OTHER].map(signed => isAccepted(url, signed, scheme)),
    )
    t.strictSame(
      verdicts,
      [
        [true, true, false],
        [true, true, false],
        [true, false, true],
      ],
      scheme,
    )
  }
})

t.test('other senders that sign a URL sign the one they were given', async t => {
  const sign = (url: string) => {
    const source = compileSource({ scheme: 'hubspot-v2', url })
    return makeDelivery(source.sign({ body: Buffer.from(BODY) }, SECRETS[0]!.value, 0), BODY)
  }
  const scheme = compileSource({ scheme: 'hubspot-v2', url: 'https://a.example/x' })
  t.ok(scheme.verify(sign('https://a.example/x'), SECRETS, 0).ok)
  t.notOk(scheme.verify(sign('https://a.example:443/x'), SECRETS, 0).ok)
})
