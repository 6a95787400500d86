import { HEADER_BYTES_MAX } from './read-headers.ts'
import { CANDIDATES_MAX, type DigestEncoding, makeDecoder } from './signature-syntax.ts'
import { type SignedSettings, timestampPlace } from './signed-settings.ts'
import { type Refused, refuse } from './verification.ts'

/** Most elements a signature header may have, those of other versions and the timestamp included. */
const ELEMENTS_MAX = 16

/** The digests of a signature header, decoded, and what else stands among them. */
export interface ParsedSignature {
  ok: true
  candidates: readonly Buffer[]
  timestamp: string | null
  /** The pairs that were asked for, by key. */
  pairs: ReadonlyMap<string, string>
}

/** Reads the value of a signature header. */
export type SignatureParser = (value: string) => ParsedSignature | Refused

/** How a signature is spelled: `bytes` null = of any length (RSA, ECDSA). */
export interface SignatureSpelling {
  bytes: number | null
  encoding: DigestEncoding
  /** Keys of pairs that are part of the signed content. */
  pairs: readonly string[]
}

/** An element of a list that belongs to another version of the scheme (CircleCI's `v2=…`). */
const OTHER_VERSION = /^[A-Za-z0-9_.-]{1,32}[=,]/

const NO_PAIRS: ReadonlyMap<string, string> = new Map()

/** Makes the parser for the given settings; algorithm and encoding are theirs, never the request's. */
export function makeSignatureParser(settings: SignedSettings, spelling: SignatureSpelling): SignatureParser {
  const decode = makeDecoder(spelling.bytes, spelling.encoding)
  const pick = makePicker(settings, spelling.pairs)
  return value => {
    if (value.length > HEADER_BYTES_MAX) return refuse('signature_malformed')
    const picked = pick(value)
    if (!picked.ok) return picked
    if (picked.texts.length === 0) return refuse('signature_missing')
    if (picked.texts.length > CANDIDATES_MAX) return refuse('signature_malformed')
    const candidates: Buffer[] = []
    for (const text of picked.texts) {
      const candidate = decode(text)
      if (candidate === null) return refuse('signature_malformed')
      candidates.push(candidate)
    }
    return { ok: true, candidates, timestamp: picked.timestamp, pairs: picked.pairs }
  }
}

interface Picked {
  ok: true
  texts: readonly string[]
  timestamp: string | null
  pairs: ReadonlyMap<string, string>
}
type Picker = (value: string) => Picked | Refused

function makePicker(settings: SignedSettings, wanted: readonly string[]): Picker {
  const { prefix, parse } = settings
  const separator = separatorOf(settings)
  const place = timestampPlace(settings)
  if (parse === 'whole') return value => pickWhole(value, prefix)
  if (parse === 'list') return value => pickList(value, prefix, separator)
  if (parse === 'pairs') {
    const timestampKey = place?.in === 'pair' ? place.key : null
    return value => pickPairs(value, { key: signatureKey(settings), timestampKey, wanted }, separator)
  }
  return value => pickPositional(value, prefix, place?.in === 'position' ? place.index : -1, separator)
}

/** The key of the signature among pairs: the prefix without its `=`, else `v1` (Stripe, Calendly, Mux, Sanity). */
export function signatureKey({ prefix }: SignedSettings): string {
  return prefix.replace(/=$/, '') || 'v1'
}

function separatorOf({ parse, separator, prefix }: SignedSettings): string | RegExp {
  if (separator !== undefined) return separator
  if (parse !== 'list') return ','
  // No digest holds a comma or a space, so either may part them; a prefix such as "v1," leaves only the space.
  return prefix.includes(',') ? ' ' : /, ?| /
}

function pickWhole(value: string, prefix: string): Picked | Refused {
  if (!value.startsWith(prefix)) return refuse('signature_malformed')
  return { ok: true, texts: [value.slice(prefix.length)], timestamp: null, pairs: NO_PAIRS }
}

function splitElements(value: string, separator: string | RegExp): readonly string[] | null {
  const elements = value.split(separator, ELEMENTS_MAX + 1)
  return elements.length > ELEMENTS_MAX ? null : elements
}

function pickList(value: string, prefix: string, separator: string | RegExp): Picked | Refused {
  const elements = splitElements(value, separator)
  if (elements === null || elements.includes('')) return refuse('signature_malformed')
  // Elements of other versions are left alone, if they look like some: a sender may announce the next scheme beside this one.
  if (prefix !== '' && !elements.every(element => element.startsWith(prefix) || OTHER_VERSION.test(element))) {
    return refuse('signature_malformed')
  }
  const texts = elements.filter(element => element.startsWith(prefix)).map(element => element.slice(prefix.length))
  return { ok: true, texts, timestamp: null, pairs: NO_PAIRS }
}

interface PairKeys {
  key: string
  timestampKey: string | null
  wanted: readonly string[]
}

function pickPairs(
  value: string,
  { key, timestampKey, wanted }: PairKeys,
  separator: string | RegExp,
): Picked | Refused {
  const elements = splitElements(value, separator)
  if (elements === null) return refuse('signature_malformed')
  const texts: string[] = []
  const pairs = wanted.length === 0 ? NO_PAIRS : new Map<string, string>()
  let timestamp: string | null = null
  for (const element of elements) {
    const equals = element.indexOf('=')
    if (equals < 1) return refuse('signature_malformed')
    const name = element.slice(0, equals)
    // A proxy that joins a repeated header puts ", " between its values: " t" must not pass for an element of another name.
    if (name.trim() !== name) return refuse('signature_malformed')
    const text = element.slice(equals + 1)
    if (name === key) texts.push(text)
    if (wanted.includes(name)) {
      if (pairs.has(name)) return refuse('signature_ambiguous')
      ;(pairs as Map<string, string>).set(name, text)
    }
    if (name !== timestampKey) continue
    if (timestamp !== null) return refuse('signature_ambiguous')
    timestamp = text
  }
  return { ok: true, texts, timestamp, pairs }
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
    pairs: NO_PAIRS,
  }
}
