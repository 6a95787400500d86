import { isTokenSafe } from '../config/is-token-safe.ts'
import { parseJsonText } from '../mapping/parse-json-text.ts'
import { pickOwn } from '../verify/pick-own.ts'
import { fetchKeys } from './fetch-keys.ts'

/** Depth of a discovery document; those of large issuers have 2. */
const DOCUMENT_DEPTH_MAX = 8

/**
 * Finds where an issuer publishes its keys, by its discovery document (OpenID Connect Discovery 1.0), which is fetched
 * under the limits of a key set. Rejects where it cannot be fetched, and where `readDiscovery` throws.
 */
export async function discoverKeys(issuer: string, timeMs?: number): Promise<string> {
  const document = `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`
  return readDiscovery(await fetchKeys(document, timeMs), issuer)
}

/**
 * Reads the address of the keys out of a discovery document. Throws where the document is another issuer's (4.3), or names
 * no https URL; http to this machine is taken from an issuer on this machine only.
 */
export function readDiscovery(text: string, issuer: string): string {
  const parsed = parseJsonText(text, DOCUMENT_DEPTH_MAX)
  if (!parsed.ok) throw new Error('its discovery document is not JSON')
  if (pickOwn(parsed.value, ['issuer']) !== issuer) throw new Error('its discovery document names another issuer')
  const place = pickOwn(parsed.value, ['jwks_uri'])
  const url = typeof place === 'string' ? URL.parse(place) : null
  const isPlain = url?.protocol === 'http:' && !issuer.startsWith('http:')
  if (url === null || !isTokenSafe(url) || isPlain || url.username !== '' || url.password !== '')
    throw new Error('its discovery document names no https URL for the keys')
  return url.href
}
