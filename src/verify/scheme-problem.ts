import type { z } from 'zod'

/** Something wrong with the settings of a scheme; `pointer` is a JSON pointer from the source's own object. */
export interface SchemeProblem {
  pointer: string
  expected: string
  found: string
  /** What was probably meant. */
  suggestion?: string | null
}

const FOUND_CHARS_MAX = 80

/** Describes a value of a settings file in at most 80 characters. */
export function describeFound(value: unknown): string {
  if (value === undefined) return 'nothing'
  const text = typeof value === 'string' ? `"${value}"` : (JSON.stringify(value) ?? typeof value)
  return text.length <= FOUND_CHARS_MAX ? text : `${text.slice(0, FOUND_CHARS_MAX)}…`
}

/** Turns what zod found into problems; every schema here words its message as the thing expected. */
export function problemsFromZod(error: z.ZodError, input: unknown): SchemeProblem[] {
  return error.issues.flatMap(issue => {
    const path = issue.path.map(String)
    if (issue.code === 'unrecognized_keys') {
      return issue.keys.map(key => ({ pointer: toPointer([...path, key]), expected: 'no such key', found: `"${key}"` }))
    }
    return [{ pointer: toPointer(path), expected: issue.message, found: describeFound(valueAt(input, path)) }]
  })
}

function toPointer(path: readonly string[]): string {
  return path.map(key => `/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`).join('')
}

function valueAt(input: unknown, path: readonly string[]): unknown {
  let value = input
  for (const key of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined
    value = (value as Record<string, unknown>)[key]
  }
  return value
}
