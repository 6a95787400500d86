import { crc32 } from 'node:zlib'

/** What an event keeps to know its body by. */
export interface KeptBody {
  body_bytes: number
  /** SHA-256; null in rows of before it was kept. */
  body_hash: Buffer | null
  /** CRC-32 of those rows; 0 in newer ones. */
  body_crc: number
}

/** Whether a body is the one an event came with; `bodyHash` is its SHA-256. */
export function isSameBody(row: KeptBody, body: Uint8Array, bodyHash: Buffer): boolean {
  if (row.body_bytes !== body.byteLength) return false
  return row.body_hash === null ? row.body_crc === crc32(body) : bodyHash.equals(row.body_hash)
}
