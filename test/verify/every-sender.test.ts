import t from 'tap'
import { makeDelivery } from '../../src/source/make-delivery.ts'
import { listPresets, loadPreset, type Preset } from '../../src/verify/preset.ts'
import { makeKeys } from '../fixtures/complete-preset.ts'
import { envName, HEX, sharedSecretOf, sourceOf } from '../fixtures/preset-sources.ts'
import { post, startTestBridge } from '../fixtures/start-test-bridge.ts'

const ITEM = {
  pspReference: '7914073381342284',
  merchantAccountCode: 'TestMerchant',
  merchantReference: 'order',
  amount: { value: 1130, currency: 'EUR' },
  eventCode: 'AUTHORISATION',
  success: 'true',
}

const KEYS = { rsa: makeKeys('rsa'), ed25519: makeKeys('ed25519'), p256: makeKeys('p256') }

/** The pair of keys of a sender that signs with a private one; null for a shared secret. */
function keysOf({ scheme }: Preset): (typeof KEYS)[keyof typeof KEYS] | null {
  if (scheme.kind === 'aws-sns') return KEYS.rsa
  if (scheme.kind === 'jwt') return scheme.algorithm.startsWith('HS') ? null : KEYS.rsa
  if (scheme.kind !== 'asymmetric') return null
  if (scheme.algorithm === 'ed25519') return KEYS.ed25519
  return scheme.algorithm === 'ecdsa-sha256' ? KEYS.p256 : KEYS.rsa
}

const presets = listPresets().map(name => loadPreset(name)!)

t.test('a test delivery of every sender is taken over HTTP, and one that is changed is not', async t => {
  const secretOf = (preset: Preset) => keysOf(preset)?.publicKey.replaceAll('\n', '\\n') ?? sharedSecretOf(preset)
  const env = Object.fromEntries(presets.map(preset => [envName(preset.name), secretOf(preset)]))
  const bridge = await startTestBridge(t, {
    config: {
      sources: Object.fromEntries(presets.map(preset => [preset.name, sourceOf(preset)])),
      // every changed delivery comes from one address
      limits: { failedAuthPerMinute: 10_000 },
    },
    env: { ...env, VERIFY: 'a-verify-token-of-ours' },
  })
  const { sources } = bridge.bridge.live.setup.config
  for (const preset of presets) {
    const { name } = preset
    const payload =
      name === 'adyen-payments'
        ? { notificationItems: [{ NotificationRequestItem: ITEM }] }
        : { id: name, type: 'a.b', webhookTimestamp: Date.now() }
    const { path, headers, body } = makeDelivery(sources.get(name)!, Buffer.from(JSON.stringify(payload)), {
      type: 'a.b',
      id: `id-${name}`,
      ...(keysOf(preset) !== null && { privateKey: keysOf(preset)!.privateKey }),
    })
    const url = `${bridge.url}/hooks/${name}${path}`
    const answer = await post(url, headers, body)
    t.match([answer.status, answer.body], [200, { outcome: 'recorded' }], name)
    t.match(await post(url, headers, body), { status: 200, body: { outcome: 'duplicate' } }, `${name}: again`)
    if (preset.bindsBody)
      t.equal((await post(url, headers, Buffer.concat([body, Buffer.from(' ')]))).status, 401, `${name}: another body`)
    t.equal(
      (await post(url.replace(/\?.*/, ''), { 'content-type': headers['content-type']! }, Buffer.from('{}'))).status,
      401,
      `${name}: without its proof`,
    )
  }
  t.notMatch(bridge.logText(), new RegExp(HEX), 'no secret in the log')
})
