import { type BridgeFile, bridgeSchema } from './bridge-schema.ts'
import { isObject } from './is-object.ts'

/**
 * What is left when the values with problems are taken out, so that they do not hide the problems of the others: first
 * the values themselves, then, where that leaves something missing, the whole entry or section.
 */
export function parseRest(json: unknown): BridgeFile | null {
  if (!isObject(json)) return null
  const rest = structuredClone(json)
  for (const depth of [Number.POSITIVE_INFINITY, 2, 1]) {
    const parsed = bridgeSchema.safeParse(rest)
    if (parsed.success) return parsed.data
    for (const issue of parsed.error.issues) {
      const keys = issue.code === 'unrecognized_keys' ? issue.keys.map(key => [...issue.path, key]) : [issue.path]
      for (const path of keys) remove(rest, path.slice(0, depth))
    }
  }
  const parsed = bridgeSchema.safeParse(rest)
  return parsed.success ? parsed.data : null
}

/** An element of a list is replaced, so that the others keep their places. */
function remove(json: unknown, path: readonly PropertyKey[]): void {
  const key = path.at(-1)
  const owner = path.slice(0, -1).reduce<unknown>((value, part) => (isObject(value) ? value[part] : undefined), json)
  if (key === undefined || !isObject(owner)) return
  if (Array.isArray(owner)) owner[Number(key)] = 'env:_'
  else Reflect.deleteProperty(owner, key)
}
