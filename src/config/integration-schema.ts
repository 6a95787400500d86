import { z } from 'zod'
import { count, duration, sealableReference, text } from './value-schemas.ts'

export const rateLimitSchema = z.strictObject({
  perMinute: count(1_000_000).optional().describe('Requests in any 60 seconds, at most'),
  perDay: count(100_000_000).optional().describe('Requests in any 24 hours, at most'),
})

/** How long waits between attempts grow: full jitter below base × 2^n, never above the cap. */
export const backoffSchema = z.strictObject({ base: duration.default('2s'), cap: duration.default('1h') })

const CIRCUIT_BREAKER = 'an object, or false to switch it off'
const RATIO = 'a number above 0 up to 1'
/** Stops claiming for a while where the API fails: it is asked by one job at a time until it answers again. */
export const circuitBreakerSchema = z.strictObject({
  failureRatio: z
    .number({ error: RATIO })
    .gt(0, { error: RATIO })
    .max(1, { error: RATIO })
    .default(0.8)
    .describe('Share of failed attempts from which on nothing more is claimed'),
  attempts: count(1_000).default(20).describe('How many of the last attempts are looked at'),
  window: duration.default('1m').describe('Older attempts do not count'),
  open: duration.default('10s').describe('Wait before one job tries again'),
})

/** An entry of `integrations` of `bridge.json`; src/config/read-integration.ts reads it. */
export const integrationSchema = z.strictObject({
  $comment: z.string().optional(),
  token: sealableReference.describe('The API token, as a reference'),
  purpose: text.optional(),
  owner: text.optional(),
  rotateAfter: duration.optional().describe('Age from which on the token is said to be due for rotation'),
  rateLimit: rateLimitSchema.optional().describe('Hard caps; left out = none'),
  concurrency: count(256).default(4).describe('Requests under way at once, at most'),
  attempts: count(100).optional().describe('Overrides limits.attempts'),
  backoff: backoffSchema.optional(),
  circuitBreaker: z
    .union([z.literal(false), circuitBreakerSchema], { error: CIRCUIT_BREAKER })
    .prefault({})
    .describe('Stops claiming while the API fails; false = off'),
})
