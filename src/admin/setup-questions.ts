import { z } from 'zod'
import { SECRET_BYTES_MAX, SECRET_BYTES_MIN } from '../config/resolve-secret.ts'
import { FILTER_CHARS_MAX, fingerprint, MOMENT, text } from './question-parts.ts'

/** What is asked of sources, mappings, integrations and secrets. */

/** Longest name and value of a header of a trial, in characters. */
const HEADER_NAME = /^[a-zA-Z0-9-]{1,100}$/
const HEADER_CHARS_MAX = 8_192
/** Body of `POST mappings/try`. */
export const tryBody = z.strictObject({
  mapping: z.string().min(1).max(FILTER_CHARS_MAX).describe('the name of a mapping in force'),
  payload: z.json().describe('the payload, any JSON'),
  type: text('an event type, such as workflow_run.completed'),
  headers: z
    .record(z.string().regex(HEADER_NAME), z.string().max(HEADER_CHARS_MAX))
    .default({})
    .describe('an object of header names and values, both text'),
})

/** Body of `POST sources/:name/reconcile`. */
export const reconcileBody = z.strictObject({
  dryRun: z.boolean().default(true).describe('true (tell what is missing) or false (record it)'),
  since: z.string().min(1).max(FILTER_CHARS_MAX).default('3d').describe(`${MOMENT}: from then on`),
})

const VALUE_EXPECTED = `text of ${SECRET_BYTES_MIN} to ${SECRET_BYTES_MAX} bytes that is not blank`
/** Body of `PUT secrets/:name`. */
export const sealBody = z.strictObject({
  value: z
    .string()
    .refine(value => {
      const bytes = Buffer.byteLength(value)
      return bytes >= SECRET_BYTES_MIN && bytes <= SECRET_BYTES_MAX && value.trim() !== '' && value.isWellFormed()
    })
    .describe(VALUE_EXPECTED),
})

/** Longest window in which a secret is taken over, and the usual one, in minutes. */
const CAPTURE_MINUTES_MAX = 60
const CAPTURE_MINUTES_DEFAULT = 10
/** Body of `POST sources/:name/capture`. */
export const captureBody = z.strictObject({
  minutes: z
    .int()
    .min(1)
    .max(CAPTURE_MINUTES_MAX)
    .default(CAPTURE_MINUTES_DEFAULT)
    .describe(`a whole number from 1 to ${CAPTURE_MINUTES_MAX}: how long it waits`),
  replace: z
    .boolean()
    .default(false)
    .describe('true or false: although the source has a secret, which no longer counts then'),
})

/** Bodies of the acts on a source, an integration, a mapping, a token. */
export const pauseBody = z.strictObject({
  reason: z.string().min(1).max(500).optional().describe('why, in 1 to 500 characters'),
})
export const revokeBody = z.strictObject({ token: fingerprint.optional().describe(fingerprint.description!) })
