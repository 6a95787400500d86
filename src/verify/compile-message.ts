import { hash } from 'node:crypto'
import { isDigestOf } from './check-digest.ts'
import type { Delivery } from './delivery.ts'
import { limitToValidity } from './limit-to-validity.ts'
import { matchSecrets } from './match-secrets.ts'
import { type MessagePlan, planMessage } from './plan-message.ts'
import { provesMessage, validUntilAt } from './prove-message.ts'
import { readCavageMessage } from './read-cavage-message.ts'
import { readHeaders } from './read-headers.ts'
import { readSignedMessage } from './read-signed-message.ts'
import type { BodyScheme, SchemeSettings, Secret } from './scheme.ts'
import type { MessageDefinition } from './scheme-definition.ts'
import { signRequest } from './sign-message.ts'
import { isWithinTolerance } from './signed-at.ts'
import { refuse, type Verification } from './verification.ts'

/**
 * Compiles HTTP message signatures (RFC 9421), or the draft before them. What must be signed and with which algorithm is
 * said by the definition; the digest of the body is computed anew wherever it is signed, else it would vouch for nothing.
 */
export function compileMessage(definition: MessageDefinition, settings: SchemeSettings): BodyScheme {
  const plan = planMessage(definition, settings)
  const { required, digest } = plan
  return {
    kind: 'http-message-signature',
    headersOnly: false,
    bindsBody: required.includes(digest),
    unsigned: false,
    verify: (delivery, secrets, now) => verifyMessage(plan, delivery, secrets, now),
    sign: (delivery, secret, now) => signRequest(plan, delivery, secret, now),
  }
}

function verifyMessage(
  { definition, required, digest, url, toleranceMs }: MessagePlan,
  delivery: Delivery,
  secrets: readonly Secret[],
  now: number,
): Verification {
  const read = definition.draft === 'cavage' ? readCavageMessage : readSignedMessage
  const message = read(definition, delivery, url)
  if ('ok' in message) return message
  const { content, signature, covered, createdAt, expiresAt } = message
  if (!required.every(name => covered.includes(name))) return refuse('signature_malformed')
  const match = matchSecrets(
    limitToValidity(secrets, secret => validUntilAt(definition, secret)),
    now,
    secret => provesMessage(definition, secret, content, signature),
  )
  if (match === null) return refuse('signature_mismatch')
  if (match.expired) return refuse('secret_expired')
  if (covered.includes(digest)) {
    const value = readHeaders(delivery.rawHeaders, [digest])?.[0]
    if (value === undefined) return refuse('signature_ambiguous')
    if (!isDigestOf(value, delivery.body, digest)) return refuse('signature_mismatch')
  }
  if (createdAt === null && toleranceMs !== null) return refuse('timestamp_missing')
  if (createdAt !== null && !isWithinTolerance(createdAt, now, toleranceMs)) return refuse('timestamp_out_of_range')
  if (expiresAt !== null && expiresAt <= now) return refuse('timestamp_out_of_range')
  const replayKey = createdAt === null ? null : hash('sha256', content, 'hex')
  return { ok: true, secretIndex: match.index, signedAt: createdAt, replayKey }
}
