import type { BackupFacts, BackupRequest } from '../backup.ts'
import { runInThread } from './run-in-thread.ts'

export interface BackupTask {
  file: string
  target: string
  diskFreeMinBytes: number
}

/**
 * Copies a database and checks the copy, in a thread with a connection of its own: whether the database is in use makes
 * no difference. Throws `store_unavailable` or `backup_invalid`, and `shutting_down` where it was given up.
 */
export function backUp(
  { file, diskFreeMinBytes }: Pick<BackupTask, 'file' | 'diskFreeMinBytes'>,
  { target, signal }: BackupRequest,
): Promise<BackupFacts> {
  const task: BackupTask = { file, target, diskFreeMinBytes }
  return runInThread('backup-thread', task, signal)
}
