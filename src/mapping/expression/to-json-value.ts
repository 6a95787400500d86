import { Duration, UnsignedInt } from '@marcbachmann/cel-js/evaluator'
import { setOwn } from '../set-own.ts'
import { fail, spend } from './evaluation-budget.ts'
import { RESULT_DEPTH_MAX, RESULT_TEXT_UNITS_MAX, RESULT_VALUES_MAX, TEXT_UNITS_MAX } from './expression-limits.ts'
import { LOSSY_NUMBER } from './lossy-number.ts'

interface Counted {
  values: number
  textUnits: number
}

/**
 * Turns what CEL computed into plain JSON: integers and unsigned integers become numbers, timestamps ISO text,
 * durations CEL's text (`90s`), maps objects. Parts that are plain already are returned as they are, not copied.
 * Throws (EvaluationError) `precision_loss` above 2^53-1, `mapping_type` for bytes and types, `invalid_value` for
 * NaN and infinity, `too_large` beyond the limits of expression-limits.ts.
 */
export function toJsonValue(value: unknown): unknown {
  if (typeof value === 'string') return checkText(value)
  if (typeof value === 'boolean' || value === null) return value
  return convert(value, 0, { values: 0, textUnits: 0 })
}

function convert(value: unknown, depth: number, counted: Counted): unknown {
  if (++counted.values > RESULT_VALUES_MAX) fail('too_large', `the result holds more than ${RESULT_VALUES_MAX} values`)
  switch (typeof value) {
    case 'string':
      countText(value, counted)
      return checkText(value)
    case 'boolean':
      return value
    case 'number':
      return Number.isFinite(value) ? value : fail('invalid_value', 'the result is not a finite number')
    case 'bigint':
      return toSafeNumber(value)
    case 'symbol':
      return fail('precision_loss', String(LOSSY_NUMBER.description))
    case 'object':
      return value === null ? null : convertObject(value, depth + 1, counted)
  }
  return fail('mapping_type', `a value of type ${typeof value} cannot be JSON`)
}

function checkText(text: string): string {
  if (text.length > TEXT_UNITS_MAX) fail('too_large', `the text is longer than ${TEXT_UNITS_MAX} UTF-16 units`)
  // written as JSON later, once for each place it stands in
  if (text.length > 1_024) spend(text.length / 1_024)
  return text
}

function countText(text: string, counted: Counted): void {
  counted.textUnits += text.length
  if (counted.textUnits > RESULT_TEXT_UNITS_MAX) {
    fail('too_large', `the texts of the result are longer than ${RESULT_TEXT_UNITS_MAX} UTF-16 units together`)
  }
}

function toSafeNumber(value: bigint): number {
  const number = Number(value)
  return Number.isSafeInteger(number) ? number : fail('precision_loss', 'a whole number above 2^53-1 does not fit JSON')
}

function convertObject(value: object, depth: number, counted: Counted): unknown {
  if (depth > RESULT_DEPTH_MAX) fail('too_large', `the result is nested deeper than ${RESULT_DEPTH_MAX} levels`)
  if (Array.isArray(value)) return convertList(value, depth, counted)
  if (value instanceof Map) return convertEntries(value.entries(), depth, counted)
  if (value instanceof Set) return convertList([...value], depth, counted)
  if (value instanceof Date) return toIsoText(value)
  if (value instanceof UnsignedInt) return toSafeNumber(BigInt(value.toString()))
  if (value instanceof Duration) return value.toString()
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype === Object.prototype || prototype === null) return convertMembers(value, depth, counted)
  return fail('mapping_type', value instanceof Uint8Array ? 'bytes cannot be JSON' : 'a type cannot be JSON')
}

function toIsoText(value: Date): string {
  return Number.isNaN(value.getTime()) ? fail('invalid_value', 'the timestamp is out of range') : value.toISOString()
}

/** Copies only once a member differs: most results are parts of the payload as they came. */
function convertList(list: readonly unknown[], depth: number, counted: Counted): unknown[] {
  let copy: unknown[] | null = null
  spend(list.length / 16)
  for (let i = 0; i < list.length; i++) {
    const item = convert(list[i], depth, counted)
    if (copy === null && item !== list[i]) copy = list.slice(0, i)
    copy?.push(item)
  }
  return copy ?? (list as unknown[])
}

function convertMembers(value: object, depth: number, counted: Counted): object {
  const entries = Object.entries(value)
  spend(entries.length / 4)
  const converted = entries.map(([key, item]) => {
    countText(key, counted)
    return convert(item, depth, counted)
  })
  if (entries.every(([, item], i) => item === converted[i])) return value
  const copy = {}
  for (const [i, [key]] of entries.entries()) setOwn(copy, key, converted[i])
  return copy
}

function convertEntries(entries: Iterable<[unknown, unknown]>, depth: number, counted: Counted): object {
  const copy = {}
  for (const [key, item] of entries) setOwn(copy, String(key), convert(item, depth, counted))
  return copy
}
