import { sign, verify } from 'node:crypto'
import { BridgeError } from '../errors.ts'
import { joinContent, type Proof } from './proof.ts'
import { type KeyAlgorithm, readPrivateKey, readPublicKey } from './public-key.ts'
import type { AsymmetricDefinition } from './scheme-definition.ts'

/** The hash of each algorithm; Ed25519 has its own inside. */
const HASH: Readonly<Record<KeyAlgorithm, string | null>> = {
  ed25519: null,
  'ecdsa-sha256': 'sha256',
  'rsa-sha256': 'sha256',
  'rsa-sha1': 'sha1',
}
const ED25519_SIGNATURE_BYTES = 64

/** The proof of a private key. ECDSA signatures are DER, RSA ones PKCS #1 v1.5: what SendGrid, PayPal, Travis CI and AWS send. */
export function proveAsymmetric({ algorithm, encoding }: AsymmetricDefinition): Proof {
  return {
    kind: 'asymmetric',
    bytes: algorithm === 'ed25519' ? ED25519_SIGNATURE_BYTES : null,
    encoding,
    matches: (secret, content, candidates) => checkSignature(algorithm, secret, joinContent(content), candidates),
    sign: (secret, content) => {
      const key = readPrivateKey(secret, algorithm)
      if (key === null) {
        throw new BridgeError('config_invalid', `signing needs the sender's private key (PEM, ${algorithm})`)
      }
      return sign(HASH[algorithm], joinContent(content), key)
    },
    validUntilAt: secret => readPublicKey(secret, algorithm)?.validUntilAt ?? null,
  }
}

/** Whether one of the candidates is a signature of the content by the private half of `secret`. */
export function checkSignature(
  algorithm: KeyAlgorithm,
  secret: string,
  content: Buffer,
  candidates: readonly Buffer[],
): boolean {
  const read = readPublicKey(secret, algorithm)
  if (read === null) return false
  return candidates.some(candidate => verify(HASH[algorithm], content, read.key, candidate))
}
