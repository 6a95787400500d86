import type Database from 'better-sqlite3'
import { type AuditRow, hashEntry, NO_HASH } from '../../audit/hash-entry.ts'
import type { NewAuditEntry } from '../audit.ts'

/** Appends to the audit inside the transaction of what is accounted for. */
export interface AuditLog {
  append(entry: NewAuditEntry): void
  /** After a rollback: the last row is another one. */
  reset(): void
}

interface LastRow {
  seq: number
  hash: Buffer
}

/** Opens the audit at its last row, which is kept in memory: appending reads nothing. */
export function createAuditLog(db: Database.Database): AuditLog {
  const readLast = db.prepare<[], LastRow>('select seq, hash from audit_entry order by seq desc limit 1')
  const insert = db.prepare(`
    insert into audit_entry (seq, at, actor, action, source, integration, mapping, event_seq, job_seq, target, detail,
      payload_hash, hash)
    values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`)
  const lastRow = (): LastRow => readLast.get() ?? { seq: 0, hash: NO_HASH }
  let last = lastRow()

  return {
    append(entry) {
      const row = toRow(last.seq + 1, entry)
      const hash = hashEntry(last.hash, row)
      insert.run(
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
        hash,
      )
      last = { seq: row.seq, hash }
    },
    reset() {
      last = lastRow()
    },
  }
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
    target: entry.target ?? null,
    detail: detail === undefined ? null : JSON.stringify(detail),
    payloadHash: entry.payloadHash ?? null,
  }
}
