import { decodeStandardSecret } from './compile-standard-webhooks.ts'
import { readKnownKeys } from './jwt-keys.ts'
import { isBlank } from './match-secrets.ts'
import { decodeKey } from './prove-hmac.ts'
import { isUsable } from './prove-message.ts'
import { type KeyAlgorithm, readPublicKey } from './public-key.ts'
import { HEADER_BYTES_MAX } from './read-headers.ts'
import type { SimpleDefinition } from './scheme-definition.ts'

/**
 * Tells what a secret would have to be for this definition, or null when it is usable. The answer never holds the secret.
 * An empty one is refused for every kind: Node computes an HMAC with an empty key without complaint.
 */
export function findSecretProblem(definition: SimpleDefinition, secret: string | undefined): string | null {
  if (definition.kind === 'none') return null
  if (secret === undefined || isBlank(secret)) return 'a secret that is not empty'
  switch (definition.kind) {
    case 'hmac':
      return decodeKey(secret, definition.secretEncoding) === null ? `a secret in ${definition.secretEncoding}` : null
    case 'adyen-payments':
      return decodeKey(secret, 'hex') === null ? 'a secret in hex' : null
    case 'asymmetric':
      return readPublicKey(secret, definition.algorithm) === null ? expectedKey(definition.algorithm) : null
    case 'aws-sns':
      return readPublicKey(secret, 'rsa-sha256') === null ? expectedKey('rsa-sha256') : null
    case 'jwt':
      if (definition.algorithm.startsWith('HS')) return findHmacKeyProblem(secret, definition.algorithm)
      if ((readKnownKeys(secret, definition.algorithm)?.length ?? 0) > 0) return null
      return `a key set (JWKS), public key or certificate (PEM) for ${definition.algorithm}, never a private key`
    case 'http-message-signature':
      if (isUsable(definition, secret)) return null
      return definition.algorithm === 'hmac-sha256'
        ? `a secret in ${definition.secretEncoding}`
        : `a public key, certificate (PEM) or key set (JWKS) for ${definition.algorithm}, never a private key`
    case 'digest':
    case 'contentful':
      return null
    case 'standard-webhooks':
      if (decodeStandardSecret(secret, definition.secretEncoding) !== null) return null
      return 'a whsec_ secret or a whpk_ public key in base64 (never a whsk_ private key)'
    case 'paypal-postback':
      return /^[\x21-\x39\x3b-\x7e]{1,255}:[\x21-\x7e]{1,255}$/.test(secret)
        ? null
        : 'a secret of the form client_id:client_secret, of the app whose webhook it is'
    case 'basic':
      return secret.indexOf(':') > 0 ? findTokenProblem(secret) : 'a secret of the form user:password'
    default:
      return findTokenProblem(secret)
  }
}

/** A public key is known to everybody: as a shared secret it would let anybody sign. */
function findHmacKeyProblem(secret: string, algorithm: string): string | null {
  return /-----BEGIN|"kty"/.test(secret) ? `a shared secret for ${algorithm}, never a public key` : null
}

/** A public key in words. */
function expectedKey(algorithm: KeyAlgorithm): string {
  if (algorithm === 'ed25519') return 'an Ed25519 public key (32 bytes in hex or base64, or PEM), never a private key'
  const type = algorithm === 'ecdsa-sha256' ? 'a P-256' : 'an RSA (2048 bits or more)'
  return `${type} public key or certificate (PEM, or base64 of the DER), never a private key`
}

/** A token that no header can carry would never match: Node trims white space, refuses control characters, and long values are not read. */
function findTokenProblem(secret: string): string | null {
  if (secret !== secret.trim()) return 'a secret without white space around it'
  if (/[\x00-\x1f\x7f]/.test(secret)) return 'a secret without control characters'
  return Buffer.byteLength(secret) > HEADER_BYTES_MAX / 2 ? `a secret of at most ${HEADER_BYTES_MAX / 2} bytes` : null
}
