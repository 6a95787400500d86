import { hash, timingSafeEqual } from 'node:crypto'
import { DIGEST_BYTES, makeDecoder } from './signature-syntax.ts'

/** Digests that are recomputed; others (`md5`, `unixsum`) say nothing, and are not looked at. */
const ALGORITHMS: Readonly<Record<string, 'sha256' | 'sha512'>> = { 'sha-256': 'sha256', 'sha-512': 'sha512' }
const DECODERS = {
  sha256: makeDecoder(DIGEST_BYTES.sha256, 'base64'),
  sha512: makeDecoder(DIGEST_BYTES.sha512, 'base64'),
}
const DIGESTS_MAX = 4
const CONTENT_DIGEST = /^([a-z0-9-]{1,20})=:([A-Za-z0-9+/=]{1,128}):$/
const DIGEST = /^([A-Za-z0-9-]{1,20})=([A-Za-z0-9+/=]{1,128})$/

/**
 * Whether a digest header is that of the body: `Content-Digest` (RFC 9530), or `Digest` of the older draft. At least one
 * digest must be of SHA-256 or SHA-512, and all of those must be right.
 */
export function isDigestOf(value: string, body: Buffer, header: 'content-digest' | 'digest'): boolean {
  const items = value.split(/,[ \t]*/, DIGESTS_MAX + 1)
  if (items.length > DIGESTS_MAX) return false
  let right = 0
  for (const item of items) {
    const match = (header === 'digest' ? DIGEST : CONTENT_DIGEST).exec(item)
    if (match === null) return false
    const algorithm = ALGORITHMS[match[1]!.toLowerCase()]
    if (algorithm === undefined) continue
    const digest = DECODERS[algorithm](match[2]!)
    if (digest === null || !timingSafeEqual(digest, hash(algorithm, body, 'buffer'))) return false
    right++
  }
  return right > 0
}

/** Writes the digest header of a body. */
export function writeDigest(body: Buffer, header: 'content-digest' | 'digest'): string {
  const digest = hash('sha256', body, 'base64')
  return header === 'digest' ? `SHA-256=${digest}` : `sha-256=:${digest}:`
}
