import { isUtf8 } from 'node:buffer'

/** Most fields a signed form may have; Twilio sends about 20. */
const FIELDS_MAX = 500

/** Anything but printable ASCII; `+` is a space. */
const UNPRINTABLE = /[^!-~]/
/** An escape that is none, that is in lower case, or that stands for a letter or digit: a second spelling of what is signed. */
const ODD_ESCAPE = /%(?![0-9A-F]{2})|%(?:3[0-9]|[46][1-9A-F]|[57][0-9A])/

/** A name and its value, decoded. */
export type Field = readonly [name: string, value: string]

/**
 * Reads a form whose decoded fields are signed (Travis CI). Stricter than forms are read otherwise; null where a field is
 * repeated, spelled in another way than senders do, or is not UTF-8.
 */
export function readStrictForm(body: Buffer): ReadonlyMap<string, string> | null {
  const fields = readStrictFields(body)
  if (fields === null) return null
  const form = new Map(fields)
  return form.size === fields.length ? form : null
}

/**
 * The same for a sender that repeats a name (Twilio: the addresses of a group, twilio-node issue 722). Null where a name
 * comes twice with one value: Twilio signs equal values once, so how many there are would not be signed.
 */
export function readStrictFields(body: Buffer): readonly Field[] | null {
  const fields: Field[] = []
  const seen = new Map<string, Set<string>>()
  const text = body.toString('latin1')
  if (text === '') return fields
  if (UNPRINTABLE.test(text) || ODD_ESCAPE.test(text)) return null
  const pairs = text.split('&', FIELDS_MAX + 1)
  if (pairs.length > FIELDS_MAX) return null
  for (const pair of pairs) {
    const equals = pair.indexOf('=')
    if (equals < 1) return null
    const name = decode(pair.slice(0, equals))
    const value = decode(pair.slice(equals + 1))
    if (name === null || value === null) return null
    const values = seen.get(name) ?? new Set<string>()
    if (values.has(value)) return null
    seen.set(name, values.add(value))
    fields.push([name, value])
  }
  return fields
}

/** Names and values run together in the order of the names, and of the values of one name, as Twilio signs them. */
export function runTogether(fields: readonly Field[]): Buffer {
  const sorted = fields.toSorted((a, b) => compare(a[0], b[0]) || compare(a[1], b[1]))
  return Buffer.from(sorted.map(([name, value]) => `${name}${value}`).join(''))
}

/** By code units, as Twilio's own library sorts. */
function compare(a: string, b: string): number {
  return a === b ? 0 : a < b ? -1 : 1
}

function decode(text: string): string | null {
  const spaced = text.replaceAll('+', ' ')
  if (!spaced.includes('%')) return spaced
  const bytes = Buffer.from(
    spaced.replace(/%([0-9A-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))),
    'latin1',
  )
  return isUtf8(bytes) ? bytes.toString('utf8') : null
}
