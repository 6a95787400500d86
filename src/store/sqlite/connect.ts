import { chmodSync, closeSync, existsSync, mkdirSync, openSync, realpathSync } from 'node:fs'
import { dirname } from 'node:path'
import Database from 'better-sqlite3'
import { BridgeError } from '../../errors.ts'
import { migrate } from './migrate.ts'
import { steadyPlans } from './steady-plans.ts'

/** Below this a WAL reset can corrupt the database (fixed in SQLite 3.51.3). */
const SQLITE_VERSION_MIN = [3, 51, 3] as const
/** How long a lock of another process is waited for; a sender's own limit is 5 s at the least strict of the common ones. */
const BUSY_TIMEOUT_MS = 4_000
/** A checkpoint every 2,000 pages of 8 KiB: fewer rewrites of hot index pages than SQLite's 1,000 of 4 KiB. */
const PAGE_BYTES = 8_192
const CHECKPOINT_PAGES = 2_000
const CACHE_KIB = 4_096
/** The WAL file is cut back to this after a checkpoint. */
const WAL_KEPT_BYTES = 64 * 1024 * 1024

export interface Connection {
  db: Database.Database
  lock: Database.Database
}

/**
 * Opens the database file for this process alone: folder 0700, files 0600, WAL with a real fsync a commit.
 * Throws `store_locked` where another process holds it, `store_unavailable` where it cannot be written.
 */
export function connect(file: string): Connection {
  const lock = lockDatabase(file)
  let db: Database.Database | null = null
  try {
    db = new Database(file)
    checkVersion(db)
    db.pragma(`page_size = ${PAGE_BYTES}`)
    db.pragma('auto_vacuum = incremental')
    db.pragma(`busy_timeout = ${BUSY_TIMEOUT_MS}`)
    db.pragma('journal_mode = wal')
    // better-sqlite3's bundled default in WAL is NORMAL, which loses acknowledged commits at power failure
    db.pragma('synchronous = full')
    // what is deleted is overwritten where that writes no more pages: retention removes payloads, not only what leads to them
    db.pragma('secure_delete = fast')
    db.pragma('foreign_keys = on')
    db.pragma(`wal_autocheckpoint = ${CHECKPOINT_PAGES}`)
    db.pragma(`journal_size_limit = ${WAL_KEPT_BYTES}`)
    db.pragma(`cache_size = -${CACHE_KIB}`)
    db.pragma('temp_store = memory')
    steadyPlans(db)
    migrate(db)
    return { db, lock }
  } catch (error) {
    db?.close()
    lock.close()
    throw describeFailure(error, file)
  }
}

/** Takes a database file, which need not be there, for this process alone. Throws `store_locked` where another one has it. */
export function lockDatabase(file: string): Database.Database {
  createPrivateFile(file)
  // two names of one file, through a link, must meet at one lock
  return lockFile(`${realpathSync(file)}.lock`)
}

/** Says in words what stands in the way of opening; anything that is not SQLite's own is passed on. */
function describeFailure(error: unknown, file: string): unknown {
  if (!(error instanceof Database.SqliteError)) return error
  const what =
    error.code === 'SQLITE_NOTADB'
      ? 'is not a SQLite database'
      : error.code.startsWith('SQLITE_CORRUPT')
        ? 'is damaged'
        : `cannot be opened: ${error.code}`
  return new BridgeError('store_unavailable', `The database "${file}" ${what}`, { cause: error })
}

/** Makes a file that only its owner may read, in a folder of which the same is true; one that is there is closed to others. */
export function createPrivateFile(file: string): void {
  const folder = dirname(file)
  try {
    if (!existsSync(folder)) mkdirSync(folder, { recursive: true, mode: 0o700 })
    // made here, so that SQLite's own files inherit 0600 whatever the umask is
    if (!existsSync(file)) closeSync(openSync(file, 'a', 0o600))
    chmodSync(file, 0o600)
  } catch (cause) {
    throw new BridgeError(
      'store_unavailable',
      `The database "${file}" cannot be created or written: ${reasonOf(cause)}`,
      { cause },
    )
  }
}

function lockFile(file: string): Database.Database {
  createPrivateFile(file)
  // a lock of the operating system, held through SQLite: it ends with the process, however that ends
  const lock = new Database(file, { timeout: 0 })
  try {
    lock.pragma('locking_mode = exclusive')
    lock.exec('begin exclusive')
    return lock
  } catch (cause) {
    lock.close()
    if (!reasonOf(cause).startsWith('SQLITE_BUSY')) throw describeFailure(cause, file)
    throw new BridgeError(
      'store_locked',
      `Another process holds "${file}": one bridge per database file. Stop it first.`,
      { cause },
    )
  }
}

function checkVersion(db: Database.Database): void {
  const { version } = db.prepare('select sqlite_version() as version').get() as { version: string }
  const found = version.split('.').map(Number)
  for (const [index, min] of SQLITE_VERSION_MIN.entries()) {
    const part = found[index] ?? 0
    if (part > min) return
    if (part < min)
      throw new BridgeError(
        'store_unavailable',
        `SQLite ${version} can corrupt its WAL: expected ${SQLITE_VERSION_MIN.join('.')} or later`,
      )
  }
}

function reasonOf(cause: unknown): string {
  return cause instanceof Error && 'code' in cause ? String(cause.code) : 'unknown error'
}
