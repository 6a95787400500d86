import type { z } from 'zod'
import { BridgeError } from '../errors.ts'

/**
 * Reads a query or body by its schema. Throws `invalid_request`, which names the first key that is wrong and what was
 * expected (the description in the schema), never what was sent.
 */
export function readRequest<Shape extends z.ZodRawShape>(schema: z.ZodObject<Shape>, value: unknown) {
  const parsed = schema.safeParse(value ?? {})
  if (parsed.success) return parsed.data
  const key = String(parsed.error.issues[0]?.path[0] ?? '')
  throw refuseKey(schema, key)
}

/** The refusal of one key; of another one than the schema knows, it says which there are. */
export function refuseKey(schema: z.ZodObject, key: string): BridgeError {
  const names = Object.keys(schema.shape)
  const known = names.includes(key) ? (schema.shape[key] as z.ZodType) : undefined
  const expected =
    known === undefined
      ? names.length === 0
        ? 'expected nothing'
        : `expected an object with no other keys than ${names.join(', ')}`
      : `${key}: expected ${known.description ?? 'another value'}`
  return new BridgeError('invalid_request', expected)
}
