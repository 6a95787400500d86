/** A member of parsed JSON that is an object of its own; else an empty one. */
export function objectAt(json: unknown, key: string): Readonly<Record<string, unknown>> {
  const value = isObject(json) && Object.hasOwn(json, key) ? json[key] : undefined
  return isObject(value) ? value : {}
}

/** Text at a key, or a whole number written as text; null where it is missing or empty. */
export function textAt(json: unknown, key: string): string | null {
  const value = isObject(json) && Object.hasOwn(json, key) ? json[key] : undefined
  if (typeof value === 'string') return value === '' ? null : value
  if (typeof value === 'number') return Number.isSafeInteger(value) ? String(value) : null
  // a number of more digits than a double has: see ApiAnswer
  return isObject(value) && 'rawJSON' in value && typeof value.rawJSON === 'string' ? value.rawJSON : null
}

export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

const NAME = /^[a-z0-9-]{1,64}$/
const VALUE = /^[\x20-\x7e]{1,1024}$/

/** Headers that a sender's API tells of, as a list; only those of `names`, or that start with one that ends in "-". */
export function pickHeaders(json: unknown, names: readonly string[]): string[] {
  const list: string[] = []
  for (const [name, value] of Object.entries(isObject(json) ? json : {})) {
    const lower = name.toLowerCase()
    const isWanted = names.some(wanted => (wanted.endsWith('-') ? lower.startsWith(wanted) : lower === wanted))
    if (isWanted && NAME.test(lower) && typeof value === 'string' && VALUE.test(value) && !list.includes(lower))
      list.push(lower, value)
  }
  return list
}

/** The body that a parsed payload stands for. */
export function toBody(payload: unknown): Buffer {
  return Buffer.from(JSON.stringify(payload))
}
