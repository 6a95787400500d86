import { createHash } from 'node:crypto'
import { closeSync, fsyncSync, openSync, readSync, statSync } from 'node:fs'
import Database from 'better-sqlite3'
import { BridgeError } from '../../errors.ts'
import type { BackupFacts } from '../backup.ts'

const CHUNK_BYTES = 1024 * 1024

/**
 * Checks a copy of the database from end to end, makes it one file, forces it to disk, and says what is in it.
 * Throws `backup_invalid` where it is damaged.
 */
export function checkCopy(file: string): BackupFacts {
  const inside = readInside(file)
  const fd = openSync(file, 'r+')
  try {
    fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
  return { bytes: statSync(file).size, sha256: hashFile(file), ...inside }
}

function readInside(file: string): Omit<BackupFacts, 'bytes' | 'sha256'> {
  const db = new Database(file)
  try {
    // without a WAL beside it, the copy is one file
    db.pragma('journal_mode = delete')
    checkIntegrity(db, file)
    const last = (table: string): number =>
      db.prepare<[], number>(`select coalesce(max(seq), 0) from ${table}`).pluck().get()!
    return {
      schemaVersion: db.pragma('user_version', { simple: true }) as number,
      epoch: db.prepare<[], number>(`select value from meta where name = 'epoch'`).pluck().get()!,
      rows: countRows(db),
      last: { event: last('event'), job: last('job'), attempt: last('attempt') },
      auditHead: readAuditHead(db),
    }
  } catch (cause) {
    if (!(cause instanceof Database.SqliteError)) throw cause
    throw new BridgeError('backup_invalid', `"${file}": expected a database of this bridge, found ${cause.code}`, {
      cause,
    })
  } finally {
    db.close()
  }
}

function checkIntegrity(db: Database.Database, file: string): void {
  const found = db.pragma('integrity_check(1)', { simple: true }) as string
  if (found !== 'ok') throw new BridgeError('backup_invalid', `"${file}" is damaged: ${found}`)
  const strays = db.pragma('foreign_key_check') as unknown[]
  if (strays.length > 0)
    throw new BridgeError('backup_invalid', `"${file}": ${strays.length} rows refer to rows that are not there`)
}

function countRows(db: Database.Database): Record<string, number> {
  const tables = db
    .prepare<[], string>(
      `select name from sqlite_schema where type = 'table' and name not like 'sqlite\\_%' escape '\\'`,
    )
    .pluck()
    .all()
  return Object.fromEntries(
    tables.map(name => [name, db.prepare<[], number>(`select count(*) from "${name}"`).pluck().get()!]),
  )
}

/** Before the schema that has an audit, there is none. */
function readAuditHead(db: Database.Database): BackupFacts['auditHead'] {
  const has = db.prepare(`select 1 from sqlite_schema where name = 'audit_entry'`).get()
  if (has === undefined) return null
  const head = db
    .prepare<[], { seq: number; hash: Buffer }>('select seq, hash from audit_entry order by seq desc limit 1')
    .get()
  return head === undefined ? null : { seq: head.seq, hash: head.hash.toString('hex') }
}

/** SHA-256 (hex) of a file, read back in pieces. */
export function hashFile(file: string): string {
  const hash = createHash('sha256')
  const chunk = Buffer.alloc(CHUNK_BYTES)
  const fd = openSync(file, 'r')
  try {
    for (;;) {
      const bytes = readSync(fd, chunk)
      if (bytes === 0) return hash.digest('hex')
      hash.update(chunk.subarray(0, bytes))
    }
  } finally {
    closeSync(fd)
  }
}
