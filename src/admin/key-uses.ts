import type { Logger } from 'pino'
import type { Store } from '../store/store.ts'
import type { AdminKey } from './admin-keys.ts'

/** A use within this time after another is not written down. */
const NOTE_EVERY_MS = 60_000
/** Hex digits of a fingerprint, as in the ledger of tokens. */
const FINGERPRINT_HEX = 16

export interface KeyUses {
  /** Says that a key was used; it is written down once a minute, and no request waits for it. */
  note(key: AdminKey): void
}

/** The name of an admin key among keys of its name: the start of its SHA-256. */
export function fingerprintKey({ digest }: AdminKey): string {
  return digest.toString('hex').slice(0, FINGERPRINT_HEX)
}

/** Makes the book of when each admin key was last used. */
export function createKeyUses(store: Pick<Store, 'noteKeyUse'>, log: Logger, now: () => number): KeyUses {
  const notedAt = new Map<string, number>()
  return {
    note(key) {
      const fingerprint = fingerprintKey(key)
      const at = now()
      if (Math.abs(at - (notedAt.get(fingerprint) ?? Number.NEGATIVE_INFINITY)) < NOTE_EVERY_MS) return
      notedAt.set(fingerprint, at)
      store
        .noteKeyUse({ fingerprint, now: at })
        .catch(error => log.error({ err: error }, 'the use of an admin key could not be written down'))
    },
  }
}
