/** The value at a path of parsed JSON, own members only; undefined where there is none. Digits count in a list. */
export function pickOwn(json: unknown, path: readonly string[]): unknown {
  let value = json
  for (const key of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined
    if (Array.isArray(value) && !/^[0-9]{1,4}$/.test(key)) return undefined
    value = (value as Record<string, unknown>)[key]
  }
  return value
}
