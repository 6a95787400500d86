import { isUtf8 } from 'node:buffer'
import { createHash } from 'node:crypto'
import { parseJsonText } from '../parse-json-text.ts'
import { fail } from './evaluation-budget.ts'
import { RESULT_DEPTH_MAX } from './expression-limits.ts'
import { markLossyNumbers } from './lossy-number.ts'
import { wouldChange as patchWouldChange } from './merge-patch.ts'
import { spendText } from './text-functions.ts'
import { toJsonValue } from './to-json-value.ts'

/** Data functions of the mapping language (interface.md 3). */

export { shapeContent } from './shape-content.ts'

/** Reads JSON text, with the same care as a payload (depth, lone surrogates, numbers that lose precision). */
export function parseJson(text: string): unknown {
  spendText(text)
  const parsed = parseJsonText(text, RESULT_DEPTH_MAX)
  if (parsed.ok) return markLossyNumbers(parsed.value, parsed.lossy)
  return fail(parsed.reason === 'invalid_text' ? 'invalid_text' : 'invalid_value', `parseJson: ${parsed.message}`)
}

/** `bytes(...).json()`: as `parseJson`. */
export function parseJsonBytes(bytes: Uint8Array): unknown {
  return isUtf8(bytes) ? parseJson(Buffer.from(bytes).toString('utf8')) : fail('invalid_value', 'json: not UTF-8')
}

/** Writes a value as JSON text without spaces. */
export function json(value: unknown): string {
  const text = JSON.stringify(toJsonValue(value))
  spendText(text)
  return text
}

/** SHA-256 of the text's UTF-8 bytes, 64 lower-case hex digits. */
export function sha256(text: string): string {
  spendText(text)
  return createHash('sha256').update(text, 'utf8').digest('hex')
}

/** Base64 (RFC 4648 4, with padding) of the text's UTF-8 bytes. */
export function base64Encode(text: string): string {
  spendText(text)
  return Buffer.from(text, 'utf8').toString('base64')
}

/** Text of base64 or base64url, padded or not. Strict, because Buffer drops what it cannot read without a word. */
export function base64Decode(text: string): string {
  spendText(text)
  const digits = text.replace(/={1,2}$/, '')
  if (!/^(?:[A-Za-z0-9+/]*|[A-Za-z0-9_-]*)$/.test(digits) || digits.length % 4 === 1) {
    fail('invalid_value', 'base64Decode: not base64')
  }
  const bytes = Buffer.from(digits, 'base64')
  return isUtf8(bytes) ? bytes.toString('utf8') : fail('invalid_value', 'base64Decode: the bytes are not UTF-8 text')
}

/** The map's own member, or the fallback where it has none (or null). */
export function lookup(map: unknown, key: unknown, fallback: unknown): unknown {
  const name = toName(key)
  if (name === null) return fallback
  if (map instanceof Map) return map.get(name) ?? fallback
  return Object.hasOwn(map as object, name) ? ((map as Record<string, unknown>)[name] ?? fallback) : fallback
}

/** The name of a member: keys of JSON are text, so `{'4': 'sales'}` has a member for the number 4. */
function toName(key: unknown): string | null {
  if (typeof key === 'string') return key
  return typeof key === 'number' || typeof key === 'bigint' || typeof key === 'boolean' ? String(key) : null
}

/** True when the RFC 7396 merge patch changes the value. */
export function wouldChange(current: unknown, patch: unknown): boolean {
  return patchWouldChange(toJsonValue(current), toJsonValue(patch))
}
