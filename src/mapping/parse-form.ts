import { isUtf8 } from 'node:buffer'
import { setOwn } from './set-own.ts'

export type ParsedForm = { ok: true; fields: Record<string, string | string[]> } | { ok: false }

/**
 * Reads `a=1&b=2` (an `application/x-www-form-urlencoded` body or a query) into an object of strings.
 * A repeated key gives an array in the order of appearance; `+` is a space; a stray `%` stays as it is (WHATWG URL 5.1).
 * Not ok when the decoded bytes are not UTF-8: URLSearchParams would replace them silently.
 */
export function parseForm(text: string): ParsedForm {
  const fields: Record<string, string | string[]> = {}
  for (const pair of text.split('&')) {
    if (pair === '') continue
    const equals = pair.indexOf('=')
    const key = decodeComponent(equals === -1 ? pair : pair.slice(0, equals))
    const value = decodeComponent(equals === -1 ? '' : pair.slice(equals + 1))
    if (key === null || value === null) return { ok: false }
    addField(fields, key, value)
  }
  return { ok: true, fields }
}

/** Adds a value to an object of fields; a repeated key gives an array in the order of appearance. */
export function addField<V extends string | object>(fields: Record<string, V | V[]>, key: string, value: V): void {
  const present = Object.hasOwn(fields, key) ? fields[key] : undefined
  if (present === undefined) setOwn(fields, key, value)
  else if (Array.isArray(present)) present.push(value)
  else setOwn(fields, key, [present, value])
}

/** Returns null where the percent-decoded bytes are not valid UTF-8. */
function decodeComponent(text: string): string | null {
  const spaced = text.includes('+') ? text.replaceAll('+', ' ') : text
  if (!spaced.includes('%')) return spaced
  const source = Buffer.from(spaced, 'utf8')
  const bytes = Buffer.allocUnsafe(source.length)
  let length = 0
  for (let i = 0; i < source.length; i++) {
    const code = source[i] === 0x25 ? hexByte(source[i + 1], source[i + 2]) : -1
    if (code >= 0) i += 2
    bytes[length++] = code >= 0 ? code : source[i]!
  }
  const decoded = bytes.subarray(0, length)
  return isUtf8(decoded) ? decoded.toString('utf8') : null
}

function hexByte(high: number | undefined, low: number | undefined): number {
  const h = hexDigit(high)
  const l = hexDigit(low)
  return h < 0 || l < 0 ? -1 : h * 16 + l
}

function hexDigit(code: number | undefined): number {
  if (code === undefined) return -1
  if (code >= 0x30 && code <= 0x39) return code - 0x30
  const lower = code | 0x20
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1
}
