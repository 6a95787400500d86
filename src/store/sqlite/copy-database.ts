import { closeSync, fdatasyncSync, openSync, rmSync, statfsSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import Database from 'better-sqlite3'
import { BridgeError } from '../../errors.ts'
import { createPrivateFile } from './connect.ts'

/** Pages copied at once: 1 MiB. */
const STEP_PAGES = 128
/** Steps after which the copy is forced to disk: else a gigabyte would go there at once, before the next commit. */
const SYNC_STEPS = 8

/**
 * Copies a database as it is at this instant, page by page, while others write to it. Half of the time is left to them:
 * each step is followed by a pause of its own length. It blocks its thread. Throws `store_unavailable` without room for it.
 */
export async function copyDatabase(file: string, target: string, diskFreeMinBytes: number): Promise<void> {
  checkRoom(file, target, diskFreeMinBytes)
  for (const suffix of ['', '-journal', '-wal', '-shm']) rmSync(target + suffix, { force: true })
  createPrivateFile(target)
  const written = openSync(target, 'r+')
  const source = new Database(file, { readonly: true, fileMustExist: true })
  try {
    // what is read from here on is the database of this instant: without it, each write of the service would start the copy anew
    source.exec('begin')
    source.prepare('select count(*) from meta').get()
    let steps = 0
    let startedAt = performance.now()
    await source.backup(target, {
      progress() {
        if (++steps % SYNC_STEPS === 0) fdatasyncSync(written)
        pause(performance.now() - startedAt)
        startedAt = performance.now()
        return STEP_PAGES
      },
    })
  } catch (cause) {
    if (!(cause instanceof Database.SqliteError)) throw cause
    throw new BridgeError('store_unavailable', `The database could not be copied: ${cause.code}`, { cause })
  } finally {
    source.close()
    closeSync(written)
  }
}

function checkRoom(file: string, target: string, diskFreeMinBytes: number): void {
  const walBytes = statSync(`${file}-wal`, { throwIfNoEntry: false })?.size ?? 0
  const needed = statSync(file).size + walBytes + diskFreeMinBytes
  const disk = statfsSync(dirname(target))
  const free = disk.bavail * disk.bsize
  if (free < needed)
    throw new BridgeError(
      'store_unavailable',
      `A copy of the database has no room beside it: expected ${needed} bytes free, found ${free}`,
    )
}

function pause(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms)
}
