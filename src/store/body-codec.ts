import type { PackedBody } from './receipts.ts'

/** The bytes of a body as they were received, or null once retention has removed them. */
export function unpackBody(body: PackedBody): Buffer | null {
  if (body.encoding === 'pruned') return null
  return Buffer.from(body.bytes.buffer, body.bytes.byteOffset, body.bytes.byteLength)
}
