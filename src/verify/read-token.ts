import { isUtf8 } from 'node:buffer'
import { parseJsonText } from '../mapping/parse-json-text.ts'
import type { JwtAlgorithm } from './jwt-settings.ts'

/** A token as it came, and the name of the key it claims. */
export interface Token {
  text: string
  kid: string | null
}

/** Longest token looked at, in characters. GitHub's have about 2,000. */
export const TOKEN_CHARS_MAX = 8_192
const KID_CHARS_MAX = 256
const HEADER_DEPTH_MAX = 4
const PART = /^[A-Za-z0-9_-]+$/

/**
 * Reads a compact JWS (RFC 7515) strictly, before any key is looked at: three parts, each spelled the only way its bytes
 * can be; the algorithm is the one configured; nothing is critical. Whatever else its header says (`jku`, `x5u`, `jwk`) is
 * ignored. Null where it is none.
 */
export function readToken(text: string, algorithm: JwtAlgorithm): Token | null {
  if (text.length > TOKEN_CHARS_MAX) return null
  const parts = text.split('.', 4)
  if (parts.length !== 3 || !parts.every(isCanonical)) return null
  const bytes = Buffer.from(parts[0]!, 'base64url')
  if (!isUtf8(bytes)) return null
  const parsed = parseJsonText(bytes.toString('utf8'), HEADER_DEPTH_MAX)
  if (!parsed.ok || typeof parsed.value !== 'object' || parsed.value === null) return null
  const { alg, kid, crit, b64, zip } = parsed.value as Record<string, unknown>
  if (alg !== algorithm || crit !== undefined || b64 !== undefined || zip !== undefined) return null
  if (kid === undefined) return { text, kid: null }
  return typeof kid === 'string' && kid.length <= KID_CHARS_MAX ? { text, kid } : null
}

/** Decoders take several spellings of the same bytes; only one is taken here. */
function isCanonical(part: string): boolean {
  return PART.test(part) && Buffer.from(part, 'base64url').toString('base64url') === part
}
