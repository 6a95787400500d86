import { dateTimeOffset, date as toDay } from './format-date.ts'

/** A field of a collection, as the operation `collection` reads it (pixelesq.md 2). */
export interface ContentField {
  name: string
  type: string
  list: boolean
  required: boolean
  /** Comma-separated choices of an option. */
  options: string | null
  /** A date field whose values carry a time and an offset. */
  withTime: boolean
}

/** `found` says of what kind the value is and never quotes it: it may be personal data. */
export type Shaped = { ok: true; value: unknown } | { ok: false; expected: string; found: string }

const NUMBER = /^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?$/
/** What form tools, spreadsheets and HTML forms write for yes and no. */
const BOOLS: ReadonlyMap<string, boolean> = new Map([
  ...['true', 'yes', 'on', '1'].map(text => [text, true] as const),
  ...['false', 'no', 'off', '0'].map(text => [text, false] as const),
])
const DAY = /^\d{4}-\d{2}-\d{2}$/
/** A time the API takes as it is: seconds optional, numeric offset. */
const OFFSET_TIME = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?[+-]\d{2}:\d{2}$/
const ICON = /^(?:[a-z0-9-]+\/[a-z0-9-]+\.svg|https:\/\/.+)$/

const TEXT_TYPES = new Set(['text', 'html', 'name', 'slug', 'textarea', 'email', 'url'])

/**
 * Brings one value into the form a field of this type takes (save_entry_content of the MCP): `'12.5'` → 12.5,
 * `'true'` → true, an instant → the field's form of a date, one value → a list of it, a URL stays a URL.
 * An empty text is no value (null) for every type but the texts. Types not known here pass as they are.
 */
export function shapeValue(field: ContentField, value: unknown): Shaped {
  if (value === null) return field.required ? refuse('a value, the field is required', value) : ok(null)
  if (!field.list) {
    if (Array.isArray(value)) return refuse(`one value of type ${field.type}`, value)
    return shapeOne(field, value)
  }
  if (value === '') return shapeValue(field, null)
  const items: unknown[] = []
  for (const item of Array.isArray(value) ? value : [value]) {
    const shaped: Shaped = item === null || item === '' ? refuse(expectedOf(field), item) : shapeOne(field, item)
    if (!shaped.ok) return { ...shaped, expected: `a list of values, each ${shaped.expected}` }
    items.push(shaped.value)
  }
  return ok(items)
}

function shapeOne(field: ContentField, value: unknown): Shaped {
  if (TEXT_TYPES.has(field.type)) return shapeText(field, value)
  const shape = SHAPES[field.type]
  if (shape === undefined) return ok(value)
  if (typeof value === 'string' && value.trim() === '') {
    return field.required ? refuse(expectedOf(field), value) : ok(null)
  }
  const shaped = shape(typeof value === 'string' ? value.trim() : value, field)
  return shaped === undefined ? refuse(expectedOf(field), value) : ok(shaped)
}

function shapeText(field: ContentField, value: unknown): Shaped {
  if (typeof value === 'string') return ok(value)
  if (typeof value === 'number' || typeof value === 'boolean') return ok(String(value))
  return refuse(expectedOf(field), value)
}

type Shape = (value: unknown, field: ContentField) => unknown

const SHAPES: Readonly<Record<string, Shape>> = {
  number: toNumber,
  checkbox: toBool,
  boolean: toBool,
  date: (value, { withTime }) => (withTime ? toTime(value) : toDate(value)),
  image: toMedia,
  media: toMedia,
  icon: value => (typeof value === 'string' && ICON.test(value) ? value : undefined),
  option: toChoice,
  select: toChoice,
  reference: value => (typeof value === 'string' ? value : undefined),
  related: () => undefined,
}

function toNumber(value: unknown): unknown {
  if (typeof value === 'number') return value
  if (typeof value !== 'string' || !NUMBER.test(value)) return undefined
  const number = Number(value)
  // a whole number that is not held exactly would be another number
  const isExact = Number.isInteger(number) ? Number.isSafeInteger(number) : Number.isFinite(number)
  return isExact ? number : undefined
}

function toBool(value: unknown): unknown {
  if (typeof value === 'boolean') return value
  return typeof value === 'string' || typeof value === 'number' ? BOOLS.get(String(value).toLowerCase()) : undefined
}

function toDate(value: unknown): unknown {
  return attempt(value, time => toDay(time))
}

function toTime(value: unknown): unknown {
  return attempt(value, time => {
    const formatted = dateTimeOffset(time)
    return typeof time === 'string' && OFFSET_TIME.test(time) ? time : formatted
  })
}

/** A date of text or number; undefined where it is none, or a day that does not exist. */
function attempt(value: unknown, format: (time: string | number) => string): unknown {
  if (typeof value !== 'string' && typeof value !== 'number') return undefined
  try {
    return format(value)
  } catch {
    return undefined
  }
}

function toMedia(value: unknown): unknown {
  if (isAddress(value)) return value
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined
  const { src, alt, ...rest } = value as Record<string, unknown>
  if (!isAddress(src) || Object.keys(rest).length > 0) return undefined
  if (alt === undefined || alt === null) return { src }
  return typeof alt === 'string' ? { src, alt } : undefined
}

function isAddress(value: unknown): boolean {
  return typeof value === 'string' && (value.startsWith('/') || (/^https?:\/\//.test(value) && URL.canParse(value)))
}

/** The choice as the collection spells it; case may differ, since senders write `Sales` for `sales`. */
function toChoice(value: unknown, field: ContentField): unknown {
  if (typeof value !== 'string' && typeof value !== 'number') return undefined
  const text = String(value)
  const choices = choicesOf(field)
  if (choices.length === 0 || choices.includes(text)) return text
  const close = choices.filter(choice => choice.toLowerCase() === text.toLowerCase())
  return close.length === 1 ? close[0] : undefined
}

function choicesOf({ options }: ContentField): string[] {
  return (options ?? '')
    .split(',')
    .map(choice => choice.trim())
    .filter(choice => choice !== '')
}

/** Choices named in a message. */
const CHOICES_SHOWN_MAX = 10

function expectedOf(field: ContentField): string {
  switch (field.type) {
    case 'number':
      return 'a number'
    case 'checkbox':
    case 'boolean':
      return 'true or false'
    case 'date':
      return field.withTime
        ? 'a time such as 2026-09-09T14:30:00-07:00, or epoch seconds'
        : 'a date such as 2026-09-09, or a time'
    case 'image':
    case 'media':
      return 'a URL, or { src, alt } with a URL'
    case 'icon':
      return 'a library path such as regular/rocket.svg, or an https URL'
    case 'option':
    case 'select':
      return describeChoices(choicesOf(field))
    case 'reference':
      return 'the id of an entry'
    case 'related':
      return 'no value, the field is computed'
    default:
      return 'a text'
  }
}

function describeChoices(choices: readonly string[]): string {
  if (choices.length === 0) return 'a text'
  const more = choices.length > CHOICES_SHOWN_MAX ? `, … (${choices.length} in all)` : ''
  return `one of ${choices.slice(0, CHOICES_SHOWN_MAX).join(', ')}${more}`
}

function kindOf(value: unknown): string {
  if (value === null) return 'none'
  if (value === '') return 'an empty text'
  if (Array.isArray(value)) return value.length === 1 ? 'a list of 1 value' : `a list of ${value.length} values`
  switch (typeof value) {
    case 'string':
      return DAY.test(value) ? 'a date that does not fit' : 'another text'
    case 'number':
      return 'a number'
    case 'boolean':
      return 'true or false'
    default:
      return 'a map'
  }
}

function refuse(expected: string, value: unknown): Shaped {
  return { ok: false, expected, found: kindOf(value) }
}

function ok(value: unknown): Shaped {
  return { ok: true, value }
}
