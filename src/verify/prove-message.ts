import { constants, createHmac, sign, timingSafeEqual, verify } from 'node:crypto'
import { BridgeError } from '../errors.ts'
import { type JwtKey, readKnownKeys } from './jwt-keys.ts'
import type { JwtAlgorithm } from './jwt-settings.ts'
import type { MessageAlgorithm } from './message-settings.ts'
import { decodeKey } from './prove-hmac.ts'
import { readSigningKey } from './public-key.ts'
import type { MessageDefinition } from './scheme-definition.ts'

type Asymmetric = Exclude<MessageAlgorithm, 'hmac-sha256'>

/** The keys of an algorithm are those of its namesake for tokens, so that a key set or a PEM may hold them. */
const KEYS: Readonly<Record<Asymmetric, JwtAlgorithm>> = {
  'rsa-pss-sha512': 'PS512',
  'rsa-v1_5-sha256': 'RS256',
  'ecdsa-p256-sha256': 'ES256',
  'ecdsa-p384-sha384': 'ES384',
  ed25519: 'EdDSA',
}
const HASH: Readonly<Record<Asymmetric, string | null>> = {
  'rsa-pss-sha512': 'sha512',
  'rsa-v1_5-sha256': 'sha256',
  'ecdsa-p256-sha256': 'sha256',
  'ecdsa-p384-sha384': 'sha384',
  ed25519: null,
}
const PSS_SALT_BYTES = 64
/** Keys of one set that are tried, at most. */
const KEYS_TRIED_MAX = 10

type How = Pick<MessageDefinition, 'algorithm' | 'secretEncoding'>

/** The public keys in a secret; null where it is a shared one. */
export function readMessageKeys({ algorithm }: How, secret: string): readonly JwtKey[] | null {
  return algorithm === 'hmac-sha256' ? null : (readKnownKeys(secret, KEYS[algorithm]) ?? [])
}

/** Whether a secret can check signatures. */
export function isUsable({ algorithm, secretEncoding }: How, secret: string): boolean {
  if (algorithm === 'hmac-sha256') return decodeKey(secret, secretEncoding) !== null
  const keys = readKnownKeys(secret, KEYS[algorithm]) ?? []
  return keys.length > 0 && keys.length <= KEYS_TRIED_MAX
}

/** Until when a secret counts by itself (a certificate), in epoch ms; null = always. */
export function validUntilAt({ algorithm }: How, secret: string): number | null {
  if (algorithm === 'hmac-sha256') return null
  return readKnownKeys(secret, KEYS[algorithm])?.[0]?.validUntilAt ?? null
}

/** Whether a signature of the content was made with the secret, or with the private half of it. */
export function provesMessage(
  { algorithm, secretEncoding }: How,
  secret: string,
  content: Buffer,
  signature: Buffer,
): boolean {
  if (algorithm === 'hmac-sha256') {
    const key = decodeKey(secret, secretEncoding)
    if (key === null) return false
    const digest = createHmac('sha256', key).update(content).digest()
    return digest.length === signature.length && timingSafeEqual(digest, signature)
  }
  const keys = (readKnownKeys(secret, KEYS[algorithm]) ?? []).slice(0, KEYS_TRIED_MAX)
  return keys.some(({ key }) => verify(HASH[algorithm], content, { key, ...formOf(algorithm) }, signature))
}

/** Signs a content as the sender would. Throws `config_invalid` where the secret cannot. */
export function signMessage({ algorithm, secretEncoding }: How, secret: string, content: Buffer): Buffer {
  if (algorithm === 'hmac-sha256') {
    const key = decodeKey(secret, secretEncoding)
    if (key === null) throw new BridgeError('config_invalid', 'the secret is empty or not in its encoding')
    return createHmac('sha256', key).update(content).digest()
  }
  const key = readSigningKey(secret)
  if (key === null)
    throw new BridgeError('config_invalid', `signing needs the sender's private key (PEM, ${algorithm})`)
  return sign(HASH[algorithm], content, { key, ...formOf(algorithm) })
}

function formOf(algorithm: Asymmetric): object {
  if (algorithm === 'rsa-pss-sha512') return { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: PSS_SALT_BYTES }
  return algorithm.startsWith('ecdsa') ? { dsaEncoding: 'ieee-p1363' } : {}
}
