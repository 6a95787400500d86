import Database from 'better-sqlite3'
import type { AuditReader } from '../../audit/verify-audit.ts'
import { BridgeError } from '../../errors.ts'
import { readAuditRows, readCheckpoints } from './read-audit-chain.ts'

export interface AuditCopy extends AuditReader {
  close(): void
}

/** Opens a copy of a database to read its audit, and nothing else. Throws `store_unavailable` where it is none. */
export function openAuditCopy(file: string): AuditCopy {
  let db: Database.Database | null = null
  try {
    db = new Database(file, { readonly: true, fileMustExist: true })
    const rows = readAuditRows(db)
    const checkpoints = readCheckpoints(db)
    const opened = db
    return {
      readAuditRows: async query => rows(query),
      readCheckpoints: async query => checkpoints(query),
      close: () => void opened.close(),
    }
  } catch (cause) {
    db?.close()
    throw new BridgeError(
      'store_unavailable',
      `"${file}": expected a copy of the bridge's database with an audit, found something else or nothing`,
      { cause },
    )
  }
}
