import { isUtf8 } from 'node:buffer'

/** Most fields a signed form may have; Twilio sends about 20. */
const FIELDS_MAX = 500

/** Anything but printable ASCII; `+` is a space. */
const UNPRINTABLE = /[^!-~]/
/** An escape that is none, that is in lower case, or that stands for a letter or digit: a second spelling of what is signed. */
const ODD_ESCAPE = /%(?![0-9A-F]{2})|%(?:3[0-9]|[46][1-9A-F]|[57][0-9A])/

/**
 * Reads a form whose decoded fields are signed (Twilio, Travis CI). Stricter than forms are read otherwise; null where a
 * field is repeated, spelled in another way than senders do, or is not UTF-8.
 */
export function readStrictForm(body: Buffer): ReadonlyMap<string, string> | null {
  const fields = new Map<string, string>()
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
    if (name === null || value === null || fields.has(name)) return null
    fields.set(name, value)
  }
  return fields
}

/** Names and values run together in the order of the names, as Twilio signs them. */
export function runTogether(fields: ReadonlyMap<string, string>): Buffer {
  const names = [...fields.keys()].sort()
  return Buffer.from(names.map(name => `${name}${fields.get(name)}`).join(''))
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
