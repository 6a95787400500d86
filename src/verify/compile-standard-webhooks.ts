import {
  createHash,
  createHmac,
  createPublicKey,
  createSecretKey,
  type KeyObject,
  sign as signContent,
  verify as verifySignature,
} from 'node:crypto'
import { BridgeError } from '../errors.ts'
import type { Delivery } from './delivery.ts'
import { isBlank, matchSecrets } from './match-secrets.ts'
import { isMessageId, makeMessageId } from './message-id.ts'
import { readPrivateKey } from './public-key.ts'
import { HEADER_BYTES_MAX, readHeaders } from './read-headers.ts'
import type { BodyScheme, SchemeSettings, Secret, Signable } from './scheme.ts'
import type { StandardWebhooksDefinition } from './scheme-definition.ts'
import { CANDIDATES_MAX, DIGEST_BYTES, decodeBase64, equalsAny, signaturePattern } from './signature-syntax.ts'
import { formatSignedAt, isWithinTolerance, parseSignedAt, TOLERANCE_DEFAULT_MS } from './signed-at.ts'
import { type Refused, refuse, type Verification } from './verification.ts'

const V1 = signaturePattern(DIGEST_BYTES.sha256, 'base64')
const V1A = signaturePattern(64, 'base64')
/** DER of an Ed25519 public key (RFC 8410) up to its 32 bytes. */
const ED25519_SPKI = Buffer.from('302a300506032b6570032100', 'hex')

interface Message {
  id: string
  timestamp: string
  signature: string
}

/** The signatures of one header, by version. */
interface Candidates {
  v1: readonly Buffer[]
  v1a: readonly Buffer[]
}

/**
 * Compiles Standard Webhooks: `id.timestamp.body`, a space-separated list of signatures, any of which may match.
 * The kind of the secret decides the version: `whsec_` takes only v1 (HMAC-SHA256), `whpk_` only v1a (Ed25519).
 * Source: github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
 */
export function compileStandardWebhooks(definition: StandardWebhooksDefinition, settings: SchemeSettings): BodyScheme {
  const toleranceMs = settings.toleranceMs === undefined ? definition.toleranceMs : settings.toleranceMs
  const limitMs = toleranceMs === undefined ? TOLERANCE_DEFAULT_MS : toleranceMs
  const names = definition.headerPrefixes.flatMap(prefix => [
    `${prefix}-id`,
    `${prefix}-timestamp`,
    `${prefix}-signature`,
  ])
  return {
    kind: 'standard-webhooks',
    headersOnly: false,
    bindsBody: true,
    unsigned: false,
    verify: (delivery, secrets, now) => verifyMessage(definition, names, limitMs, delivery, secrets, now),
    sign: (delivery, secret, now) => signMessage(definition, delivery, secret, now),
  }
}

function verifyMessage(
  definition: StandardWebhooksDefinition,
  names: readonly string[],
  toleranceMs: number | null,
  delivery: Delivery,
  secrets: readonly Secret[],
  now: number,
): Verification {
  const headers = readHeaders(delivery.rawHeaders, names)
  if (headers === null) return refuse('signature_ambiguous')
  const message = pickMessage(headers)
  if ('ok' in message) return message
  const candidates = parseCandidates(message.signature)
  if ('ok' in candidates) return candidates
  const signedAt = parseSignedAt(message.timestamp, 's')
  if (signedAt === null) return refuse('timestamp_malformed')

  const prefix = Buffer.from(`${message.id}.${message.timestamp}.`, 'latin1')
  const match = matchSecrets(secrets, now, secret =>
    matchesSecret(definition, secret, candidates, prefix, delivery.body),
  )
  if (match === null) return refuse('signature_mismatch')
  if (match.expired) return refuse('secret_expired')
  if (!isWithinTolerance(signedAt, now, toleranceMs)) return refuse('timestamp_out_of_range')
  const replayKey = createHash('sha256').update(prefix).update(delivery.body).digest('hex')
  return { ok: true, secretIndex: match.index, signedAt, replayKey }
}

/**
 * Takes the headers of one family (`webhook-*` or `svix-*`). A second family must say the same:
 * otherwise an unsigned id could be put beside the signed one and be taken for the idempotency key.
 */
function pickMessage(headers: readonly (string | undefined)[]): Message | Refused {
  let picked: readonly (string | undefined)[] | null = null
  for (let i = 0; i < headers.length; i += 3) {
    const family = headers.slice(i, i + 3)
    if (family.every(value => value === undefined)) continue
    if (picked?.some((value, part) => value !== family[part])) return refuse('signature_ambiguous')
    picked ??= family
  }
  const [id, timestamp, signature] = picked ?? []
  if (signature === undefined || signature === '') return refuse('signature_missing')
  if (timestamp === undefined || timestamp === '') return refuse('timestamp_missing')
  if (id === undefined || !isMessageId(id)) return refuse('id_malformed')
  return { id, timestamp, signature }
}

function parseCandidates(header: string): Candidates | Refused {
  if (header.length > HEADER_BYTES_MAX) return refuse('signature_malformed')
  const elements = header.split(' ', CANDIDATES_MAX + 1)
  if (elements.length > CANDIDATES_MAX) return refuse('signature_malformed')
  const v1: Buffer[] = []
  const v1a: Buffer[] = []
  for (const element of elements) {
    const comma = element.indexOf(',')
    if (comma < 1) return refuse('signature_malformed')
    const version = element.slice(0, comma)
    // Other versions are left alone: the specification lets senders add some.
    if (version !== 'v1' && version !== 'v1a') continue
    const text = element.slice(comma + 1)
    if (!(version === 'v1' ? V1 : V1A).test(text)) return refuse('signature_malformed')
    ;(version === 'v1' ? v1 : v1a).push(Buffer.from(text, 'base64'))
  }
  return v1.length + v1a.length === 0 ? refuse('signature_missing') : { v1, v1a }
}

function matchesSecret(
  definition: StandardWebhooksDefinition,
  secret: string,
  candidates: Candidates,
  prefix: Buffer,
  body: Buffer,
): boolean {
  const key = decodeStandardSecret(secret, definition.secretEncoding)
  if (key === null) return false
  if (key.version === 'v1') {
    // Node 24 takes 6 µs longer for an HMAC keyed with a Buffer than with a key object made of it.
    return equalsAny(
      createHmac('sha256', createSecretKey(key.bytes)).update(prefix).update(body).digest(),
      candidates.v1,
    )
  }
  if (candidates.v1a.length === 0) return false
  const publicKey = toPublicKey(key.bytes)
  const content = Buffer.concat([prefix, body])
  return candidates.v1a.filter(candidate => verifySignature(null, content, publicKey, candidate)).length === 1
}

function toPublicKey(bytes: Buffer): KeyObject {
  return createPublicKey({ key: Buffer.concat([ED25519_SPKI, bytes]), format: 'der', type: 'spki' })
}

/** The public key that a `whpk_` secret is; null for a shared secret. */
export function publicKeyOfStandardSecret(
  secret: string,
  encoding: StandardWebhooksDefinition['secretEncoding'],
): KeyObject | null {
  const decoded = decodeStandardSecret(secret, encoding)
  return decoded?.version === 'v1a' ? toPublicKey(decoded.bytes) : null
}

/** The bytes of a Standard Webhooks secret and the one version of signature it may check; null where it is unusable. */
export function decodeStandardSecret(
  secret: string,
  encoding: StandardWebhooksDefinition['secretEncoding'],
): { version: 'v1' | 'v1a'; bytes: Buffer } | null {
  if (isBlank(secret) || secret.startsWith('whsk_')) return null
  if (encoding === 'utf8') return { version: 'v1', bytes: Buffer.from(secret) }
  if (secret.startsWith('whpk_')) {
    const bytes = decodeBase64(secret.slice('whpk_'.length))
    return bytes?.length === 32 ? { version: 'v1a', bytes } : null
  }
  const bytes = decodeBase64(secret.startsWith('whsec_') ? secret.slice('whsec_'.length) : secret)
  return bytes === null ? null : { version: 'v1', bytes }
}

function signMessage(
  definition: StandardWebhooksDefinition,
  { body, id }: Signable,
  secret: string,
  now: number,
): Record<string, string> {
  const messageId = id ?? makeMessageId(body, now)
  const timestamp = formatSignedAt(now, 's')
  const content = Buffer.concat([Buffer.from(`${messageId}.${timestamp}.`, 'latin1'), body])
  const signature = writeSignature(definition, content, secret)
  const prefix = definition.headerPrefixes[0]!
  return { [`${prefix}-id`]: messageId, [`${prefix}-timestamp`]: timestamp, [`${prefix}-signature`]: signature }
}

/** v1 with a shared secret, v1a with the private half (PEM) of a `whpk_` key. */
function writeSignature({ secretEncoding }: StandardWebhooksDefinition, content: Buffer, secret: string): string {
  const privateKey = secretEncoding === 'whsec' ? readPrivateKey(secret, 'ed25519') : null
  if (privateKey !== null) return `v1a,${signContent(null, content, privateKey).toString('base64')}`
  const key = decodeStandardSecret(secret, secretEncoding)
  if (key?.version === 'v1') return `v1,${createHmac('sha256', key.bytes).update(content).digest('base64')}`
  throw new BridgeError('config_invalid', "signing needs a whsec_ secret, or the sender's private key (PEM, ed25519)")
}
