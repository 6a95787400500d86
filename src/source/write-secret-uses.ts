import type { Logger } from 'pino'
import type { Store } from '../store/store.ts'
import type { SecretLog } from './secret-log.ts'

/** Makes what writes down, each time it is called, what has changed in the log; what fails is tried again with the next call. */
export function createSecretWriter(secretLog: SecretLog, store: Store, log: Logger): () => Promise<void> {
  const written = new Map<string, number>()
  return async () => {
    const nameOf = (source: string, fingerprint: string): string => `${source} ${fingerprint}`
    const uses = secretLog
      .readAll()
      .filter(({ source, fingerprint, verifiedAt }) => written.get(nameOf(source, fingerprint)) !== verifiedAt)
    if (uses.length === 0) return
    try {
      await store.recordSecretUses(uses)
      for (const { source, fingerprint, verifiedAt } of uses) written.set(nameOf(source, fingerprint), verifiedAt)
    } catch (error) {
      log.error({ err: error }, 'the use of secrets could not be recorded')
    }
  }
}
