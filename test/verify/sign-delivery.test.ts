import { generateKeyPairSync } from 'node:crypto'
import t from 'tap'
import { compileScheme } from '../../src/verify/compile-scheme.ts'
import { listPresets, loadPreset, type Preset } from '../../src/verify/preset.ts'
import { signDelivery } from '../../src/verify/sign-delivery.ts'
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

/** What the source is given, and what the sender signs with. */
function keysFor({ scheme }: Preset): { secret: string; signingKey: string } {
  const same = (secret: string) => ({ secret, signingKey: secret })
  if (scheme.kind === 'asymmetric' || scheme.kind === 'aws-sns') {
    const algorithm = scheme.kind === 'aws-sns' ? 'rsa-sha256' : scheme.algorithm
    const { publicKey, privateKey } = algorithm.startsWith('rsa')
      ? generateKeyPairSync('rsa', { modulusLength: 2048 })
      : algorithm === 'ed25519'
        ? generateKeyPairSync('ed25519')
        : generateKeyPairSync('ec', { namedCurve: 'prime256v1' })
    return {
      secret: String(publicKey.export({ type: 'spki', format: 'pem' })),
      signingKey: String(privateKey.export({ type: 'pkcs8', format: 'pem' })),
    }
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
    const scheme = compileScheme(preset.scheme, SETTINGS)
    const secrets = [{ value: secret, expiresAt: null }]
    const unsigned = { body: bodyFor(preset), method: 'POST', id: 'msg_1', headers: {} }
    const { headers, body, query } = signDelivery(scheme, unsigned, signingKey, NOW)
    const delivery = { ...makeDelivery(headers, body), query }
    t.match(scheme.verify(delivery, secrets, NOW), { ok: true, secretIndex: 0 })
    const other =
      keysFor(preset).secret === secret ? `${Buffer.from('another').toString('hex')}${secret}` : keysFor(preset).secret
    t.notOk(scheme.verify(delivery, [{ value: other, expiresAt: null }], NOW).ok)
    t.notOk(scheme.verify(delivery, [], NOW).ok, 'nor without a secret')
    t.notOk(scheme.verify(delivery, [{ value: secret, expiresAt: NOW }], NOW).ok, 'nor by one that ended')
    t.throws(() => signDelivery(scheme, unsigned, ' ', NOW), { code: 'config_invalid' }, 'an empty secret cannot sign')
    t.notOk(JSON.stringify(headers).includes(signingKey) && scheme.bindsBody, 'a signing secret does not travel')
  })
}
