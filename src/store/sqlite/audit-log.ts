import type Database from 'better-sqlite3'
import { type AuditRow, hashEntry, NO_HASH } from '../../audit/hash-entry.ts'
import type { ChainPoint, NewAuditEntry } from '../audit.ts'

/** Rows written by one statement, largest first: at 16, a row takes two thirds of the time it takes alone. */
const STATEMENT_ROWS = [16, 4, 1]
const COLUMNS = 13
/** Values that are gathered before they are written without waiting for the commit. */
const VALUES_MAX = 16 * COLUMNS

/** Appends to the audit inside the transaction of what is accounted for. */
export interface AuditLog {
  append(entry: NewAuditEntry): void
  /** Writes what was appended; before every commit. */
  seal(): void
  /** After a rollback: the last row is another one. */
  reset(): void
  /** The newest row; `seq` 0 where there is none. */
  last(): ChainPoint
}

/** Opens the audit at its last row, which is kept in memory: appending reads nothing. */
export function createAuditLog(db: Database.Database): AuditLog {
  const readLast = db.prepare<[], ChainPoint>(
    'select seq, lower(hex(hash)) as hash from audit_entry order by seq desc limit 1',
  )
  const inserts = STATEMENT_ROWS.map(rows => ({ values: rows * COLUMNS, statement: db.prepare(insertOf(rows)) }))
  const lastRow = (): ChainPoint => readLast.get() ?? { seq: 0, hash: NO_HASH }
  let last = lastRow()
  let waiting: unknown[] = []

  const write = (): void => {
    let at = 0
    for (const { values, statement } of inserts)
      for (; waiting.length - at >= values; at += values) statement.run(waiting.slice(at, at + values))
    waiting = []
  }

  return {
    append(entry) {
      const row = toRow(last.seq + 1, entry)
      const hash = hashEntry(last.hash, row)
      waiting.push(
        row.seq,
        row.at,
        row.actor,
        row.action,
        row.source,
        row.integration,
        row.mapping,
        row.eventSeq,
        row.jobSeq,
        row.target,
        row.detail,
        row.payloadHash === null ? null : Buffer.from(row.payloadHash, 'hex'),
        Buffer.from(hash, 'hex'),
      )
      last = { seq: row.seq, hash }
      if (waiting.length >= VALUES_MAX) write()
    },
    seal: write,
    reset() {
      waiting = []
      last = lastRow()
    },
    last: () => last,
  }
}

function insertOf(rows: number): string {
  const values = `(${Array(COLUMNS).fill('?').join(', ')})`
  return `
    insert into audit_entry (seq, at, actor, action, source, integration, mapping, event_seq, job_seq, target, detail,
      payload_hash, hash)
    values ${Array(rows).fill(values).join(', ')}`
}

function toRow(seq: number, entry: NewAuditEntry): AuditRow {
  const { at, actor, action, detail } = entry
  return {
    seq,
    at,
    actor,
    action,
    source: entry.source ?? null,
    integration: entry.integration ?? null,
    mapping: entry.mapping ?? null,
    eventSeq: entry.eventSeq ?? null,
    jobSeq: entry.jobSeq ?? null,
    // half of a surrogate pair would be stored as another character than was hashed
    target: entry.target?.toWellFormed() ?? null,
    detail: detail === undefined ? null : JSON.stringify(detail),
    payloadHash: entry.payloadHash ?? null,
  }
}
