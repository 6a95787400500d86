import type * as z from 'zod'

/**
 * A copy of the JSON without what the schema refused: unknown keys, and for other issues the top-level key they lie in.
 * So that one wrong key does not hide the other problems of a file.
 */
export function pruneInvalid(json: unknown, issues: readonly z.core.$ZodIssue[]): unknown {
  const copy: unknown = structuredClone(json)
  for (const issue of issues) {
    if (issue.code === 'unrecognized_keys') {
      const owner = issue.path.reduce<unknown>(memberOf, copy)
      for (const key of issue.keys) remove(owner, key)
    } else if (issue.path[0] !== undefined) remove(copy, issue.path[0])
  }
  return copy
}

function memberOf(value: unknown, key: PropertyKey): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, key)
    ? (value as Record<PropertyKey, unknown>)[key]
    : undefined
}

function remove(owner: unknown, key: PropertyKey): void {
  if (typeof owner === 'object' && owner !== null) Reflect.deleteProperty(owner, key)
}
