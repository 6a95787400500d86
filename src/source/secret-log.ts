import { fingerprintSecret } from '../ledger/fingerprint.ts'
import type { SecretUse } from '../store/tokens.ts'
import type { Source } from './source.ts'

/**
 * Notes when each secret of a source last proved a delivery, in memory: no answer waits for it. Written down now and then, so
 * that it is known after a restart too when an old secret can go.
 */
export interface SecretLog {
  /** `index`: position among the secrets of the source; -1 = it has none. */
  note(source: Pick<Source, 'name' | 'secrets'>, index: number, now: number): void
  /** When a secret last proved a delivery in this process; null = not yet. */
  read(source: string, secret: string): number | null
  /** All that was noted, with fingerprints in place of the secrets; of secrets too short for one, nothing. */
  readAll(): SecretUse[]
}

/** Makes an empty log. */
export function createSecretLog(): SecretLog {
  /** By source and the secret itself: hashing that for every delivery would cost more than the note. */
  const noted = new Map<string, Map<string, number>>()
  return {
    note({ name, secrets }, index, now) {
      const secret = secrets[index]
      if (secret === undefined) return
      const ofSource = noted.get(name) ?? new Map<string, number>()
      noted.set(name, ofSource.set(secret.value, now))
    },
    read: (source, secret) => noted.get(source)?.get(secret) ?? null,
    readAll: () =>
      [...noted].flatMap(([source, ofSource]) =>
        [...ofSource].flatMap(([secret, verifiedAt]) => {
          const fingerprint = fingerprintSecret(secret)
          return fingerprint === null ? [] : { source, fingerprint, verifiedAt }
        }),
      ),
  }
}
