import { createPublicKey, type JsonWebKey, type KeyObject, X509Certificate } from 'node:crypto'
import { parseJsonText } from '../mapping/parse-json-text.ts'
import type { JwtAlgorithm } from './jwt-settings.ts'

/** A public key that tokens are checked with. */
export interface JwtKey {
  /** Its name in a key set; null for a bare key. */
  kid: string | null
  key: KeyObject
  /** End of a certificate, in epoch ms; null = none. */
  validUntilAt: number | null
}

/** Most keys read from one set. GitHub and Google publish two to six. */
const SET_KEYS_MAX = 100
const SET_DEPTH_MAX = 8
/** Shortest RSA modulus taken, in bits (RFC 7518 3.3). */
const RSA_BITS_MIN = 2_048
const CURVES: Partial<Record<JwtAlgorithm, string>> = { ES256: 'prime256v1', ES384: 'secp384r1', ES512: 'secp521r1' }

/** Secrets already read; there are few, more than this is a test. */
const KNOWN_MAX = 64
const known = new Map<string, readonly JwtKey[] | null>()

/** Reads the secret of a source as `readJwtKeys` does, each text once. */
export function readKnownKeys(text: string, algorithm: JwtAlgorithm): readonly JwtKey[] | null {
  const name = `${algorithm} ${text}`
  const present = known.get(name)
  if (present !== undefined) return present
  const keys = readJwtKeys(text, algorithm)
  if (known.size >= KNOWN_MAX) known.clear()
  known.set(name, keys)
  return keys
}

/**
 * Reads the keys for one algorithm out of a key set (JWKS, RFC 7517), a public key or a certificate (PEM). Keys for
 * something else, too short ones and private ones are left out. Null where the text is none of these.
 */
export function readJwtKeys(text: string, algorithm: JwtAlgorithm): readonly JwtKey[] | null {
  const trimmed = text.trim()
  const keys = trimmed.startsWith('{') ? readSet(trimmed, algorithm) : readPem(trimmed)
  return keys?.filter(({ key }) => isFor(key, algorithm)) ?? null
}

function readSet(text: string, algorithm: JwtAlgorithm): readonly JwtKey[] | null {
  const parsed = parseJsonText(text, SET_DEPTH_MAX)
  const list = parsed.ok ? (parsed.value as { keys?: unknown }).keys : undefined
  if (!Array.isArray(list) || list.length > SET_KEYS_MAX) return null
  return list.flatMap(item => readMember(item, algorithm) ?? [])
}

function readMember(item: unknown, algorithm: JwtAlgorithm): JwtKey | null {
  if (typeof item !== 'object' || item === null) return null
  const { kid, use, alg, key_ops: operations, d } = item as Record<string, unknown>
  // createPublicKey would take the public half of a private key, which nobody should have published.
  if (d !== undefined || (kid !== undefined && typeof kid !== 'string')) return null
  if (use !== undefined && use !== 'sig') return null
  if (alg !== undefined && alg !== algorithm) return null
  if (operations !== undefined && !(Array.isArray(operations) && operations.includes('verify'))) return null
  try {
    return { kid: kid ?? null, key: createPublicKey({ key: item as JsonWebKey, format: 'jwk' }), validUntilAt: null }
  } catch {
    return null
  }
}

function readPem(text: string): readonly JwtKey[] | null {
  const pem = text.includes('\\n') ? text.replaceAll('\\n', '\n') : text
  try {
    if (pem.startsWith('-----BEGIN PUBLIC KEY-----'))
      return [{ kid: null, key: createPublicKey(pem), validUntilAt: null }]
    if (!pem.startsWith('-----BEGIN CERTIFICATE-----')) return null
    const certificate = new X509Certificate(pem)
    return [{ kid: null, key: certificate.publicKey, validUntilAt: certificate.validToDate.getTime() }]
  } catch {
    return null
  }
}

/** The type of a key is checked too, not only its name: an HMAC must never be keyed with a public key. */
function isFor({ type, asymmetricKeyType: kind, asymmetricKeyDetails: details }: KeyObject, algorithm: JwtAlgorithm) {
  if (type !== 'public' || algorithm.startsWith('HS')) return false
  if (algorithm === 'EdDSA') return kind === 'ed25519'
  const curve = CURVES[algorithm]
  if (curve !== undefined) return kind === 'ec' && details?.namedCurve === curve
  return kind === 'rsa' && (details?.modulusLength ?? 0) >= RSA_BITS_MIN
}
