import { type JwtKey, readJwtKeys } from './jwt-keys.ts'
import type { JwtAlgorithm } from './jwt-settings.ts'

/** A key set is read again after this; senders announce a new key long before they use it. */
export const KEYS_FRESH_MS = 600_000
/** Between two fetches, whatever comes: an unknown key id cannot make the bridge fetch more often. */
export const KEYS_COOL_DOWN_MS = 30_000
/** While the set cannot be fetched, the last good one counts this long. */
export const KEYS_STALE_MS = 86_400_000

/** The keys a token may be signed with, or why there are none. */
export type FoundKeys =
  | { ok: true; keys: readonly JwtKey[] }
  | { ok: false; reason: 'key_unknown' | 'keys_unavailable' }

/** A published key set, fetched when it is needed. */
export interface KeySet {
  /** The keys of that name; all of them where the token names none. */
  find(kid: string | null, algorithm: JwtAlgorithm, now: number): Promise<FoundKeys>
}

/**
 * Keeps a key set. `load` gives its text, or rejects; it must end by itself in a few seconds. Deliveries that need the
 * same fetch wait for the same one. Where it fails the last good set is used, for a day.
 */
export function createKeySet(load: () => Promise<string>): KeySet {
  let text: string | null = null
  let byAlgorithm = new Map<JwtAlgorithm, readonly JwtKey[]>()
  let loadedAt = Number.NEGATIVE_INFINITY
  let askedAt = Number.NEGATIVE_INFINITY
  let asking: Promise<void> | null = null

  // abs: a clock that was set back must not keep an old set for ever
  const isWithin = (at: number, ms: number, now: number): boolean => Math.abs(now - at) < ms

  const refresh = async (now: number): Promise<void> => {
    if (asking === null) {
      if (isWithin(askedAt, KEYS_COOL_DOWN_MS, now)) return
      askedAt = now
      asking = load()
        .then(loaded => {
          if (readJwtKeys(loaded, 'RS256') === null) throw new Error('not a key set')
          text = loaded
          byAlgorithm = new Map()
          loadedAt = now
        })
        .catch(() => {})
        .finally(() => {
          asking = null
        })
    }
    await asking
  }
  const keysFor = (algorithm: JwtAlgorithm): readonly JwtKey[] => {
    const present = byAlgorithm.get(algorithm)
    if (present !== undefined) return present
    const keys = readJwtKeys(text!, algorithm) ?? []
    byAlgorithm.set(algorithm, keys)
    return keys
  }
  const pick = (kid: string | null, algorithm: JwtAlgorithm): readonly JwtKey[] => {
    const keys = keysFor(algorithm)
    return kid === null ? keys : keys.filter(key => key.kid === kid)
  }

  return {
    async find(kid, algorithm, now) {
      if (!isWithin(loadedAt, KEYS_FRESH_MS, now)) await refresh(now)
      if (text === null || !isWithin(loadedAt, KEYS_STALE_MS, now)) return { ok: false, reason: 'keys_unavailable' }
      let keys = pick(kid, algorithm)
      if (keys.length === 0) {
        await refresh(now)
        keys = pick(kid, algorithm)
      }
      return keys.length === 0 ? { ok: false, reason: 'key_unknown' } : { ok: true, keys }
    },
  }
}
