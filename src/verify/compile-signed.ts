import { createHash } from 'node:crypto'
import type { Delivery } from './delivery.ts'
import { fillContent } from './fill-content.ts'
import { limitToValidity } from './limit-to-validity.ts'
import { matchSecrets } from './match-secrets.ts'
import { planSigned, type SignedPlan } from './plan-signed.ts'

import { proveAsymmetric } from './prove-asymmetric.ts'
import { feed, proveDigest, proveHmac } from './prove-hmac.ts'
import { readBodyTimestamp } from './read-body-timestamp.ts'
import { readUnprovenJson, textAt } from './read-body-value.ts'
import { readHeaders } from './read-headers.ts'
import type { BodyScheme, SchemeSettings, Secret } from './scheme.ts'
import type { SignedDefinition } from './scheme-definition.ts'
import { signPlanned } from './sign-planned.ts'
import { isWithinTolerance, parseSignedAt } from './signed-at.ts'
import { varyPort } from './vary-port.ts'
import { type Refused, refuse, type Verification } from './verification.ts'

/**
 * Compiles a signature over a template of the delivery. The signature is checked before the timestamp, so that
 * `timestamp_out_of_range` always means a genuine sender whose clock, or whose queue, is late.
 */
export function compileSigned(definition: SignedDefinition, settings: SchemeSettings): BodyScheme {
  const proof = proofOf(definition)
  const plan = planSigned(definition, settings, proof)
  const { url } = settings
  const plans =
    definition.urlPortVaries === true && url !== undefined
      ? varyPort(url).map(varied => planSigned(definition, { ...settings, url: varied }, proof))
      : [plan]
  return {
    kind: definition.kind,
    headersOnly: false,
    bindsBody: plan.bindsBody,
    unsigned: false,
    verify: (delivery, secrets, now) => verifyAny(plans, delivery, secrets, now),
    sign: (delivery, secret, now) => signPlanned(plan, delivery, secret, now).headers,
    ...(plan.readsJson && { signWhole: (delivery, secret, now) => signPlanned(plan, delivery, secret, now) }),
  }
}

function proofOf(definition: SignedDefinition) {
  if (definition.kind === 'hmac') return proveHmac(definition)
  return definition.kind === 'digest' ? proveDigest(definition) : proveAsymmetric(definition)
}

/** Every plan is tried until one matches; the others are of the same delivery, signed over another form of the URL. */
function verifyAny(
  plans: readonly SignedPlan[],
  delivery: Delivery,
  secrets: readonly Secret[],
  now: number,
): Verification {
  let verification: Verification = refuse('signature_mismatch')
  for (const plan of plans) {
    verification = verifySigned(plan, delivery, secrets, now)
    if (verification.ok || verification.reason !== 'signature_mismatch') break
  }
  return verification
}

function verifySigned(plan: SignedPlan, delivery: Delivery, secrets: readonly Secret[], now: number): Verification {
  const headers = readHeaders(delivery.rawHeaders, plan.headerNames)
  if (headers === null) return refuse('signature_ambiguous')
  const json = plan.readsJson ? readUnprovenJson(delivery.body) : null
  const text = plan.signaturePath === null ? headers[0] : textAt(json, plan.signaturePath)
  if (text === undefined || text === null || text === '') return refuse('signature_missing')
  const signature = plan.parseSignature(text)
  if (!signature.ok) return signature

  const timestamp = plan.timestampAt === -1 ? signature.timestamp : headers[plan.timestampAt]
  const claimed = readClaimedAt(plan, timestamp)
  if (typeof claimed === 'object' && claimed !== null) return claimed
  const { body, method } = delivery
  const content = fillContent(plan.segments, {
    body,
    method,
    headers,
    timestamp: timestamp ?? '',
    pairs: signature.pairs,
    json,
  })
  if (!Array.isArray(content)) return content

  const { proof } = plan
  const match = matchSecrets(limitToValidity(secrets, proof.validUntilAt), now, secret =>
    proof.matches(secret, content, signature.candidates),
  )
  if (match === null) return refuse('signature_mismatch')
  if (match.expired) return refuse('secret_expired')

  const signedAt = plan.timestamp?.in === 'body' ? readBodyTimestamp(body, plan.timestamp.path, plan.unit) : claimed
  if (signedAt === null) return { ok: true, secretIndex: match.index, signedAt: null, replayKey: null }
  if (typeof signedAt === 'object') return signedAt
  if (!isWithinTolerance(signedAt, now, plan.toleranceMs)) return refuse('timestamp_out_of_range')
  const replayKey = feed(createHash('sha256'), content, null).digest('hex')
  return { ok: true, secretIndex: match.index, signedAt, replayKey }
}

/** The timestamp the headers claim; null where none is expected there. */
function readClaimedAt(plan: SignedPlan, text: string | null | undefined): number | null | Refused {
  if (plan.timestamp === null || plan.timestamp.in === 'body') return null
  if (text === undefined || text === null || text === '') return refuse('timestamp_missing')
  return parseSignedAt(text, plan.unit) ?? refuse('timestamp_malformed')
}
