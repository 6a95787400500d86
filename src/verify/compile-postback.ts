import { hash } from 'node:crypto'
import { crc32 } from 'node:zlib'
import { BridgeError } from '../errors.ts'
import type { Delivery } from './delivery.ts'
import type { Postback, PostbackAnswer, PostbackRequest } from './postback.ts'
import { readUnprovenJson } from './read-body-value.ts'
import { readHeaders } from './read-headers.ts'
import type { AsyncScheme, SchemeSettings, Secret } from './scheme.ts'
import type { PaypalPostbackDefinition } from './scheme-definition.ts'
import { isWithinTolerance, parseSignedAt, TOLERANCE_DEFAULT_MS } from './signed-at.ts'
import { type Refused, refuse, type Verification } from './verification.ts'

/** The headers that PayPal signs with, and the shape that its API takes (verify_webhook_signature, read November 2026). */
const HEADERS = {
  'paypal-transmission-sig': { name: 'transmission_sig', shape: /^[A-Za-z0-9+/]{1,498}={0,2}$/ },
  'paypal-transmission-id': { name: 'transmission_id', shape: /^[A-Za-z0-9-]{1,50}$/ },
  'paypal-transmission-time': { name: 'transmission_time', shape: /^[0-9TZ:.+-]{1,100}$/ },
  'paypal-cert-url': { name: 'cert_url', shape: /^https:\/\/api(-m)?(\.sandbox)?\.paypal\.com\/[\x21-\x7e]{1,400}$/ },
  'paypal-auth-algo': { name: 'auth_algo', shape: /^SHA256withRSA$/ },
} as const

/**
 * Compiles the check that PayPal makes itself: headers and body are sent back to it. What is no delivery of PayPal by its
 * shape or its time is refused without asking. It is never accepted where PayPal cannot be asked, and never called forged.
 */
export function compilePostback(definition: PaypalPostbackDefinition, settings: SchemeSettings): AsyncScheme {
  const { webhookId } = settings
  if (webhookId === undefined)
    throw new BridgeError('config_invalid', '/webhookId: expected the id that PayPal gave the webhook')
  const postback = settings.openPostback?.(definition.endpoint) ?? null
  const plan: Plan = { postback, webhookId, toleranceMs: readTolerance(definition, settings) }
  return {
    isAsync: true,
    kind: 'paypal-postback',
    headersOnly: false,
    unsigned: false,
    // PayPal does not document whether it compares more of the body than its signature covers, which is a CRC-32
    bindsBody: false,
    verify: (delivery, secrets, now) => verifyByAsking(plan, delivery, secrets, now),
    sign: () => {
      throw new BridgeError('config_invalid', 'the delivery cannot be signed: only PayPal can, and it judges its own')
    },
  }
}

interface Plan {
  postback: Postback | null
  webhookId: string
  toleranceMs: number | null
}

function readTolerance(definition: PaypalPostbackDefinition, { toleranceMs }: SchemeSettings): number | null {
  if (toleranceMs !== undefined) return toleranceMs
  return definition.toleranceMs === undefined ? TOLERANCE_DEFAULT_MS : definition.toleranceMs
}

async function verifyByAsking(
  { postback, webhookId, toleranceMs }: Plan,
  delivery: Delivery,
  secrets: readonly Secret[],
  now: number,
): Promise<Verification> {
  const read = readProof(delivery)
  if (!read.ok) return read
  const { proof, event } = read
  const { transmission_id: id, transmission_time: time } = proof as {
    transmission_id: string
    transmission_time: string
  }
  const signedAt = parseSignedAt(time, 'iso')
  if (signedAt === null) return refuse('timestamp_malformed')
  if (!isWithinTolerance(signedAt, now, toleranceMs)) return refuse('timestamp_out_of_range')
  if (postback === null) return refuse('verifier_unavailable')
  const valid = secrets
    .map((secret, index) => ({ ...secret, index }))
    .filter(({ expiresAt }) => isValid(expiresAt, now))
  if (valid.length === 0) return refuse('secret_expired')
  const request = { proof: { ...proof, webhook_id: webhookId }, event }
  let answer: PostbackAnswer = 'unavailable'
  for (const { value, index } of valid) {
    answer = await postback.ask(request, value, now)
    // what is signed by PayPal's words, as for the check without asking: it catches the same one under another id
    const content = `${id}|${time}|${webhookId}|${crc32(delivery.body)}`
    if (answer === 'genuine')
      return { ok: true, secretIndex: index, signedAt, replayKey: hash('sha256', content, 'hex') }
    // only credentials that PayPal does not take say nothing about those after them
    if (answer !== 'refuses_us') break
  }
  if (answer === 'forged') return refuse('signature_mismatch')
  return refuse(answer === 'refuses_us' ? 'verifier_refuses_us' : 'verifier_unavailable')
}

function isValid(expiresAt: number | null, now: number): boolean {
  return expiresAt === null || expiresAt > now
}

function readProof({ rawHeaders, body }: Delivery): ({ ok: true } & PostbackRequest) | Refused {
  const names = Object.keys(HEADERS) as (keyof typeof HEADERS)[]
  const values = readHeaders(rawHeaders, names)
  if (values === null) return refuse('signature_ambiguous')
  if (values[0] === undefined || values[0] === '') return refuse('signature_missing')
  const proof: Record<string, string> = {}
  for (const [i, header] of names.entries()) {
    const { name, shape } = HEADERS[header]
    const value = values[i]
    if (value === undefined || !shape.test(value)) return refuse('signature_malformed')
    proof[name] = value
  }
  // one sound JSON object: nothing in it can end the object that it is put into
  const json = readUnprovenJson(body)
  const event = body.toString('utf8')
  if (typeof json !== 'object' || json === null || !event.trimStart().startsWith('{'))
    return refuse('signature_malformed')
  return { ok: true, proof, event }
}
