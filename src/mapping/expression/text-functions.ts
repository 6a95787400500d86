import { fail, spend } from './evaluation-budget.ts'
import { NEEDLE_UNITS_MAX, TEXT_UNITS_MAX } from './expression-limits.ts'

/** Text functions of the mapping language (interface.md 3). Integers arrive as BigInt, JSON numbers as number. */

/** Letters that NFKD does not split into a base letter and a mark. */
const LETTERS: Readonly<Record<string, string>> = {
  ß: 'ss',
  æ: 'ae',
  œ: 'oe',
  ø: 'o',
  đ: 'd',
  ð: 'd',
  ł: 'l',
  þ: 'th',
  ħ: 'h',
  ı: 'i',
}

/**
 * Makes a URL slug: lower-case `a-z0-9` words joined by `-`, accents removed.
 * Throws `invalid_value` when nothing is left (the CMS would invent an address).
 */
export function slugify(text: string): string {
  spendText(text)
  // three passes and the decomposition: 4 to 10 µs per 1,024 units
  spend(text.length / 128)
  const plain = text
    .normalize('NFKD')
    .toLowerCase()
    .replace(/\p{M}/gu, '')
    .replace(/[ßæœøđðłþħı]/g, letter => LETTERS[letter] ?? '')
  const slug = plain
    .split(/[^a-z0-9]+/)
    .filter(word => word !== '')
    .join('-')
  return slug === '' ? fail('invalid_value', 'slugify: no letter a-z or digit is left') : slug
}

/** Cuts after `count` characters (code points, so no emoji is halved). */
export function truncate(text: string, count: bigint | number): string {
  spendText(text)
  const wanted = Number(count)
  if (!(wanted >= 0)) fail('invalid_value', 'truncate: the length must be 0 or more')
  if (text.length <= wanted) return text
  let end = 0
  for (let kept = 0; kept < Math.floor(wanted) && end < text.length; kept++) {
    end += text.codePointAt(end)! > 0xffff ? 2 : 1
  }
  return text.slice(0, end)
}

export function lower(text: string): string {
  spendText(text)
  return text.toLowerCase()
}

export function upper(text: string): string {
  spendText(text)
  return text.toUpperCase()
}

export function trim(text: string): string {
  spendText(text)
  return text.trim()
}

/** Replaces every occurrence, literally. Throws `too_large` when the result would pass `TEXT_UNITS_MAX`. */
export function replace(text: string, from: string, to: string): string {
  spendSearch(text, from)
  if (from === '') return text
  const parts = text.split(from)
  const units = text.length + (parts.length - 1) * (to.length - from.length)
  if (units > TEXT_UNITS_MAX) fail('too_large', `replace: the result is longer than ${TEXT_UNITS_MAX} UTF-16 units`)
  return parts.join(to)
}

export function split(text: string, separator: string): string[] {
  spendSearch(text, separator)
  return separator === '' ? [...text] : text.split(separator)
}

/** As `split`; at most `limit` parts, the last one holding the rest; a negative limit means no limit (CEL strings). */
export function splitLimited(text: string, separator: string, limit: bigint): string[] {
  const parts = split(text, separator)
  const most = Number(limit)
  if (most === 0) return []
  if (most < 0 || parts.length <= most) return parts
  return [...parts.slice(0, most - 1), parts.slice(most - 1).join(separator)]
}

/** Joins texts, numbers and bools; anything else in the list is a type error. */
export function join(list: readonly unknown[] | ReadonlySet<unknown>, separator = ''): string {
  const parts = Array.from(list, toText)
  spend(parts.length / 16)
  const units = parts.reduce((sum, part) => sum + part.length + separator.length, 0)
  if (units > TEXT_UNITS_MAX) fail('too_large', `join: the result is longer than ${TEXT_UNITS_MAX} UTF-16 units`)
  return parts.join(separator)
}

function toText(value: unknown): string {
  if (typeof value === 'string') return value
  if (typeof value === 'number' || typeof value === 'bigint' || typeof value === 'boolean') return String(value)
  if (typeof value === 'symbol') fail('precision_loss', 'join: a number of the list lost precision')
  return fail('mapping_type', 'join: the list holds something other than text, numbers and bools')
}

export function contains(text: string, needle: string): boolean {
  spendSearch(text, needle)
  return text.includes(needle)
}

/** Places in a text count characters (code points), as `size` and `truncate` do, so that no emoji is halved. */
export function indexOf(text: string, needle: string, from: bigint = 0n): bigint {
  spendSearch(text, needle)
  return toCharacters(text, text.indexOf(needle, toUnits(text, from)))
}

export function lastIndexOf(text: string, needle: string, from?: bigint): bigint {
  spendSearch(text, needle)
  return toCharacters(
    text,
    from === undefined ? text.lastIndexOf(needle) : text.lastIndexOf(needle, toUnits(text, from)),
  )
}

/** The characters from `start` to before `end`. */
export function substring(text: string, start: bigint, end?: bigint): string {
  spendText(text)
  if (end !== undefined && end < start) fail('invalid_value', 'substring: the end lies before the start')
  return text.slice(toUnits(text, start), end === undefined ? text.length : toUnits(text, end))
}

const SURROGATE = /[\ud800-\udfff]/

/** The offset in UTF-16 units of so many characters. */
function toUnits(text: string, characters: bigint): number {
  const isInside = characters >= 0n && characters <= BigInt(text.length)
  if (!isInside) return fail('invalid_value', 'the offset lies outside the text')
  if (!SURROGATE.test(text)) return Number(characters)
  spend(text.length / 128)
  let units = 0
  for (let left = Number(characters); left > 0; left--) {
    if (units >= text.length) return fail('invalid_value', 'the offset lies outside the text')
    units += text.codePointAt(units)! > 0xffff ? 2 : 1
  }
  return units
}

/** The characters before an offset in UTF-16 units; -1 stays. */
function toCharacters(text: string, units: number): bigint {
  if (units <= 0 || !SURROGATE.test(text)) return BigInt(units)
  spend(text.length / 128)
  let characters = 0
  for (const _ of text.slice(0, units)) characters++
  return BigInt(characters)
}

/** Text handled natively: about 1 µs per 1,024 units. */
export function spendText(text: string): void {
  if (text.length > TEXT_UNITS_MAX) fail('too_large', `a text is longer than ${TEXT_UNITS_MAX} UTF-16 units`)
  spend(1 + text.length / 1_024)
}

/** V8's search may compare needle × text characters (1 MB in 0.3 MB took 50 s), about 1,024 of them per µs. */
function spendSearch(text: string, needle: string): void {
  spendText(text)
  if (needle.length > NEEDLE_UNITS_MAX) {
    fail('too_large', `the text searched for is longer than ${NEEDLE_UNITS_MAX} UTF-16 units`)
  }
  spend((text.length * needle.length) / 1_024)
}
