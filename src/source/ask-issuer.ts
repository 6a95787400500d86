import type { OidcConfig } from '../config/read-oidc.ts'
import { readJwtKeys } from '../verify/jwt-keys.ts'
import { discoverKeys } from './discover-keys.ts'
import { fetchKeys } from './fetch-keys.ts'

/** What an issuer said when it was asked for its keys; `message` is for people. */
export interface AskedIssuer {
  ok: boolean
  message: string
}

/**
 * Asks the issuer of people's tokens for its keys, so that somebody can be told what is wrong with it: where a token is
 * checked nobody is. At most two requests, each of at most `timeMs`.
 */
export async function askIssuer({ issuer, jwksUri, algorithms }: OidcConfig, timeMs?: number): Promise<AskedIssuer> {
  try {
    const text = await fetchKeys(jwksUri ?? (await discoverKeys(issuer, timeMs)), timeMs)
    const usable = algorithms.filter(algorithm => (readJwtKeys(text, algorithm) ?? []).length > 0)
    if (usable.length > 0) return { ok: true, message: `${issuer} publishes keys for ${usable.join(', ')}` }
    return { ok: false, message: `${issuer} publishes no key for ${algorithms.join(', ')}` }
  } catch (error) {
    const why = error instanceof Error && error.message !== '' ? error.message : 'no connection'
    return { ok: false, message: `${issuer}: ${why}` }
  }
}
