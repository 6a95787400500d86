import t from 'tap'
import { compileScheme } from '../../src/verify/compile-scheme.ts'
import { listPresets, loadPreset, type Preset } from '../../src/verify/preset.ts'
import { signDelivery } from '../../src/verify/sign-delivery.ts'
import { completePreset, makeKeys } from '../fixtures/complete-preset.ts'
import { makeDelivery } from '../fixtures/make-delivery.ts'

const NOW = 1_767_225_600_000
const SETTINGS = {
  url: 'https://hooks.example.com/hooks/it?a=b%2Fc',
  webhookId: 'WH-1',
  topicArns: ['arn:aws:sns:eu-west-1:123456789012:t'],
  allowSha1: true,
}
const ADYEN_ITEM = {
  pspReference: '7914073381342284',
  merchantAccountCode: 'TestMerchant',
  merchantReference: 'an order: 1',
  amount: { value: 1130, currency: 'EUR' },
  eventCode: 'AUTHORISATION',
  success: 'true',
}

function bodyFor({ name, form, contentTypes }: Preset): Buffer {
  if (name === 'adyen-payments')
    return Buffer.from(JSON.stringify({ notificationItems: [{ NotificationRequestItem: ADYEN_ITEM }] }))
  if (contentTypes.includes('application/json') || contentTypes.includes('*') || form === null)
    return Buffer.from(JSON.stringify({ id: 'evt_1', text: 'é + 1.0', webhookTimestamp: NOW }))
  return Buffer.from(new URLSearchParams({ payload: '{"a":"é & b"}' }).toString())
}

function keyTypeOf(scheme: Preset['scheme']): 'rsa' | 'ed25519' | 'p256' | null {
  if (scheme.kind === 'aws-sns') return 'rsa'
  if (scheme.kind === 'http-message-signature') return scheme.algorithm === 'hmac-sha256' ? null : 'rsa'
  if (scheme.kind === 'jwt') return scheme.algorithm.startsWith('HS') ? null : 'rsa'
  if (scheme.kind !== 'asymmetric') return null
  return scheme.algorithm === 'ed25519' ? 'ed25519' : scheme.algorithm.startsWith('rsa') ? 'rsa' : 'p256'
}

/** What the source is given, and what the sender signs with. */
function keysFor({ scheme }: Preset): { secret: string; signingKey: string } {
  const same = (secret: string) => ({ secret, signingKey: secret })
  const type = keyTypeOf(scheme)
  if (type !== null) {
    const { publicKey, privateKey } = makeKeys(type)
    return { secret: publicKey, signingKey: privateKey }
  }
  if (scheme.kind === 'standard-webhooks' && scheme.secretEncoding === 'whsec')
    return same(`whsec_${Buffer.alloc(32, 7).toString('base64')}`)
  if (scheme.kind === 'basic') return same('user:a-password-of-16-bytes')
  return same(Buffer.from('0123456789abcdef0123456789abcd').toString('hex'))
}

for (const name of listPresets()) {
  t.test(`a test delivery of ${name} is accepted, and by no other secret`, async t => {
    const preset = loadPreset(name)!
    const { secret, signingKey } = keysFor(preset)
    const scheme = compileScheme(completePreset(preset), SETTINGS)
    const secrets = [{ value: secret, expiresAt: null }]
    const unsigned = { body: bodyFor(preset), method: 'POST', id: 'msg_1', headers: {} }
    const { headers, body, query } = signDelivery(scheme, unsigned, signingKey, NOW)
    const delivery = { ...makeDelivery(headers, body), query }
    t.match(await scheme.verify(delivery, secrets, NOW), { ok: true, secretIndex: 0 })
    const other =
      keysFor(preset).secret === secret ? `${Buffer.from('another').toString('hex')}${secret}` : keysFor(preset).secret
    t.notOk((await scheme.verify(delivery, [{ value: other, expiresAt: null }], NOW)).ok)
    t.notOk((await scheme.verify(delivery, [], NOW)).ok, 'nor without a secret')
    t.notOk((await scheme.verify(delivery, [{ value: secret, expiresAt: NOW }], NOW)).ok, 'nor by one that ended')
    t.throws(() => signDelivery(scheme, unsigned, ' ', NOW), { code: 'config_invalid' }, 'an empty secret cannot sign')
    t.notOk(JSON.stringify(headers).includes(signingKey) && scheme.bindsBody, 'a signing secret does not travel')
  })
}
