import { createPublicKey, type KeyObject } from 'node:crypto'
import { BridgeError } from '../errors.ts'
import { publicKeyOfStandardSecret } from './compile-standard-webhooks.ts'
import { readKnownKeys } from './jwt-keys.ts'
import { readMessageKeys } from './prove-message.ts'
import { readPublicKey, readSigningKey } from './public-key.ts'
import type { Secret } from './scheme.ts'
import type { SimpleDefinition } from './scheme-definition.ts'

/**
 * What a test delivery is signed with: the secret of the source or, where that is public, the sender's private key (PEM).
 * Throws `config_invalid` for a key whose public half the source does not hold. Published keys (`jwks`) are not fetched:
 * there the answer tells.
 */
export function findSigningSecret(
  definition: SimpleDefinition,
  secrets: readonly Secret[],
  privateKey: string | undefined,
): string {
  const shared = secrets[0]?.value ?? ''
  if (privateKey === undefined) return shared
  const held = publicKeysOf(definition, secrets)
  if (held === null) return shared
  const key = readSigningKey(privateKey)
  if (key === null) throw new BridgeError('config_invalid', 'expected a private key (PEM), found something else')
  const own = createPublicKey(key)
  if (held.length > 0 && !held.some(each => each.equals(own))) {
    const message = 'expected the private half of a public key in the secrets of the source, found another key'
    throw new BridgeError('config_invalid', message)
  }
  return privateKey
}

/** The public keys that a source checks with, none where they are published; null where what it checks with signs too. */
export function publicKeysOf(definition: SimpleDefinition, secrets: readonly Secret[]): readonly KeyObject[] | null {
  if (definition.kind === 'jwt' && definition.jwks !== undefined) return []
  const keys = secrets.map(({ value }) => readPublicKeys(definition, value))
  return keys.every(each => each === null) ? null : keys.flatMap(each => each ?? [])
}

function readPublicKeys(definition: SimpleDefinition, secret: string): readonly KeyObject[] | null {
  switch (definition.kind) {
    case 'asymmetric':
      return keysOf(readPublicKey(secret, definition.algorithm))
    case 'aws-sns':
      return keysOf(readPublicKey(secret, 'rsa-sha256'))
    case 'jwt':
      if (definition.algorithm.startsWith('HS')) return null
      return (readKnownKeys(secret, definition.algorithm) ?? []).map(({ key }) => key)
    case 'http-message-signature':
      return readMessageKeys(definition, secret)?.map(({ key }) => key) ?? null
    case 'standard-webhooks': {
      const key = publicKeyOfStandardSecret(secret, definition.secretEncoding)
      return key === null ? null : [key]
    }
    default:
      return null
  }
}

function keysOf(read: { key: KeyObject } | null): readonly KeyObject[] {
  return read === null ? [] : [read.key]
}
