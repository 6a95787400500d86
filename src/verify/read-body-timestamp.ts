import { pickOwn } from './pick-own.ts'
import { parseSignedAt, type TimestampUnit } from './signed-at.ts'
import { type Refused, refuse } from './verification.ts'

/**
 * Reads a timestamp from a field of the JSON body (Linear's `webhookTimestamp`), given as text or number.
 * Only called for a body whose signature held: nothing hostile meets the parser.
 */
export function readBodyTimestamp(body: Buffer, path: readonly string[], unit: TimestampUnit): number | Refused {
  let json: unknown
  try {
    json = JSON.parse(body.toString('utf8'))
  } catch {
    return refuse('timestamp_missing')
  }
  const value = pickOwn(json, path)
  if (value === undefined) return refuse('timestamp_missing')
  if (typeof value !== 'string' && typeof value !== 'number') return refuse('timestamp_malformed')
  return parseSignedAt(String(value), unit) ?? refuse('timestamp_malformed')
}
