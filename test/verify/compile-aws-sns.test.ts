import { generateKeyPairSync, sign } from 'node:crypto'
import t from 'tap'
import { compileScheme } from '../../src/verify/compile-scheme.ts'
import { makeDelivery } from '../fixtures/make-delivery.ts'
import { SIGNATURE_VECTORS } from '../fixtures/signature-vectors.ts'

const NOW = 1_767_225_600_000
const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
const KEY = String(publicKey.export({ type: 'spki', format: 'pem' }))
const SECRETS = [{ value: KEY, expiresAt: null }]
const TOPIC = 'arn:aws:sns:eu-west-1:123456789012:deploys'
const ORDER = ['Message', 'MessageId', 'Subject', 'SubscribeURL', 'Timestamp', 'Token', 'TopicArn', 'Type']
const NOTIFICATION = {
  Type: 'Notification',
  MessageId: 'm-1',
  TopicArn: TOPIC,
  Message: 'line 1\nline 2',
  Timestamp: '2026-01-01T00:00:00.000Z',
}

/** Signs as AWS documents it: name and value, a line each, in byte order of the names. */
function signed(message: Record<string, unknown>, version = '2') {
  const text = ORDER.flatMap(name => (message[name] === undefined ? [] : [`${name}\n${message[name]}\n`])).join('')
  const Signature = sign(version === '1' ? 'sha1' : 'sha256', Buffer.from(text), privateKey).toString('base64')
  return { ...message, SignatureVersion: version, Signature, SigningCertURL: 'https://attacker.example/cert.pem' }
}

const scheme = compileScheme({ kind: 'aws-sns' }, { topicArns: [TOPIC] })
const judge = (message: unknown, at = NOW, judged = scheme) =>
  judged.verify(makeDelivery({}, JSON.stringify(message)), SECRETS, at)

t.test('a message is checked with the certificate of the source, and no URL in it counts', async t => {
  t.match(judge(signed(NOTIFICATION)), { ok: true, secretIndex: 0, signedAt: NOW, replayKey: /^[0-9a-f]{64}$/ })
  t.match(judge(signed({ ...NOTIFICATION, Subject: 'é' })), { ok: true })
  const confirmation = {
    ...NOTIFICATION,
    Type: 'SubscriptionConfirmation',
    Token: 't',
    SubscribeURL: 'https://x.example',
  }
  t.match(judge(signed(confirmation)), { ok: true })
  t.notOk(scheme.bindsBody, 'MessageAttributes are not signed')
})

t.test("a topic that is not the source's own is refused, though AWS signs it with the same key", async t => {
  t.match(judge(signed({ ...NOTIFICATION, TopicArn: `${TOPIC}2` })), { reason: 'signature_mismatch' })
  t.throws(() => compileScheme({ kind: 'aws-sns' }, {}), { code: 'config_invalid' }, 'nor does a source go without')
})

t.test('SHA-1 is taken only where the source says so', async t => {
  t.match(judge(signed(NOTIFICATION, '1')), { reason: 'signature_malformed' })
  const lax = compileScheme({ kind: 'aws-sns' }, { topicArns: [TOPIC], allowSha1: true })
  t.match(judge(signed(NOTIFICATION, '1'), NOW, lax), { ok: true })
  t.match(judge({ ...signed(NOTIFICATION), SignatureVersion: '1' }, NOW, lax), { reason: 'signature_mismatch' })
  t.match(judge({ ...signed(NOTIFICATION), SignatureVersion: '3' }), { reason: 'signature_malformed' })
})

t.test('what is missing or of the wrong shape is refused, and throws nothing', async t => {
  const whole: Record<string, unknown> = signed(NOTIFICATION)
  for (const name of ['Type', 'MessageId', 'TopicArn', 'Message', 'Timestamp', 'Signature', 'SignatureVersion']) {
    for (const value of [undefined, null, 7, '', {}, ['a']])
      t.notOk(judge({ ...whole, [name]: value }).ok, `${name} = ${value}`)
  }
  t.notOk(judge(signed({ ...NOTIFICATION, MessageId: 'a\nb' })).ok, 'a line break in a name or id')
  for (const body of ['', 'null', '[]', '7', '{', '{"__proto__":1}', `[${'['.repeat(50)}`])
    t.notOk(scheme.verify(makeDelivery({}, body), SECRETS, NOW).ok, body.slice(0, 10))
})

t.test('a message may be late unless the source says otherwise, and a certificate ends when it says so', async t => {
  t.match(judge(signed(NOTIFICATION), NOW + 86_400_000), { ok: true })
  const strict = compileScheme({ kind: 'aws-sns' }, { topicArns: [TOPIC], toleranceMs: 3_600_000 })
  t.match(judge(signed(NOTIFICATION), NOW + 3_601_000, strict), { reason: 'timestamp_out_of_range' })
  const vector = SIGNATURE_VECTORS.find(({ name }) => name === 'aws-sns')!
  const own = compileScheme({ kind: 'aws-sns' }, { topicArns: vector.source.topicArns as string[], toleranceMs: null })
  const secrets = [{ value: vector.secret, expiresAt: null }]
  const late = Date.UTC(2040, 0)
  t.match(own.verify(makeDelivery({}, vector.body), secrets, late), { reason: 'secret_expired' })
})
