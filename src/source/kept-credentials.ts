import { hash, randomBytes, timingSafeEqual } from 'node:crypto'
import type { KeptCredential } from '../store/receipts.ts'
import type { Delivery } from '../verify/delivery.ts'
import { pickOwn } from '../verify/pick-own.ts'
import { readUnprovenJson } from '../verify/read-body-value.ts'
import { HEADER_BYTES_MAX, readHeaders } from '../verify/read-headers.ts'
import { readParameter } from '../verify/read-parameter.ts'
import { readToken } from '../verify/read-token.ts'
import type { Secret } from '../verify/scheme.ts'
import type { JwtDefinition, SchemeDefinition } from '../verify/scheme-definition.ts'
import { REDACTED } from './redact-headers.ts'
import { simplesOf } from './secret-places.ts'

/** A token is kept only where it ends this long after its receipt at the latest: GitHub's count for 6 hours. */
const TOKEN_LIFE_MAX_MS = 86_400_000
const SALT_BYTES = 16

/** A place where a scheme has a static credential, and how a sender with a secret fills it. */
interface Place {
  in: KeptCredential['in']
  name: string
  write: (secret: string) => string
}

/** Where a delivery may show a credential. */
type Shown = Pick<Delivery, 'rawHeaders' | 'query' | 'body'>

/**
 * Keeps what a refused delivery was struck of, as far as it can be judged again: of a static credential a salted digest,
 * which gives nothing away to whoever does not have the secret already; of a token the token, where it ends by itself or is
 * of no use with another body.
 */
export function keepCredentials(definition: SchemeDefinition, delivery: Shown, receivedAt: number): KeptCredential[] {
  const statics = placesOf(definition).flatMap(place => {
    const shown = readPlace(place, delivery)
    if (shown === null || shown.length > HEADER_BYTES_MAX) return []
    const salt = randomBytes(SALT_BYTES).toString('base64url')
    return [{ in: place.in, name: place.name, salt, digest: digestOf(salt, shown) }]
  })
  const tokens = tokensOf(definition).flatMap(token => {
    const text = readHeader(delivery, token.header.toLowerCase())
    if (text === null || !endsByItself(token, text, receivedAt)) return []
    return [{ in: 'header' as const, name: token.header.toLowerCase(), text }]
  })
  return [...statics, ...tokens]
}

/**
 * Puts back what a refused delivery was struck of: its token, and its static credential where that is one of the secrets of
 * today. What is none of them stays struck out, and is refused.
 */
export function restoreCredentials(
  definition: SchemeDefinition,
  secrets: readonly Secret[],
  delivery: Delivery,
  kept: readonly KeptCredential[],
): Delivery {
  let restored = delivery
  for (const credential of kept) {
    if ('text' in credential) restored = fillPlace(credential, restored, credential.text)
    else
      for (const place of placesOf(definition)) {
        if (place.in !== credential.in || place.name !== credential.name) continue
        const secret = secrets.find(({ value }) =>
          isSame(digestOf(credential.salt, place.write(value)), credential.digest),
        )
        if (secret !== undefined) restored = fillPlace(place, restored, place.write(secret.value))
      }
  }
  return restored
}

/** Whether a delivery stands without the token it came with: it was not kept, so that nothing can be said of it. */
export function lacksToken(definition: SchemeDefinition, delivery: Delivery): boolean {
  return tokensOf(definition).some(({ header }) => readHeader(delivery, header.toLowerCase()) === REDACTED)
}

function placesOf(definition: SchemeDefinition): Place[] {
  return simplesOf(definition).flatMap((each): Place[] => {
    switch (each.kind) {
      case 'bearer':
        return [{ in: 'header', name: 'authorization', write: secret => `bearer ${secret}` }]
      case 'basic':
        return [
          { in: 'header', name: 'authorization', write: secret => `basic ${Buffer.from(secret).toString('base64')}` },
        ]
      case 'header':
        return [{ in: 'header', name: each.header.toLowerCase(), write: secret => each.prefix + secret }]
      case 'query-token':
        return [{ in: 'query', name: each.parameter, write: secret => secret }]
      case 'body-token':
        return [{ in: 'body', name: each.field, write: secret => secret }]
      default:
        return []
    }
  })
}

function tokensOf(definition: SchemeDefinition): JwtDefinition[] {
  return simplesOf(definition).filter(each => each.kind === 'jwt')
}

/** The text in a place, null where it is not there exactly once. The word of `Authorization` is in lower case: it counts in any. */
function readPlace({ in: place, name }: Place, { rawHeaders, query, body }: Shown): string | null {
  if (place === 'query') {
    const values = readParameter(query, name)
    return values.length === 1 ? values[0]! : null
  }
  if (place === 'body') {
    const value = pickOwn(readUnprovenJson(body), name.split('.'))
    return typeof value === 'string' ? value : null
  }
  const value = readHeader({ rawHeaders }, name)
  if (value === null) return null
  // Node gives header values as latin1
  const text = Buffer.from(value, 'latin1').toString('utf8')
  return name === 'authorization' ? text.replace(/^\S+ /, word => word.toLowerCase()) : text
}

function readHeader({ rawHeaders }: Pick<Shown, 'rawHeaders'>, name: string): string | null {
  return readHeaders(rawHeaders, [name])?.[0] ?? null
}

function fillPlace({ in: place, name }: Pick<Place, 'in' | 'name'>, delivery: Delivery, text: string): Delivery {
  if (place === 'query') {
    const query = delivery.query
      .split('&')
      .map(pair => (pair === `${name}=${REDACTED}` ? `${name}=${encodeURIComponent(text)}` : pair))
    return { ...delivery, query: query.join('&') }
  }
  if (place === 'body') return { ...delivery, body: fillBody(delivery.body, text) }
  const value = Buffer.from(text).toString('latin1')
  const rawHeaders = delivery.rawHeaders.map((each, i) =>
    i % 2 === 1 && each === REDACTED && delivery.rawHeaders[i - 1] === name ? value : each,
  )
  return { ...delivery, rawHeaders }
}

/** Where the secret was, asterisks of its length stand (secret-places.ts). */
function fillBody(body: Buffer, text: string): Buffer {
  const written = Buffer.from(JSON.stringify(text))
  const at = body.indexOf(`"${'*'.repeat(written.byteLength - 2)}"`)
  if (at === -1) return body
  return Buffer.concat([body.subarray(0, at), written, body.subarray(at + written.byteLength)])
}

function digestOf(salt: string, text: string): string {
  return hash('sha256', `${salt}\n${text}`, 'base64url')
}

function isSame(left: string, right: string): boolean {
  return timingSafeEqual(Buffer.from(left), Buffer.from(right))
}

/** Not every text in the place of a token is one, and some tokens count for years: those are not ours to keep. */
function endsByItself({ algorithm, bodyClaim, word }: JwtDefinition, value: string, receivedAt: number): boolean {
  const text = word === '' ? value : value.slice(word.length + 1)
  if (readToken(text, algorithm) === null) return false
  const claims = readUnprovenJson(Buffer.from(text.split('.')[1]!, 'base64url'))
  if (bodyClaim !== undefined && bodyClaim !== 'aud' && typeof pickOwn(claims, [bodyClaim]) === 'string') return true
  const end = pickOwn(claims, ['exp'])
  return typeof end === 'number' && end * 1_000 - receivedAt <= TOKEN_LIFE_MAX_MS
}
