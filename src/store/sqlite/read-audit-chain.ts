import type Database from 'better-sqlite3'
import type { SignedCheckpoint } from '../../audit/checkpoint.ts'
import type { ChainedRow } from '../../audit/hash-entry.ts'

export interface ChainPageQuery {
  afterSeq: number
  limit: number
}

/** Reads rows of the audit as they are hashed, oldest first. */
export function readAuditRows(db: Database.Database): (query: ChainPageQuery) => ChainedRow[] {
  const select = db.prepare<[number, number], ChainedRow>(`
    select seq, at, actor, action, source, integration, mapping, event_seq as eventSeq, job_seq as jobSeq, target, detail,
      lower(hex(payload_hash)) as payloadHash, lower(hex(hash)) as hash
    from audit_entry
    where seq > ?
    order by seq
    limit ?`)
  // hex() makes an empty text of null
  return ({ afterSeq, limit }) =>
    select.all(afterSeq, limit).map(row => (row.payloadHash === '' ? { ...row, payloadHash: null } : row))
}

/** Reads checkpoints as they were signed, oldest first. */
export function readCheckpoints(db: Database.Database): (query: ChainPageQuery) => SignedCheckpoint[] {
  const select = db.prepare<[number, number], SignedCheckpoint>(`
    select seq, at, epoch, hash, previous, public_key as publicKey, signature
    from audit_checkpoint
    where seq > ?
    order by seq
    limit ?`)
  return ({ afterSeq, limit }) => select.all(afterSeq, limit)
}
