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

/** The hash before the first row. */
export const NO_HASH: Buffer = Buffer.alloc(32)

/**
 * Hashes a row together with the hash of the row before it: 32 bytes of SHA-256. The values are a JSON list, so that
 * no value can pass for another one's end.
 */
export function hashEntry(previous: Uint8Array, row: AuditRow): Buffer {
  const { seq, at, actor, action, source, integration, mapping, eventSeq, jobSeq, target, detail, payloadHash } = row
  const values = [seq, at, actor, action, source, integration, mapping, eventSeq, jobSeq, target, detail, payloadHash]
  return hash('sha256', Buffer.concat([previous, Buffer.from(JSON.stringify(values))]), 'buffer')
}
