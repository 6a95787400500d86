import { z } from 'zod'
import { readMoment } from '../config/read-moment.ts'
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

const EXPECTED = {
  since: 'a duration such as "7d", or an instant such as "2026-11-24T00:00:00Z"',
  mapping: 'the name of a mapping in force',
  limit: `a whole number from 1 to ${EVENTS_MAX}`,
} as const

/** What may be asked, as it is documented. */
export const rehearsalSchema = z.strictObject({
  since: z.string().describe(EXPECTED.since),
  mapping: z.string().optional().describe(EXPECTED.mapping),
  limit: z.int().min(1).max(EVENTS_MAX).default(EVENTS_DEFAULT).describe(EXPECTED.limit),
})

/**
 * Reads the body of a rehearsal: `{ since, mapping?, limit? }`. Throws `invalid_request`, which names the key and what was
 * expected, never what was sent.
 */
export function readRehearsalRequest(
  body: unknown,
  mappings: ReadonlyMap<string, unknown>,
  now: number,
): RehearsalRequest {
  const parsed = rehearsalSchema.safeParse(body)
  if (!parsed.success) throw refuse(String(parsed.error.issues[0]?.path[0] ?? ''))
  const { since, mapping = null, limit } = parsed.data
  const sinceAt = readMoment(since, now)
  if (sinceAt === null) throw refuse('since')
  if (mapping !== null && !mappings.has(mapping)) throw refuse('mapping')
  return { sinceAt, mapping, eventsMax: limit }
}

function refuse(key: string): BridgeError {
  const expected = Object.hasOwn(EXPECTED, key) ? `${key}: expected ${EXPECTED[key as keyof typeof EXPECTED]}` : null
  return new BridgeError(
    'invalid_request',
    expected ?? 'expected a JSON object with "since", and if need be "mapping" and "limit"; no other key',
  )
}
