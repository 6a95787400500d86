import { hash } from 'node:crypto'

/** A row of the audit as it is stored and hashed. */
export interface AuditRow {
  seq: number
  at: number
  actor: string
  action: string
  source: string | null
  integration: string | null
  mapping: string | null
  eventSeq: number | null
  jobSeq: number | null
  target: string | null
  /** JSON, as text. */
  detail: string | null
  /** SHA-256 of the body, in hex. */
  payloadHash: string | null
}

/** A row with the hash that is stored with it, in hex. */
export type ChainedRow = AuditRow & { hash: string }

/** The hash before the first row. */
export const NO_HASH: string = '0'.repeat(64)

/**
 * Hashes a row together with the hash of the row before it: SHA-256 in hex. The values are a JSON list, so that no value
 * can pass for another one's end. Text all the way: a third faster than joining buffers.
 */
export function hashEntry(previous: string, row: AuditRow): string {
  const { seq, at, actor, action, source, integration, mapping, eventSeq, jobSeq, target, detail, payloadHash } = row
  const values = [seq, at, actor, action, source, integration, mapping, eventSeq, jobSeq, target, detail, payloadHash]
  return hash('sha256', previous + JSON.stringify(values), 'hex')
}
