import { createHash, createHmac, type Hash, type Hmac } from 'node:crypto'
import { BridgeError } from '../errors.ts'
import type { Delivery } from './delivery.ts'
import { type HmacPlan, type PlanSegment, planHmac, type SenderSegment } from './hmac-plan.ts'
import { matchSecrets } from './match-secrets.ts'
import { isMessageId, makeMessageId } from './message-id.ts'
import { signatureKey } from './parse-signature.ts'
import { readBodyTimestamp } from './read-body-timestamp.ts'
import { HEADER_BYTES_MAX, readHeaders } from './read-headers.ts'
import type { BodyScheme, SchemeSettings, Secret, Signable } from './scheme.ts'
import type { HmacDefinition } from './scheme-definition.ts'
import { equalsAny } from './signature-syntax.ts'
import { formatSignedAt, isWithinTolerance, parseSignedAt } from './signed-at.ts'
import { type Refused, refuse, type Verification } from './verification.ts'

/** Pieces of the signed content in order; texts are header values, which Node decodes as latin1. */
type Content = readonly (string | Buffer)[]

/**
 * Compiles an HMAC over a template of the delivery. The signature is checked before the timestamp, so that
 * `timestamp_out_of_range` always means a genuine sender whose clock, or whose queue, is late.
 */
export function compileHmac(definition: HmacDefinition, settings: SchemeSettings): BodyScheme {
  const plan = planHmac(definition, settings)
  return {
    kind: 'hmac',
    headersOnly: false,
    bindsBody: plan.bindsBody,
    unsigned: false,
    verify: (delivery, secrets, now) => verifyHmac(plan, delivery, secrets, now),
    sign: (delivery, secret, now) => signHmac(plan, delivery, secret, now),
  }
}

function verifyHmac(plan: HmacPlan, delivery: Delivery, secrets: readonly Secret[], now: number): Verification {
  const headers = readHeaders(delivery.rawHeaders, plan.headerNames)
  if (headers === null) return refuse('signature_ambiguous')
  const header = headers[0]
  if (header === undefined || header === '') return refuse('signature_missing')
  const signature = plan.parseSignature(header)
  if (!signature.ok) return signature

  const timestamp = plan.timestampAt === -1 ? signature.timestamp : headers[plan.timestampAt]
  const claimed = readClaimedAt(plan, timestamp)
  if (typeof claimed === 'object' && claimed !== null) return claimed
  const content = fillContent(plan.segments, headers, delivery, timestamp ?? '')
  if (!Array.isArray(content)) return content

  const match = matchSecrets(secrets, now, secret => {
    const key = plan.toKey(secret)
    return key !== null && equalsAny(feed(createHmac(plan.algorithm, key), content).digest(), signature.candidates)
  })
  if (match === null) return refuse('signature_mismatch')
  if (match.expired) return refuse('secret_expired')

  const signedAt =
    plan.timestamp?.in === 'body' ? readBodyTimestamp(delivery.body, plan.timestamp.path, plan.unit) : claimed
  if (signedAt === null) return { ok: true, secretIndex: match.index, signedAt: null, replayKey: null }
  if (typeof signedAt === 'object') return signedAt
  if (!isWithinTolerance(signedAt, now, plan.toleranceMs)) return refuse('timestamp_out_of_range')
  const replayKey = feed(createHash('sha256'), content).digest('hex')
  return { ok: true, secretIndex: match.index, signedAt, replayKey }
}

/** The timestamp the headers claim; null where none is expected there. */
function readClaimedAt(plan: HmacPlan, text: string | null | undefined): number | null | Refused {
  if (plan.timestamp === null || plan.timestamp.in === 'body') return null
  if (text === undefined || text === null || text === '') return refuse('timestamp_missing')
  return parseSignedAt(text, plan.unit) ?? refuse('timestamp_malformed')
}

/** Puts the values in. A missing one is a refusal, never an empty text: the content would be another one than the sender's. */
function fillContent(
  segments: readonly PlanSegment[],
  headers: readonly (string | undefined)[],
  delivery: { body: Buffer; method: string },
  timestamp: string,
): (string | Buffer)[] | Refused {
  const content: (string | Buffer)[] = []
  for (const segment of segments) {
    if (segment.kind === 'literal') content.push(segment.bytes)
    else if (segment.kind === 'body') content.push(delivery.body)
    else if (segment.kind === 'timestamp') content.push(timestamp)
    else if (segment.kind === 'method') content.push(delivery.method)
    else {
      const value = readSenderValue(segment, headers[segment.at])
      if (typeof value !== 'string') return value
      content.push(value)
    }
  }
  return content
}

function readSenderValue({ isId, separators }: SenderSegment, value: string | undefined): string | Refused {
  if (value === undefined || value === '') return refuse(isId ? 'id_malformed' : 'signature_missing')
  const isUsable = isId ? isMessageId(value) : value.length <= HEADER_BYTES_MAX
  if (isUsable && !separators.some(text => value.includes(text))) return value
  return refuse(isId ? 'id_malformed' : 'signature_malformed')
}

function feed<T extends Hash | Hmac>(hash: T, content: Content): T {
  for (const piece of content) {
    if (typeof piece === 'string') hash.update(piece, 'latin1')
    else hash.update(piece)
  }
  return hash
}

function signHmac(plan: HmacPlan, delivery: Signable, secret: string, now: number): Record<string, string> {
  const key = plan.toKey(secret)
  if (key === null) throw new BridgeError('config_invalid', 'the secret is empty or not in its encoding')
  const { settings } = plan
  const timestamp = formatSignedAt(now, plan.unit)
  const headers: Record<string, string> = {}
  const values = plan.headerNames.map(name => delivery.headers?.[name])
  const idSegment = plan.segments.find(segment => segment.kind === 'sender' && segment.isId)
  if (idSegment?.kind === 'sender') values[idSegment.at] = delivery.id ?? makeMessageId(delivery.body, now)
  if (plan.timestampAt !== -1) values[plan.timestampAt] = timestamp
  const content = fillContent(
    plan.segments,
    values,
    { body: delivery.body, method: delivery.method ?? 'POST' },
    timestamp,
  )
  if (!Array.isArray(content))
    throw new BridgeError('config_invalid', `the delivery cannot be signed: ${content.reason}`)
  const digest = feed(createHmac(plan.algorithm, key), content).digest(settings.encoding)

  for (let i = 1; i < values.length; i++) headers[plan.headerNames[i]!] = values[i]!
  headers[plan.headerNames[0]!] = writeSignature(plan, digest, timestamp)
  return headers
}

function writeSignature({ settings, timestamp: place }: HmacPlan, digest: string, timestamp: string): string {
  const { parse, prefix } = settings
  const separator = settings.separator ?? ','
  if (parse === 'pairs') {
    const pair = `${signatureKey(settings)}=${digest}`
    return place?.in === 'pair' ? `${place.key}=${timestamp}${separator}${pair}` : pair
  }
  if (place?.in !== 'position') return `${prefix}${digest}`
  return place.index === 0 ? `${timestamp}${separator}${prefix}${digest}` : `${prefix}${digest}${separator}${timestamp}`
}
