import { createPrivateKey, createPublicKey, type KeyObject, X509Certificate } from 'node:crypto'
import type { AsymmetricDefinition } from './scheme-definition.ts'
import { decodeBase64, decodeHex } from './signature-syntax.ts'

/** A key that checks signatures, and until when it counts by itself. */
export interface PublicKey {
  key: KeyObject
  /** End of a certificate, in epoch ms; null for a bare key. */
  validUntilAt: number | null
}

export type KeyAlgorithm = AsymmetricDefinition['algorithm']

/** DER of an Ed25519 public key (RFC 8410) up to its 32 bytes. */
const ED25519_SPKI = Buffer.from('302a300506032b6570032100', 'hex')
const ED25519_BYTES = 32
/** Shortest RSA modulus taken, in bits (NIST SP 800-131A). */
const RSA_BITS_MIN = 2_048

/** Keys already read: reading one takes longer than checking with it. Secrets are few; more than this is a test. */
const KEYS_MAX = 64
const known = new Map<string, PublicKey | null>()

/**
 * Reads a public key for one algorithm: PEM, a certificate (PEM), base64 of the DER (SPKI), or for Ed25519 the bare 32 bytes
 * in hex or base64. Null where it is none, is of another type, is too short, or is a private key.
 */
export function readPublicKey(text: string, algorithm: KeyAlgorithm): PublicKey | null {
  const name = `${algorithm} ${text}`
  const present = known.get(name)
  if (present !== undefined) return present
  const read = readAny(text.trim(), algorithm)
  const usable = read !== null && isFor(read.key, algorithm) ? read : null
  if (known.size >= KEYS_MAX) known.clear()
  known.set(name, usable)
  return usable
}

/** Reads a private key (PEM) that a test delivery is signed with; null where it is none or of another type. */
export function readPrivateKey(text: string, algorithm: KeyAlgorithm): KeyObject | null {
  const key = readSigningKey(text)
  return key !== null && isFor(key, algorithm) ? key : null
}

/** Reads a private key (PEM) of any type; null where it is none. */
export function readSigningKey(text: string): KeyObject | null {
  try {
    return createPrivateKey(unfold(text.trim()))
  } catch {
    return null
  }
}

/** A PEM in an environment variable often has its line breaks written as `\n`. */
function unfold(text: string): string {
  return text.includes('\\n') ? text.replaceAll('\\n', '\n') : text
}

function readAny(text: string, algorithm: KeyAlgorithm): PublicKey | null {
  try {
    if (text.startsWith('-----BEGIN CERTIFICATE-----')) return readCertificate(unfold(text))
    // createPublicKey would take the public half of a private key: whoever pastes one has mixed them up.
    if (text.startsWith('-----BEGIN PUBLIC KEY-----')) return bare(createPublicKey(unfold(text)))
    if (text.startsWith('-----')) return null
    const bytes = decodeHex(text) ?? decodeBase64(text)
    if (bytes === null) return null
    const isRaw = algorithm === 'ed25519' && bytes.length === ED25519_BYTES
    const der = isRaw ? Buffer.concat([ED25519_SPKI, bytes]) : bytes
    return bare(createPublicKey({ key: der, format: 'der', type: 'spki' }))
  } catch {
    return null
  }
}

function readCertificate(text: string): PublicKey {
  const certificate = new X509Certificate(text)
  return { key: certificate.publicKey, validUntilAt: certificate.validToDate.getTime() }
}

function bare(key: KeyObject): PublicKey {
  return { key, validUntilAt: null }
}

function isFor(key: KeyObject, algorithm: KeyAlgorithm): boolean {
  const { asymmetricKeyType: type, asymmetricKeyDetails: details } = key
  if (algorithm === 'ed25519') return type === 'ed25519'
  if (algorithm === 'ecdsa-sha256') return type === 'ec' && details?.namedCurve === 'prime256v1'
  return type === 'rsa' && (details?.modulusLength ?? 0) >= RSA_BITS_MIN
}
