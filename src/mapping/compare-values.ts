import { isMap } from '../is-map.ts'
import { showDiffering, showValue } from './show-value.ts'

/** Most differences that are listed: the rest of two values that have little in common helps nobody. */
const DIFFERENCES_MAX = 20

/** One place where two JSON values differ; values as they may be printed. */
export interface Difference {
  /** `variables.content.price`, `list[2]`. */
  path: string
  expected: string
  found: string
}

/** Compares two JSON values deeply, member order aside, and lists where they differ (at most 20 places). Pure. */
export function compareValues(expected: unknown, found: unknown, path: string): Difference[] {
  const differences: Difference[] = []
  collect(expected, found, path, differences)
  return differences
}

/** `a.b`, `a["odd key"]`. */
export function appendPath(path: string, key: string | number): string {
  if (typeof key === 'number') return `${path}[${key}]`
  if (/^[A-Za-z_$][\w$-]*$/.test(key)) return path === '' ? key : `${path}.${key}`
  return `${path}[${showValue(key)}]`
}

function collect(expected: unknown, found: unknown, path: string, into: Difference[]): void {
  if (into.length >= DIFFERENCES_MAX || expected === found) return
  if (Array.isArray(expected) && Array.isArray(found)) {
    const length = Math.max(expected.length, found.length)
    for (let i = 0; i < length; i++) collect(expected[i], found[i], appendPath(path, i), into)
    return
  }
  if (isMap(expected) && isMap(found)) {
    const keys = new Set([...Object.keys(expected), ...Object.keys(found)])
    for (const key of keys) collect(memberOf(expected, key), memberOf(found, key), appendPath(path, key), into)
    return
  }
  const [left, right] =
    typeof expected === 'string' && typeof found === 'string'
      ? showDiffering(expected, found)
      : [showValue(expected), showValue(found)]
  into.push({ path, expected: left, found: right })
}

function memberOf(map: Record<string, unknown>, key: string): unknown {
  return Object.hasOwn(map, key) ? map[key] : undefined
}
