import { splitPointer } from '../json-pointer.ts'
import { setOwn } from '../set-own.ts'

/**
 * Stands in a payload where a number lost precision.
 * A symbol, because cel-js refuses to touch one ("Unsupported type: symbol"): reading the number fails, walking past it
 * costs nothing, and ordinary payloads hold none, so their evaluation needs no check at all.
 */
export const LOSSY_NUMBER: unique symbol = Symbol('a number that lost precision')

/**
 * Returns the payload with `LOSSY_NUMBER` at each of the JSON pointers `parsePayload` gave as `lossy`.
 * Only the objects on the way to such a number are copied; null gives the payload itself.
 */
export function markLossyNumbers(payload: unknown, lossy: readonly string[] | null): unknown {
  if (lossy === null) return payload
  const copies = new Set<unknown>()
  let root = payload
  for (const pointer of lossy) root = markOne(root, splitPointer(pointer), 0, copies)
  return root
}

function markOne(value: unknown, keys: readonly string[], at: number, copies: Set<unknown>): unknown {
  const key = keys[at]
  if (key === undefined) return LOSSY_NUMBER
  if (typeof value !== 'object' || value === null) return value
  const copy = copies.has(value) ? value : shallowCopy(value)
  copies.add(copy)
  setOwn(copy, key, markOne((value as Record<string, unknown>)[key], keys, at + 1, copies))
  return copy
}

function shallowCopy(value: object): object {
  if (Array.isArray(value)) return [...value]
  const copy = {}
  for (const [key, item] of Object.entries(value)) setOwn(copy, key, item)
  return copy
}
