import { createKeySet, type KeySet } from '../verify/key-set.ts'
import { fetchKeys } from './fetch-keys.ts'

/** Sets that are kept, by their URL. There are as many as sources name; more than this is a test. */
const SETS_MAX = 256
const sets = new Map<string, KeySet>()

/**
 * Opens the key set at a URL that a source names. Sources that name the same one share it, and a reload of the
 * configuration keeps it: else every reload would fetch anew, and lose the keys while the issuer is away.
 */
export function openKeySet(url: string): KeySet {
  const present = sets.get(url)
  if (present !== undefined) return present
  if (sets.size >= SETS_MAX) sets.clear()
  const fetched = createKeySet(() => fetchKeys(url))
  // how old the set is has nothing to do with the instant a token is judged at, which may be the receipt of a refused delivery
  const set: KeySet = { find: (kid, algorithm) => fetched.find(kid, algorithm, Date.now()) }
  sets.set(url, set)
  return set
}
