import { createHash, createHmac } from 'node:crypto'
import { escape as escapeQuery } from 'node:querystring'
import { BridgeError } from '../errors.ts'
import type { Delivery } from './delivery.ts'
import { isBlank, matchSecrets } from './match-secrets.ts'
import { feed } from './prove-hmac.ts'
import { HEADER_BYTES_MAX, readHeaders } from './read-headers.ts'
import type { BodyScheme, SchemeSettings, Signable } from './scheme.ts'
import { CANDIDATES_MAX, DIGEST_BYTES, equalsAny, makeDecoder } from './signature-syntax.ts'
import { formatSignedAt, isWithinTolerance, parseSignedAt, TOLERANCE_DEFAULT_MS } from './signed-at.ts'
import { type Refused, refuse, type Verification } from './verification.ts'

const SIGNATURE = 'x-contentful-signature'
const SIGNED_HEADERS = 'x-contentful-signed-headers'
const TIMESTAMP = 'x-contentful-timestamp'
/** Without these among them, the list itself, the time or the event type could be changed. */
const REQUIRED = [SIGNED_HEADERS, TIMESTAMP, 'x-contentful-topic']
const SIGNED_HEADERS_MAX = 32
const NAME = /^[a-z0-9-]{1,64}$/
const decodeDigest = makeDecoder(DIGEST_BYTES.sha256, 'hex')

/**
 * Compiles Contentful's request verification: a hex HMAC-SHA256 over method, path with query, the headers that the delivery
 * lists, and the body, a line each. The path is that of the configured URL.
 * Source: contentful.com/developers/docs/extensibility/webhooks/secrets
 */
export function compileContentful(defined: number | null | undefined, settings: SchemeSettings): BodyScheme {
  const { url } = settings
  if (url === undefined) {
    throw new BridgeError('config_invalid', '/url: expected the public URL the sender was given, found nothing')
  }
  const path = canonicalPath(url)
  const toleranceMs = settings.toleranceMs === undefined ? defined : settings.toleranceMs
  const limitMs = toleranceMs === undefined ? TOLERANCE_DEFAULT_MS : toleranceMs
  return {
    kind: 'contentful',
    headersOnly: false,
    bindsBody: true,
    unsigned: false,
    verify: (delivery, secrets, now) => {
      const request = readRequest(delivery, path)
      if ('ok' in request) return request
      const match = matchSecrets(secrets, now, secret =>
        equalsAny(feed(createHmac('sha256', secret), request.content, null).digest(), request.candidates),
      )
      if (match === null) return refuse('signature_mismatch')
      if (match.expired) return refuse('secret_expired')
      if (!isWithinTolerance(request.signedAt, now, limitMs)) return refuse('timestamp_out_of_range')
      const replayKey = feed(createHash('sha256'), request.content, null).digest('hex')
      return { ok: true, secretIndex: match.index, signedAt: request.signedAt, replayKey } satisfies Verification
    },
    sign: (delivery, secret, now) => signRequest(delivery, path, secret, now),
  }
}

/** Contentful escapes the query as a whole, `=` and `&` too, and then the path with it once more. */
function canonicalPath(url: string): string {
  const { pathname, search } = new URL(url)
  return search === '' ? encodeURI(pathname) : encodeURI(`${pathname}?${escapeQuery(search.slice(1))}`)
}

interface CanonicalRequest {
  content: readonly (string | Buffer)[]
  candidates: readonly Buffer[]
  signedAt: number
}

function readRequest(delivery: Delivery, path: string): CanonicalRequest | Refused {
  const first = readHeaders(delivery.rawHeaders, [SIGNATURE, SIGNED_HEADERS, TIMESTAMP])
  if (first === null) return refuse('signature_ambiguous')
  const [signature, list, timestamp] = first
  if (!signature || !list) return refuse('signature_missing')
  if (!timestamp) return refuse('timestamp_missing')
  const names = list.toLowerCase().split(',', SIGNED_HEADERS_MAX + 1)
  const isSound = names.length <= SIGNED_HEADERS_MAX && new Set(names).size === names.length
  if (!isSound || !names.every(name => NAME.test(name)) || !REQUIRED.every(name => names.includes(name)))
    return refuse('signature_malformed')
  const signedAt = parseSignedAt(timestamp, 'ms')
  if (signedAt === null) return refuse('timestamp_malformed')
  const candidates = readCandidates(signature)
  if (candidates === null) return refuse('signature_malformed')
  const values = readHeaders(delivery.rawHeaders, names)
  if (values === null) return refuse('signature_ambiguous')
  if (values.some(value => value === undefined)) return refuse('signature_malformed')
  const lines = names.map((name, i) => `${name}:${values[i]}`).join(';')
  const { method, body } = delivery
  return { content: [`${method}\n${path}\n${lines}\n`, body], candidates, signedAt }
}

/** One signature per live secret, parted by a space. */
function readCandidates(header: string): readonly Buffer[] | null {
  if (header.length > HEADER_BYTES_MAX) return null
  const texts = header.split(' ', CANDIDATES_MAX + 1)
  const candidates = texts.flatMap(text => decodeDigest(text) ?? [])
  return texts.length <= CANDIDATES_MAX &&
    candidates.length === new Set(texts).size &&
    candidates.length === texts.length
    ? candidates
    : null
}

function signRequest(delivery: Signable, path: string, secret: string, now: number): Record<string, string> {
  if (isBlank(secret)) throw new BridgeError('config_invalid', 'the secret is empty')
  const headers: Record<string, string> = {
    'x-contentful-topic': delivery.headers?.['x-contentful-topic'] ?? 'ContentManagement.Entry.publish',
    [SIGNED_HEADERS]: REQUIRED.join(','),
    [TIMESTAMP]: formatSignedAt(now, 'ms'),
  }
  const lines = REQUIRED.map(name => `${name}:${headers[name]}`).join(';')
  const content = [`${delivery.method ?? 'POST'}\n${path}\n${lines}\n`, delivery.body]
  return { ...headers, [SIGNATURE]: feed(createHmac('sha256', secret), content, null).digest('hex') }
}
