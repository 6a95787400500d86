import { createKeySet, type KeySet } from '../verify/key-set.ts'
import { discoverKeys } from './discover-keys.ts'
import { fetchKeys } from './fetch-keys.ts'

/** Sets that are kept, by their URL. There are as many as sources name; more than this is a test. */
const SETS_MAX = 256
const sets = new Map<string, KeySet>()

/**
 * Opens the key set at a URL that a source names. Sources that name the same one share it, and a reload of the
 * configuration keeps it: else every reload would fetch anew, and lose the keys while the issuer is away.
 */
export function openKeySet(url: string): KeySet {
  return open(url, () => fetchKeys(url))
}

/** Opens the key set of an issuer, which its discovery document names: it is asked anew at each fetch. */
export function openKeysOfIssuer(issuer: string): KeySet {
  return open(`discovered by ${issuer}`, async () => fetchKeys(await discoverKeys(issuer)))
}

function open(name: string, load: () => Promise<string>): KeySet {
  const present = sets.get(name)
  if (present !== undefined) return present
  if (sets.size >= SETS_MAX) sets.clear()
  const fetched = createKeySet(load)
  // how old the set is has nothing to do with the instant a token is judged at, which may be the receipt of a refused delivery
  const set: KeySet = { find: (kid, algorithm) => fetched.find(kid, algorithm, Date.now()) }
  sets.set(name, set)
  return set
}
