import { generateKeyPairSync, type KeyObject } from 'node:crypto'
import t from 'tap'
import { findSecretProblem } from '../../src/verify/find-secret-problem.ts'
import { loadPreset } from '../../src/verify/preset.ts'
import { type KeyAlgorithm, readPublicKey } from '../../src/verify/public-key.ts'
import { compileSource } from '../fixtures/compile-source.ts'
import { makeDelivery } from '../fixtures/make-delivery.ts'
import { SIGNATURE_VECTORS } from '../fixtures/signature-vectors.ts'

const pem = (key: KeyObject, type: 'spki' | 'pkcs8') => String(key.export({ type, format: 'pem' } as never))
const ed25519 = generateKeyPairSync('ed25519')
const p256 = generateKeyPairSync('ec', { namedCurve: 'prime256v1' })
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 })

t.test('a public key is read in each of its forms', async t => {
  const der = ed25519.publicKey.export({ type: 'spki', format: 'der' })
  const raw = der.subarray(-32)
  const forms = [raw.toString('hex'), raw.toString('base64'), der.toString('base64'), pem(ed25519.publicKey, 'spki')]
  for (const form of forms) t.ok(readPublicKey(form, 'ed25519')?.key.equals(ed25519.publicKey), form.slice(0, 20))
  const folded = pem(rsa.publicKey, 'spki').replaceAll('\n', '\\n')
  t.ok(readPublicKey(folded, 'rsa-sha256')?.key.equals(rsa.publicKey), 'with \\n for its line breaks')
  const certificate = SIGNATURE_VECTORS.find(({ name }) => name === 'paypal')!.secret
  t.equal(readPublicKey(certificate, 'rsa-sha256')?.validUntilAt, Date.UTC(2036, 0))
})

t.test('what is no public key of the right type is refused', async t => {
  const short = generateKeyPairSync('rsa', { modulusLength: 1024 })
  const p384 = generateKeyPairSync('ec', { namedCurve: 'secp384r1' })
  const cases: readonly [string, KeyAlgorithm][] = [
    [pem(rsa.privateKey, 'pkcs8'), 'rsa-sha256'],
    [pem(ed25519.privateKey, 'pkcs8'), 'ed25519'],
    [pem(rsa.publicKey, 'spki'), 'ed25519'],
    [pem(ed25519.publicKey, 'spki'), 'rsa-sha256'],
    [pem(p256.publicKey, 'spki'), 'rsa-sha256'],
    [pem(p384.publicKey, 'spki'), 'ecdsa-sha256'],
    [pem(short.publicKey, 'spki'), 'rsa-sha256'],
    ['a-secret-of-sixteen-bytes', 'ed25519'],
    ['', 'ed25519'],
    ['00'.repeat(31), 'ed25519'],
    ['-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----', 'rsa-sha256'],
    ['-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----', 'rsa-sha256'],
  ]
  for (const [text, algorithm] of cases) t.equal(readPublicKey(text, algorithm), null, text.slice(0, 30))
})

t.test('a secret that is no public key stops the start, and is not shown', async t => {
  const discord = loadPreset('discord')!.scheme
  const problem = findSecretProblem(discord, pem(ed25519.privateKey, 'pkcs8'))
  t.match(problem, /^an Ed25519 public key .* never a private key$/)
  t.equal(findSecretProblem(discord, pem(ed25519.publicKey, 'spki')), null)
  t.match(
    findSecretProblem(loadPreset('sendgrid')!.scheme, 'canary-canary-canary'),
    /^a P-256 public key or certificate/,
  )
  t.match(findSecretProblem(loadPreset('aws-sns')!.scheme, 'canary-canary-canary'), /^an RSA \(2048 bits or more\)/)
  t.equal(findSecretProblem(loadPreset('adyen-payments')!.scheme, 'no hex'), 'a secret in hex')
})

t.test('a certificate ends when it says so, whatever the source says', async t => {
  const vector = SIGNATURE_VECTORS.find(({ name }) => name === 'paypal')!
  const scheme = compileSource({ ...vector.source, tolerance: 'off' })
  const judge = (now: number, expiresAt: number | null = null) =>
    scheme.verify(makeDelivery(vector.headers, vector.body), [{ value: vector.secret, expiresAt }], now)
  t.match(judge(Date.UTC(2035, 11, 31)), { ok: true })
  t.match(judge(Date.UTC(2036, 0, 2)), { reason: 'secret_expired' })
  t.match(judge(Date.UTC(2030, 0), Date.UTC(2029, 0)), { reason: 'secret_expired' })
})
