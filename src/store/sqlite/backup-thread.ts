import { workerData } from 'node:worker_threads'
import type { BackupTask } from './back-up.ts'
import { checkCopy } from './check-copy.ts'
import { copyDatabase } from './copy-database.ts'
import { answerWith } from './run-in-thread.ts'

const { file, target, diskFreeMinBytes } = workerData as BackupTask

await answerWith(async () => {
  await copyDatabase(file, target, diskFreeMinBytes)
  return checkCopy(target)
})
