import { createHmac, hash, timingSafeEqual } from 'node:crypto'
import type { Delivery } from './delivery.ts'
import type { Handshake } from './handshake-definition.ts'
import { pickOwn } from './pick-own.ts'
import { readUnprovenJson } from './read-body-value.ts'
import { readHeaders } from './read-headers.ts'
import { readParameter } from './read-parameter.ts'
import type { Handshaking, Scheme, Secret } from './scheme.ts'
import { readStrictForm } from './strict-form.ts'
import type { Verification } from './verification.ts'

/** The answer to a set-up request; it is no event. */
export interface HandshakeAnswer {
  status: number
  headers: Readonly<Record<string, string>>
  body: string
}

/** Set-up requests are small; what is larger is a delivery, and is not looked into. */
const BODY_BYTES_MAX = 16_384
/**
 * What may be echoed or signed: no markup, no white space, no colon and no brace. So nothing that is echoed can be run by a
 * browser, and no signature of a delivery can be asked for here (`{…}` and `v0:<time>:…` are not of this shape).
 */
const VALUE = /^[A-Za-z0-9._~=+/-]{1,256}$/

/**
 * Answers a request with which a sender sets its webhook up, or gives null where this is none, or is not authentic although
 * it must be. No URL of the request is ever called, and nothing is remembered. `judged`: what a scheme that does not answer
 * at once said of the delivery; without it such a scheme vouches for nothing here.
 */
export function answerHandshake(
  delivery: Delivery,
  scheme: Scheme,
  secrets: readonly Secret[],
  now: number,
  judged?: Verification,
): HandshakeAnswer | null {
  const { handshaking } = scheme
  if (handshaking === undefined) return null
  for (const handshake of handshaking.handshakes) {
    if (handshake.method !== delivery.method) continue
    const answer = answerOne(delivery, handshake, handshaking, scheme, secrets, now, judged)
    if (answer !== null) return answer
  }
  return null
}

function answerOne(
  delivery: Delivery,
  handshake: Handshake,
  handshaking: Handshaking,
  scheme: Scheme,
  secrets: readonly Secret[],
  now: number,
  judged: Verification | undefined,
): HandshakeAnswer | null {
  if (!mayMatch(delivery, handshake)) return null
  let secret: string | null = null
  if (handshake.verified) {
    const verification = scheme.isAsync === true ? judged : scheme.verify(delivery, secrets, now)
    if (verification?.ok !== true) return null
    secret = secrets[verification.secretIndex]?.value ?? null
  }
  // Only now is the body parsed: it is authentic, or the handshake says that none of it is vouched for.
  const values = readValues(delivery, handshake, handshaking.verifyToken)
  if (values === null) return null
  return fillReply(handshake.reply, values, secret === null ? null : handshaking.toKey(secret))
}

/** A secret that a sender hands out when it is set up, and what it is answered if the secret is taken over. */
export interface HandedSecret {
  secret: string
  answer: HandshakeAnswer
}

/** Finds the secret in a set-up request that brings one, unsigned; null where this is no such request. Takes nothing over. */
export function findHandedSecret(delivery: Delivery, handshake: Handshake): HandedSecret | null {
  if (handshake.method !== delivery.method || !mayMatch(delivery, handshake)) return null
  const values = readValues(delivery, handshake, null)
  const secret = values?.get('secret')
  const answer = values === null ? null : fillReply(handshake.reply, values, null)
  return secret === undefined || answer === null ? null : { secret, answer }
}

/** The values of a handshake in the request; null where the request is not what it says. */
function readValues(
  delivery: Delivery,
  handshake: Handshake,
  verifyToken: string | null,
): ReadonlyMap<string, string> | null {
  const read = makeReader(delivery, readsBody(handshake) && handshake.form === undefined)
  if (!holds(handshake, read, verifyToken) || !isForm(delivery.body, handshake.form)) return null
  const values = new Map<string, string>()
  for (const [name, place] of Object.entries(handshake.values)) {
    const value = read(place)
    if (typeof value !== 'string' || !VALUE.test(value)) return null
    values.set(name, value)
  }
  return values
}

function readsBody({ where, absent, values, form }: Handshake): boolean {
  const places = [...Object.keys(where), ...absent, ...Object.values(values)]
  return form !== undefined || places.some(place => place.startsWith('body.'))
}

/** Most deliveries are no handshakes: a text that must stand in the body is looked for before anything is verified twice. */
function mayMatch({ body }: Delivery, handshake: Handshake): boolean {
  if (!readsBody(handshake)) return true
  if (body.length > BODY_BYTES_MAX) return false
  return Object.entries(handshake.where).every(
    ([place, value]) => !place.startsWith('body.') || typeof value !== 'string' || body.includes(JSON.stringify(value)),
  )
}

type Reader = (place: string) => unknown

function makeReader(delivery: Delivery, readsBody: boolean): Reader {
  const json = readsBody ? readUnprovenJson(delivery.body) : undefined
  return place => {
    const name = place.slice(place.indexOf('.') + 1)
    if (place.startsWith('body.')) return pickOwn(json, name.split('.'))
    if (place.startsWith('header.')) return readHeaders(delivery.rawHeaders, [name])?.[0]
    const values = readParameter(delivery.query, name)
    return values.length === 1 ? (values[0] ?? undefined) : undefined
  }
}

function holds({ where, absent }: Handshake, read: Reader, verifyToken: string | null): boolean {
  if (absent.some(place => read(place) !== undefined)) return false
  return Object.entries(where).every(([place, expected]) => {
    const found = read(place)
    if (expected === null) return found !== undefined
    if (expected === '${verifyToken}') return typeof found === 'string' && equalsToken(found, verifyToken)
    return found === expected
  })
}

function equalsToken(found: string, token: string | null): boolean {
  if (token === null || token === '') return false
  return timingSafeEqual(hash('sha256', found, 'buffer'), hash('sha256', token, 'buffer'))
}

function isForm(body: Buffer, names: readonly string[] | undefined): boolean {
  if (names === undefined) return true
  const fields = readStrictForm(body)
  return fields?.size === names.length && names.every(name => VALUE.test(fields.get(name) ?? ''))
}

function fillReply(
  reply: Handshake['reply'],
  values: ReadonlyMap<string, string>,
  key: ReturnType<Handshaking['toKey']>,
): HandshakeAnswer | null {
  let isWhole = true
  const fill = (template: string): string =>
    template.replace(/\$\{(hmac\.)?([A-Za-z]+)\}/g, (_, hmac: string | undefined, name: string) => {
      const value = values.get(name)
      if (value === undefined || (hmac !== undefined && key === null)) isWhole = false
      else return hmac === undefined ? value : createHmac('sha256', key!).update(value).digest('hex')
      return ''
    })
  const json = reply.json && mapValues(reply.json, value => (typeof value === 'string' ? fill(value) : value))
  const body = json === undefined ? fill(reply.text ?? '') : JSON.stringify(json)
  const own = mapValues(reply.headers, fill)
  const type = json === undefined ? 'text/plain; charset=utf-8' : 'application/json; charset=utf-8'
  const headers = { 'content-type': type, 'x-content-type-options': 'nosniff', 'cache-control': 'no-store', ...own }
  return isWhole ? { status: reply.status, headers, body } : null
}

function mapValues<T, U>(record: Readonly<Record<string, T>>, map: (value: T) => U): Record<string, U> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, map(value)]))
}
