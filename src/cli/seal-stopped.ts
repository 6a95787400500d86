import { readRequest } from '../admin/read-request.ts'
import { sealBody } from '../admin/setup-questions.ts'
import { readMasterKeys } from '../config/read-master-keys.ts'
import { createVault } from '../ledger/vault.ts'
import { BRIDGE_ACTOR } from '../store/audit.ts'
import { openSqliteStore } from '../store/sqlite/open-store.ts'
import { EXIT } from './exit.ts'

/**
 * Seals a secret in the database of a service that does not run: the only way to the first one where `bridge.json` names
 * it already, because that service does not start without. Throws `store_locked` while one runs.
 */
export async function sealStopped(storeFile: string, name: string, value: string): Promise<{ fingerprint: string }> {
  const read = readRequest(sealBody, { value })
  const store = await openSqliteStore({ file: storeFile, onFatal: endAtOnce })
  try {
    return await createVault(store, () => readMasterKeys()).seal(name, read.value, BRIDGE_ACTOR)
  } finally {
    await store.close()
  }
}

function endAtOnce(error: Error): never {
  process.stderr.write(`fatal: ${error.message}\n`)
  process.exit(EXIT.failed)
}
