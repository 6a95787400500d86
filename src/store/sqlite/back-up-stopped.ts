import { existsSync } from 'node:fs'
import { BridgeError } from '../../errors.ts'
import type { BackupFacts, BackupRequest } from '../backup.ts'
import { backUp } from './back-up.ts'
import { lockDatabase } from './connect.ts'

/**
 * Backs up a database that no bridge has open. Throws `store_locked` where one has, and what `backUp` throws.
 */
export async function backUpStopped(file: string, request: BackupRequest): Promise<BackupFacts> {
  if (!existsSync(file)) throw new BridgeError('store_unavailable', `"${file}": expected a database, found no file`)
  const lock = lockDatabase(file)
  try {
    return await backUp({ file, diskFreeMinBytes: 0 }, request)
  } finally {
    lock.close()
  }
}
