import { timingSafeEqual } from 'node:crypto'

/** The HMAC algorithms a definition may name. SHA-1 is still sound for HMAC (RFC 6194), and Vercel and Intercom send nothing else. */
export type HmacAlgorithm = 'sha1' | 'sha256' | 'sha384' | 'sha512'
/** How the digest is written. `base64url` is unpadded. */
export type DigestEncoding = 'hex' | 'base64' | 'base64url'

/** Most signatures tried from one list. Senders put one per live secret, so two is usual. */
export const CANDIDATES_MAX = 10

/** Length of each algorithm's digest, in bytes. */
export const DIGEST_BYTES = { sha1: 20, sha256: 32, sha384: 48, sha512: 64 } as const

/**
 * Builds the only spelling a digest of `bytes` bytes can have. `Buffer.from` drops what it does not understand
 * ("abzz12" becomes 0xab, "c2ln!!!!" decodes), so nothing is decoded that did not match this. Upper-case hex is refused: no sender writes it.
 */
export function signaturePattern(bytes: number, encoding: DigestEncoding): RegExp {
  if (encoding === 'hex') return new RegExp(`^[0-9a-f]{${bytes * 2}}$`)
  const letters = encoding === 'base64' ? 'A-Za-z0-9+/' : 'A-Za-z0-9_-'
  const padded = encoding === 'base64'
  // The last letter holds only the bits that are left over; any other letter would be a second spelling of the same bytes.
  const last = ['', `[${letters}][AQgw]${padded ? '==' : ''}`, `[${letters}]{2}[AEIMQUYcgkosw048]${padded ? '=' : ''}`]
  return new RegExp(`^[${letters}]{${Math.floor(bytes / 3) * 4}}${last[bytes % 3]}$`)
}

/** Longest signature of variable length that is decoded, in bytes: RSA with 8192 bits. */
const SIGNATURE_BYTES_MAX = 1_024

/** Makes the decoder of signatures of `bytes` bytes, or of any length (null); it answers null to every spelling but the one. */
export function makeDecoder(bytes: number | null, encoding: DigestEncoding): (text: string) => Buffer | null {
  if (bytes !== null) {
    const pattern = signaturePattern(bytes, encoding)
    return text => (pattern.test(text) ? Buffer.from(text, encoding) : null)
  }
  return text => {
    if (text === '' || text.length > SIGNATURE_BYTES_MAX * 2) return null
    const decoded = Buffer.from(text, encoding)
    return decoded.toString(encoding) === text ? decoded : null
  }
}

/**
 * Compares a digest with every candidate in constant time; all have the digest's length because their spelling was checked.
 * Exactly one must be equal: no sender says the same twice.
 */
export function equalsAny(digest: Buffer, candidates: readonly Buffer[]): boolean {
  let equal = 0
  for (const candidate of candidates) {
    if (candidate.length === digest.length && timingSafeEqual(candidate, digest)) equal++
  }
  return equal === 1
}

/** Decodes base64 (padded or not) only if it is spelled canonically; null otherwise, and for nothing. */
export function decodeBase64(text: string): Buffer | null {
  const bytes = Buffer.from(text, 'base64')
  const canonical = bytes.toString('base64')
  return bytes.length > 0 && (text === canonical || text === canonical.replace(/=+$/, '')) ? bytes : null
}

/** Decodes hex of either case only if it is complete; null otherwise, and for nothing. */
export function decodeHex(text: string): Buffer | null {
  return /^([0-9a-fA-F]{2})+$/.test(text) ? Buffer.from(text, 'hex') : null
}
