import { type HmacSettings, timestampPlace } from './hmac-settings.ts'
import { HEADER_BYTES_MAX } from './read-headers.ts'
import { CANDIDATES_MAX, DIGEST_BYTES, signaturePattern } from './signature-syntax.ts'
import { type Refused, refuse } from './verification.ts'

/** Most elements a signature header may have, those of other versions and the timestamp included. */
const ELEMENTS_MAX = 16

/** The digests of a signature header, decoded, and the timestamp where it stands among them. */
export interface ParsedSignature {
  ok: true
  candidates: readonly Buffer[]
  timestamp: string | null
}

/** Reads the value of a signature header. */
export type SignatureParser = (value: string) => ParsedSignature | Refused

/** Makes the parser for the given settings; algorithm and encoding are theirs, never the request's. */
export function makeSignatureParser(settings: HmacSettings): SignatureParser {
  const pattern = signaturePattern(DIGEST_BYTES[settings.algorithm], settings.encoding)
  const pick = makePicker(settings)
  return value => {
    if (value.length > HEADER_BYTES_MAX) return refuse('signature_malformed')
    const picked = pick(value)
    if (!picked.ok) return picked
    if (picked.texts.length === 0) return refuse('signature_missing')
    if (picked.texts.length > CANDIDATES_MAX) return refuse('signature_malformed')
    if (!picked.texts.every(text => pattern.test(text))) return refuse('signature_malformed')
    const candidates = picked.texts.map(text => Buffer.from(text, settings.encoding))
    return { ok: true, candidates, timestamp: picked.timestamp }
  }
}

interface Picked {
  ok: true
  texts: readonly string[]
  timestamp: string | null
}
type Picker = (value: string) => Picked | Refused

function makePicker(settings: HmacSettings): Picker {
  const { prefix, parse } = settings
  const separator = separatorOf(settings)
  const place = timestampPlace(settings)
  if (parse === 'whole') return value => pickWhole(value, prefix)
  if (parse === 'list') return value => pickList(value, prefix, separator)
  if (parse === 'pairs') {
    const timestampKey = place?.in === 'pair' ? place.key : null
    return value => pickPairs(value, signatureKey(settings), timestampKey, separator)
  }
  return value => pickPositional(value, prefix, place?.in === 'position' ? place.index : -1, separator)
}

/** The key of the signature among pairs: the prefix without its `=`, else `v1` (Stripe, Calendly, Mux, Sanity). */
export function signatureKey({ prefix }: HmacSettings): string {
  return prefix.replace(/=$/, '') || 'v1'
}

function separatorOf({ parse, separator, prefix }: HmacSettings): string | RegExp {
  if (separator !== undefined) return separator
  if (parse !== 'list') return ','
  // No digest holds a comma or a space, so either may part them; a prefix such as "v1," leaves only the space.
  return prefix.includes(',') ? ' ' : /, ?| /
}

function pickWhole(value: string, prefix: string): Picked | Refused {
  if (!value.startsWith(prefix)) return refuse('signature_malformed')
  return { ok: true, texts: [value.slice(prefix.length)], timestamp: null }
}

function splitElements(value: string, separator: string | RegExp): readonly string[] | null {
  const elements = value.split(separator, ELEMENTS_MAX + 1)
  return elements.length > ELEMENTS_MAX ? null : elements
}

function pickList(value: string, prefix: string, separator: string | RegExp): Picked | Refused {
  const elements = splitElements(value, separator)
  if (elements === null) return refuse('signature_malformed')
  // Elements of other versions are left alone: a sender may announce the next scheme beside this one (CircleCI, Svix).
  const texts = elements.filter(element => element.startsWith(prefix)).map(element => element.slice(prefix.length))
  return { ok: true, texts, timestamp: null }
}

function pickPairs(
  value: string,
  key: string,
  timestampKey: string | null,
  separator: string | RegExp,
): Picked | Refused {
  const elements = splitElements(value, separator)
  if (elements === null) return refuse('signature_malformed')
  const texts: string[] = []
  let timestamp: string | null = null
  for (const element of elements) {
    const equals = element.indexOf('=')
    if (equals < 1) return refuse('signature_malformed')
    const name = element.slice(0, equals)
    if (name === key) texts.push(element.slice(equals + 1))
    if (name !== timestampKey) continue
    if (timestamp !== null) return refuse('signature_ambiguous')
    timestamp = element.slice(equals + 1)
  }
  return { ok: true, texts, timestamp }
}

function pickPositional(
  value: string,
  prefix: string,
  timestampAt: number,
  separator: string | RegExp,
): Picked | Refused {
  const elements = splitElements(value, separator)
  if (elements === null) return refuse('signature_malformed')
  const texts = elements.filter((_, i) => i !== timestampAt)
  if (!texts.every(text => text.startsWith(prefix))) return refuse('signature_malformed')
  return {
    ok: true,
    texts: texts.map(text => text.slice(prefix.length)),
    timestamp: elements[timestampAt] ?? null,
  }
}
