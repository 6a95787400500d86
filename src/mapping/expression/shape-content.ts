import { isMap } from '../../is-map.ts'
import { setOwn } from '../set-own.ts'
import { suggest } from '../suggest.ts'
import { fail, spend } from './evaluation-budget.ts'
import { type ContentField, shapeValue } from './shape-value.ts'
import { toJsonValue } from './to-json-value.ts'

/** Problems named in one message. */
const PROBLEMS_SHOWN_MAX = 5
/** Fields named where a key is none of them. */
const FIELDS_SHOWN_MAX = 15
/** A key that may be quoted in a message: what else it may be is text of a payload. */
const FIELD_NAME = /^[\w-]{1,64}$/

/** Types of the built-in fields, which are no part of content (create_entry of the MCP); an old collection may have texts of these names. */
const BUILT_IN = new Set(['name', 'slug'])

/**
 * Brings the values of an entry's content into the form its collection's fields take; null (clear) stays null.
 * `fields` is what the operation `collection` reads, `content` a map keyed by field name (a merge patch too).
 * Throws `invalid_value` with every field that is unknown or whose value does not fit, `mapping_type` where an
 * argument is of another kind.
 */
export function shapeContent(fields: unknown, content: unknown): Record<string, unknown> {
  const known = readFields(toJsonValue(fields))
  const values = toJsonValue(content)
  if (!isMap(values)) return fail('mapping_type', 'shapeContent: content must be a map keyed by field name')
  const shaped: Record<string, unknown> = {}
  const problems: string[] = []
  let unsaid = 0
  for (const [key, value] of Object.entries(values)) {
    spend(5 + (Array.isArray(value) ? value.length : 0))
    const problem = shapeMember(key, value, known, shaped)
    if (problem === null) continue
    if (problems.length < PROBLEMS_SHOWN_MAX) problems.push(problem())
    else unsaid++
  }
  if (problems.length === 0) return shaped
  return fail('invalid_value', `shapeContent: ${problems.join('; ')}${unsaid > 0 ? `; and ${unsaid} more` : ''}`)
}

/** Sets the member of `shaped`, or gives what is wrong with it: a function, since not every problem is put into words. */
function shapeMember(
  key: string,
  value: unknown,
  known: ReadonlyMap<string, ContentField>,
  shaped: Record<string, unknown>,
): (() => string) | null {
  const field = known.get(key)
  if (field === undefined || isBuiltIn(field)) return () => describeUnknown(key, known)
  const result = shapeValue(field, value)
  if (!result.ok) return () => `field "${key}": expected ${result.expected}, found ${result.found}`
  setOwn(shaped, key, result.value)
  return null
}

function isBuiltIn({ name, type }: ContentField): boolean {
  return BUILT_IN.has(name) && type === name
}

function readFields(fields: unknown): Map<string, ContentField> {
  if (!Array.isArray(fields)) {
    return fail('mapping_type', 'shapeContent: fields must be the list of fields that the operation collection reads')
  }
  const known = new Map<string, ContentField>()
  for (const field of fields) {
    if (!isMap(field) || typeof field.name !== 'string' || typeof field.type !== 'string') {
      return fail('mapping_type', 'shapeContent: a field has no name or no type')
    }
    spend(1)
    known.set(field.name, {
      name: field.name,
      type: field.type,
      list: field.list === true,
      required: field.required === true,
      options: typeof field.options === 'string' ? field.options : null,
      withTime: isMap(field.config) && field.config.time === true,
    })
  }
  return known
}

function describeUnknown(key: string, known: ReadonlyMap<string, ContentField>): string {
  if (BUILT_IN.has(key)) return `"${key}" is built in and not part of content: give it beside content`
  const names = [...known.values()].filter(field => !isBuiltIn(field)).map(({ name }) => name)
  const isQuotable = FIELD_NAME.test(key)
  const close = isQuotable ? suggest(key, names) : null
  const more = names.length > FIELDS_SHOWN_MAX ? ', …' : ''
  const expected = names.length === 0 ? 'no fields' : `one of ${names.slice(0, FIELDS_SHOWN_MAX).join(', ')}${more}`
  const hint = close === null ? '' : ` (did you mean "${close}"?)`
  return `unknown field: expected ${expected}, found ${isQuotable ? `"${key}"` : 'another key'}${hint}`
}
