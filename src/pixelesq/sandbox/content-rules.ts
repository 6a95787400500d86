import type { Collection, CollectionField, Content, Model } from './model.ts'

/** Nesting that content may have; deeper input is refused before anything recurses over it. */
export const CONTENT_DEPTH_MAX = 64

/** Names that are built in and never part of content; keys of that name are refused (create_entry of the MCP). */
const BUILT_IN_KEYS = new Set(['name', 'slug'])

const DAY = /^(\d{4})-(\d{2})-(\d{2})$/
const INSTANT = /^(\d{4}-\d{2}-\d{2})T([01]\d|2[0-3]):[0-5]\d(:[0-5]\d(\.\d{1,9})?)?[+-]([01]\d|2[0-3]):[0-5]\d$/
const ICON_PATH = /^[a-z0-9-]+\/[a-z0-9-]+\.svg$/
const SCRIPT = /<\s*script|\son[a-z]+\s*=|javascript:/i

export function isObject(value: unknown): value is Content {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** True where a JSON value nests deeper than `depthMax`; stops at that depth, so it never overflows the stack. */
export function isTooDeep(value: unknown, depthMax: number): boolean {
  if (typeof value !== 'object' || value === null) return false
  if (depthMax === 0) return true
  for (const inner of Object.values(value)) if (isTooDeep(inner, depthMax - 1)) return true
  return false
}

/** RFC 7396: absent keeps, null removes, objects merge, anything else replaces. Never changes `target`. */
export function mergePatch(target: unknown, patch: unknown): unknown {
  if (!isObject(patch)) return patch
  const merged: Content = isObject(target) ? { ...target } : {}
  for (const key of Object.keys(patch)) {
    if (patch[key] === null) delete merged[key]
    else setOwn(merged, key, mergePatch(Object.hasOwn(merged, key) ? merged[key] : undefined, patch[key]))
  }
  return merged
}

/** Plain assignment to `__proto__` would change the prototype instead of making a key. */
function setOwn(target: Content, key: string, value: unknown): void {
  if (key !== '__proto__') target[key] = value
  else Object.defineProperty(target, key, { value, enumerable: true, configurable: true, writable: true })
}

/** Problems of the keys in `touched`, judged by their values in `content`; empty when all is well. */
export function checkContent(
  model: Model,
  collection: Collection,
  content: Content,
  touched: readonly string[],
): string[] {
  const problems: string[] = []
  for (const key of touched) {
    const field = collection.fieldsByName.get(key)
    if (BUILT_IN_KEYS.has(key)) problems.push(`"${key}" is built in and not part of content`)
    else if (field === undefined) problems.push(`"${key}" is not a field of this collection`)
    else {
      const problem = Object.hasOwn(content, key) ? checkField(model, field, content[key]) : checkCleared(field)
      if (problem !== null) problems.push(`"${key}": ${problem}`)
    }
  }
  return problems
}

/** Required fields without a value. Asked at publish only: the documented createEntry sends no content at all and succeeds. */
export function listMissing(collection: Collection, content: Content): string[] {
  return collection.fields.filter(field => field.required && content[field.name] === undefined).map(field => field.name)
}

function checkCleared(field: CollectionField): string | null {
  return field.required ? 'is required and cannot be cleared' : null
}

function checkField(model: Model, field: CollectionField, value: unknown): string | null {
  if (!field.list) return checkValue(model, field, value)
  if (!Array.isArray(value)) return `expected an array of ${field.type}`
  for (const item of value) {
    const problem = checkValue(model, field, item)
    if (problem !== null) return problem
  }
  return null
}

function checkValue(model: Model, field: CollectionField, value: unknown): string | null {
  switch (field.type) {
    case 'number':
      return typeof value === 'number' && Number.isFinite(value) ? null : 'expected a number'
    case 'checkbox':
      return typeof value === 'boolean' ? null : 'expected true or false'
    case 'date':
      return field.config?.time === true ? checkInstant(value) : checkDay(value)
    case 'image':
    case 'media':
      return checkMedia(value)
    case 'icon':
      return checkIcon(value)
    case 'option':
    case 'select':
      return checkOption(field, value)
    case 'reference':
      return checkReference(model, field, value)
    case 'related':
      return 'is computed and cannot be set'
    default:
      return typeof value === 'string' ? null : 'expected a string'
  }
}

function isCalendarDay(text: string): boolean {
  const match = DAY.exec(text)
  if (match === null) return false
  const date = new Date(`${text}T00:00:00Z`)
  return !Number.isNaN(date.getTime()) && date.toISOString().startsWith(text)
}

function checkDay(value: unknown): string | null {
  return typeof value === 'string' && isCalendarDay(value) ? null : 'expected a date as YYYY-MM-DD'
}

function checkInstant(value: unknown): string | null {
  const match = typeof value === 'string' ? INSTANT.exec(value) : null
  if (match !== null && isCalendarDay(match[1] ?? '')) return null
  return 'expected a time with a numeric offset such as 2026-09-09T14:30:00-07:00, never Z'
}

function isAddress(value: unknown): boolean {
  return typeof value === 'string' && (value.startsWith('/') || (/^https?:\/\//.test(value) && URL.canParse(value)))
}

function checkMedia(value: unknown): string | null {
  if (isAddress(value)) return null
  if (!isObject(value) || !isAddress(value.src)) return 'expected a URL or { src, alt? }'
  const known = Object.keys(value).every(key => key === 'src' || key === 'alt')
  return known && (value.alt === undefined || typeof value.alt === 'string') ? null : 'expected a URL or { src, alt? }'
}

function checkIcon(value: unknown): string | null {
  if (typeof value === 'string' && (ICON_PATH.test(value) || value.startsWith('https://'))) return null
  return 'expected a library path such as regular/rocket.svg or an https URL'
}

function checkOption(field: CollectionField, value: unknown): string | null {
  if (typeof value !== 'string') return 'expected a string'
  if (field.options === null || field.options === '') return null
  const choices = field.options.split(',').map(choice => choice.trim())
  return choices.includes(value) ? null : `expected one of ${choices.join(', ')}`
}

function checkReference(model: Model, field: CollectionField, value: unknown): string | null {
  const target = field.to ?? field.options
  const entry = typeof value === 'string' ? model.entries.get(value) : undefined
  const found = entry !== undefined && (target === null || entry.collectionId === target)
  return found ? null : 'expected the id of an entry of the referenced collection'
}

/** True where any string in a JSON value holds a script tag, an event handler or a script link (refused in page content). */
export function hasScript(value: unknown): boolean {
  if (typeof value === 'string') return SCRIPT.test(value)
  if (typeof value !== 'object' || value === null) return false
  return Object.values(value).some(hasScript)
}
