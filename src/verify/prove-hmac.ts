import { createHash, createHmac, createSecretKey, type Hash, type Hmac, type KeyObject } from 'node:crypto'
import { BridgeError } from '../errors.ts'
import type { HmacSettings } from './hmac-settings.ts'
import { isBlank } from './match-secrets.ts'
import type { Content, Proof } from './proof.ts'
import type { DigestDefinition, HmacDefinition } from './scheme-definition.ts'
import { DIGEST_BYTES, decodeBase64, decodeHex, equalsAny } from './signature-syntax.ts'

/** The proof of an HMAC. */
export function proveHmac({ algorithm, encoding, secretEncoding }: HmacDefinition): Proof {
  const compute = (key: string | KeyObject, content: Content): Buffer =>
    feed(createHmac(algorithm, key), content, null).digest()
  return {
    kind: 'hmac',
    bytes: DIGEST_BYTES[algorithm],
    encoding,
    matches: (secret, content, candidates) => {
      const key = decodeKey(secret, secretEncoding)
      return key !== null && equalsAny(compute(key, content), candidates)
    },
    sign: (secret, content) => {
      const key = decodeKey(secret, secretEncoding)
      if (key === null) throw new BridgeError('config_invalid', 'the secret is empty or not in its encoding')
      return compute(key, content)
    },
  }
}

/** The proof of a plain hash over secret and content (HubSpot v1 and v2). */
export function proveDigest({ algorithm, encoding }: DigestDefinition): Proof {
  const compute = (secret: string, content: Content): Buffer => feed(createHash(algorithm), content, secret).digest()
  return {
    kind: 'digest',
    bytes: DIGEST_BYTES[algorithm],
    encoding,
    matches: (secret, content, candidates) => !isBlank(secret) && equalsAny(compute(secret, content), candidates),
    sign: (secret, content) => {
      if (isBlank(secret)) throw new BridgeError('config_invalid', 'the secret is empty')
      return compute(secret, content)
    },
  }
}

/** Puts a content into a hash, the secret (UTF-8) where it stands. */
export function feed<T extends Hash | Hmac>(hash: T, content: Content, secret: string | null): T {
  for (const piece of content) {
    if (piece === null) hash.update(secret ?? '', 'utf8')
    else if (typeof piece === 'string') hash.update(piece, 'latin1')
    else hash.update(piece)
  }
  return hash
}

/** Turns a secret into the key of the HMAC; null where it is empty or not in its encoding. */
export function decodeKey(secret: string, encoding: HmacSettings['secretEncoding']): string | KeyObject | null {
  if (isBlank(secret)) return null
  if (encoding === 'utf8') return secret
  const bytes = encoding === 'hex' ? decodeHex(secret) : decodeBase64(secret)
  // Node 24 takes 6 µs longer for an HMAC keyed with a Buffer than with a key object made of it.
  return bytes === null ? null : createSecretKey(bytes)
}
