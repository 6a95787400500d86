import { isUtf8 } from 'node:buffer'
import { parseJsonText } from '../mapping/parse-json-text.ts'
import { pickOwn } from './pick-own.ts'

/** Largest body that is parsed before it is authentic, in bytes, and the deepest. Only for senders whose proof stands inside. */
export const UNPROVEN_JSON_BYTES_MAX = 1_048_576
const UNPROVEN_JSON_DEPTH_MAX = 32

/** Parses a body that is not authentic yet, because its proof stands in it; undefined where it is not sound JSON. */
export function readUnprovenJson(body: Buffer): unknown {
  if (body.length === 0 || body.length > UNPROVEN_JSON_BYTES_MAX || !isUtf8(body)) return undefined
  const parsed = parseJsonText(body.toString('utf8'), UNPROVEN_JSON_DEPTH_MAX)
  return parsed.ok ? parsed.value : undefined
}

/** Text at a path of parsed JSON; null where it is missing, empty, or no text. */
export function textAt(json: unknown, path: readonly string[]): string | null {
  const value = pickOwn(json, path)
  return typeof value === 'string' && value !== '' ? value : null
}
