import type * as z from 'zod'
import { appendPointer } from './json-pointer.ts'
import type { Problem } from './problem.ts'
import { problemAt, type SourceFile } from './source-file.ts'
import { suggest } from './suggest.ts'

/** Known keys of the object at a path, for suggestions. */
export type KnownKeys = (path: readonly PropertyKey[]) => readonly string[]

/** Turns what zod found into problems with places: one per unknown key, `expected …, found …` for the rest. */
export function problemsOfSchema(source: SourceFile, error: z.ZodError, knownKeys: KnownKeys): Problem[] {
  return error.issues.flatMap(issue => problemsOfIssue(source, issue, knownKeys))
}

function problemsOfIssue(source: SourceFile, issue: z.core.$ZodIssue, knownKeys: KnownKeys): Problem[] {
  const pointer = issue.path.reduce<string>((at, key) => appendPointer(at, String(key)), '')
  if (issue.code === 'unrecognized_keys') {
    const known = knownKeys(issue.path)
    return issue.keys.map(key => unknownKey(source, appendPointer(pointer, key), key, known))
  }
  const value = valueAt(source.json, issue.path)
  if (issue.code === 'invalid_type' && value === undefined) {
    const key = String(issue.path.at(-1))
    const parts = {
      code: 'missing_key',
      message: `"${key}" is missing`,
      expected: `"${key}"`,
      found: 'nothing',
    } as const
    return [problemAt(source, pointer, parts)]
  }
  const code = issue.code === 'invalid_type' ? 'wrong_type' : 'invalid_value'
  const expected = describeExpected(issue)
  const suggestion = issue.code === 'invalid_value' ? suggest(String(value), issue.values.map(String)) : null
  const found = describeValue(issue.code === 'invalid_key' ? issue.path.at(-1) : value)
  const at = issue.code === 'invalid_key' ? 'key' : 'value'
  return [problemAt(source, pointer, { code, message: `expected ${expected}`, expected, found, suggestion }, at)]
}

function unknownKey(source: SourceFile, pointer: string, key: string, known: readonly string[]): Problem {
  const parts = {
    code: 'unknown_key',
    message: `unknown key "${key}"`,
    expected: known.length === 0 ? 'a known key' : `one of ${known.join(', ')}`,
    found: `"${key}"`,
    suggestion: suggest(key, known),
  } as const
  return problemAt(source, pointer, parts, 'key')
}

function describeExpected(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case 'invalid_type':
      return NOUNS[issue.expected] ?? issue.expected
    case 'invalid_value':
      return issue.values.map(value => JSON.stringify(value)).join(' or ')
    case 'too_small':
      return issue.origin === 'string' ? 'a text that is not empty' : `at least ${issue.minimum} elements`
    case 'too_big':
      return `at most ${issue.maximum} elements`
    case 'invalid_key':
      return issue.issues[0]?.message ?? 'another name'
    default:
      return issue.message
  }
}

const NOUNS: Readonly<Record<string, string>> = {
  string: 'a text',
  number: 'a number',
  boolean: 'true or false',
  object: 'an object',
  record: 'an object',
  array: 'a list',
}

/** What a value is, in few words: texts and other scalars are shown, shortened. */
export function describeValue(value: unknown): string {
  if (value === undefined) return 'nothing'
  if (Array.isArray(value)) return value.length === 0 ? 'an empty list' : 'a list'
  if (typeof value === 'object' && value !== null) return 'an object'
  const text = JSON.stringify(value)
  return text.length > 60 ? `${text.slice(0, 57)}…` : text
}

function valueAt(json: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>((value, key) => {
    return typeof value === 'object' && value !== null && Object.hasOwn(value, key)
      ? (value as Record<PropertyKey, unknown>)[key]
      : undefined
  }, json)
}
