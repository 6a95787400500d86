import { z } from 'zod'
import { parseDuration } from '../config/parse-duration.ts'
import { BridgeError } from '../errors.ts'

/** Events one rehearsal looks at, at most, and where the request says nothing. */
const EVENTS_MAX = 1_000_000
const EVENTS_DEFAULT = 100_000

export interface RehearsalRequest {
  /** Epoch ms. */
  sinceAt: number
  mapping: string | null
  eventsMax: number
}

const schema = z.strictObject({
  since: z.string(),
  mapping: z.string().optional(),
  limit: z.int().min(1).max(EVENTS_MAX).default(EVENTS_DEFAULT),
})

const EXPECTED: Readonly<Record<string, string>> = {
  since: 'a duration such as "7d", or an instant such as "2026-11-24T00:00:00Z"',
  mapping: 'the name of a mapping in force',
  limit: `a whole number from 1 to ${EVENTS_MAX}`,
}

/**
 * Reads the body of a rehearsal: `{ since, mapping?, limit? }`. Throws `invalid_request`, which names the key and what was
 * expected, never what was sent.
 */
export function readRehearsalRequest(
  body: unknown,
  mappings: ReadonlyMap<string, unknown>,
  now: number,
): RehearsalRequest {
  const parsed = schema.safeParse(body)
  if (!parsed.success) throw refuse(String(parsed.error.issues[0]?.path[0] ?? ''))
  const { since, mapping = null, limit } = parsed.data
  const sinceAt = readSince(since, now)
  if (sinceAt === null) throw refuse('since')
  if (mapping !== null && !mappings.has(mapping)) throw refuse('mapping')
  return { sinceAt, mapping, eventsMax: limit }
}

function readSince(text: string, now: number): number | null {
  const durationMs = parseDuration(text)
  if (durationMs !== null) return now - durationMs
  const at = /^\d{4}-\d{2}-\d{2}T[\d:.]+(Z|[+-]\d{2}:\d{2})$/.test(text) ? Date.parse(text) : Number.NaN
  return Number.isNaN(at) ? null : at
}

function refuse(key: string): BridgeError {
  const expected = Object.hasOwn(EXPECTED, key) ? `${key}: expected ${EXPECTED[key]}` : null
  return new BridgeError(
    'invalid_request',
    expected ?? 'expected a JSON object with "since", and if need be "mapping" and "limit"; no other key',
  )
}
