import { parseSignedAt, type TimestampUnit } from './signed-at.ts'
import { type Refused, refuse } from './verification.ts'

/**
 * Reads a timestamp from a field of the JSON body (Linear's `webhookTimestamp`), given as text or number.
 * Only called for a body whose signature held: nothing hostile meets the parser.
 */
export function readBodyTimestamp(body: Buffer, path: readonly string[], unit: TimestampUnit): number | Refused {
  let value: unknown
  try {
    value = JSON.parse(body.toString('utf8'))
  } catch {
    return refuse('timestamp_missing')
  }
  for (const key of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return refuse('timestamp_missing')
    value = (value as Record<string, unknown>)[key]
  }
  if (typeof value !== 'string' && typeof value !== 'number') return refuse('timestamp_malformed')
  return parseSignedAt(String(value), unit) ?? refuse('timestamp_malformed')
}
