import { z } from 'zod'
import { parseDuration } from './parse-duration.ts'

/** Kinds of values that several keys of `bridge.json` have. */

/** Names of sources, integrations and mappings (interface.md 2). */
export const NAME_PATTERN = /^[a-z0-9][a-z0-9_-]{0,63}$/
export const entryName = z
  .string()
  .regex(NAME_PATTERN, { error: 'a name of lower-case letters, digits, "-" and "_", at most 64 characters' })

export const duration = z
  .string({ error: 'a duration such as "250ms", "30s", "5m", "12h" or "180d"' })
  .refine(text => (parseDuration(text) ?? 0) > 0, { error: 'a duration such as "250ms", "30s", "5m", "12h" or "180d"' })
  .meta({ pattern: '^[1-9][0-9]*(ms|s|m|h|d)$' })
export const text = z
  .string({ error: 'text' })
  .min(1, { error: 'text that is not empty' })
  .max(500, { error: 'text of at most 500 characters' })
export const count = (max: number) =>
  z
    .int({ error: `a whole number from 1 to ${max}` })
    .min(1, { error: `a whole number from 1 to ${max}` })
    .max(max, { error: `a whole number from 1 to ${max}` })

const REFERENCE = 'a reference: "env:NAME" or "file:/path", never the secret itself'
/** Where a secret is to be found; the secret itself never stands in the file. */
export const secretReference = z
  .string({ error: REFERENCE })
  .regex(/^(env:[A-Za-z_][A-Za-z0-9_]*|file:.+)$/, { error: REFERENCE })

export const SEALABLE = 'a reference: "env:NAME", "file:/path" or "sealed:NAME", never the secret itself'
/** The same, for secrets that may also be sealed in the store. */
export const sealableReference = z
  .string({ error: SEALABLE })
  .regex(/^(env:[A-Za-z_][A-Za-z0-9_]*|file:.+|sealed:[a-z0-9][a-z0-9_-]{0,63})$/, { error: SEALABLE })
