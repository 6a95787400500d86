import { hash, type KeyObject } from 'node:crypto'
import type { JWTPayload, JWTVerifyOptions } from 'jose'
import { JWTClaimValidationFailed, JWTExpired } from 'jose/errors'
import { jwtVerify } from 'jose/jwt/verify'
import type { Delivery, DeliveryHead } from './delivery.ts'
import { type JwtKey, readKnownKeys } from './jwt-keys.ts'
import { isBlank } from './match-secrets.ts'
import { pickOwn } from './pick-own.ts'
import { bindRequest, boundAudiences, type JwtPlan, planJwt } from './plan-jwt.ts'
import { readHeaders } from './read-headers.ts'
import { readToken, type Token } from './read-token.ts'
import type { AsyncScheme, SchemeSettings, Secret, Signable } from './scheme.ts'
import type { JwtDefinition } from './scheme-definition.ts'
import { signRequestToken, signToken } from './sign-token.ts'
import { isWithinTolerance } from './signed-at.ts'
import { type Refusal, type Refused, refuse, type Verification, type Verified } from './verification.ts'

/** Keys tried for a token that names none, at most. */
const KEYS_TRIED_MAX = 10
const JTI_CHARS_MAX = 256

/**
 * Compiles a JSON Web Token in a header. Algorithm, issuer, audience and the place of the keys come from the definition,
 * never from the token. Verification is asynchronous: a key may have to be fetched first. Where the body is not bound it
 * is decided before the body is read.
 */
export function compileJwt(definition: JwtDefinition, settings: SchemeSettings): AsyncScheme {
  const plan = planJwt(definition, settings)
  const base = {
    isAsync: true,
    kind: 'jwt',
    unsigned: false,
    bindsBody: definition.bodyClaim !== undefined,
    sign: (delivery, secret, now) => signToken(plan, delivery, secret, now),
    ...(plan.place !== null && {
      signWhole: (delivery: Signable, secret: string, now: number) => signRequestToken(plan, delivery, secret, now),
    }),
  } satisfies Partial<AsyncScheme>
  if (base.bindsBody) {
    const verify = (delivery: Delivery, secrets: readonly Secret[], now: number) =>
      verifyToken(plan, delivery, delivery.body, secrets, now)
    return { ...base, headersOnly: false, verify }
  }
  const verifyHead = (head: DeliveryHead, secrets: readonly Secret[], now: number) =>
    verifyToken(plan, head, null, secrets, now)
  return { ...base, headersOnly: true, verify: verifyHead, verifyHead }
}

/** One key that a token may be signed with, and from which secret it is (-1 = a published set). */
interface Candidate {
  key: KeyObject | Uint8Array
  secretIndex: number
  expiresAt: number | null
}

async function verifyToken(
  plan: JwtPlan,
  head: DeliveryHead,
  body: Buffer | null,
  secrets: readonly Secret[],
  now: number,
): Promise<Verification> {
  const headers = readHeaders(head.rawHeaders, [plan.header])
  if (headers === null) return refuse('signature_ambiguous')
  const value = headers[0]
  if (value === undefined || value === '') return refuse('credentials_missing')
  const text = readCredential(value, plan.definition.word)
  const token = text === null ? null : readToken(text, plan.algorithm)
  if (token === null) return refuse('signature_malformed')
  const bound = bindRequest(plan, head)
  if (bound === null) return refuse('signature_ambiguous')
  const candidates = await findCandidates(plan, token, secrets, now)
  if ('ok' in candidates) return candidates
  if (candidates.length > KEYS_TRIED_MAX) return refuse('signature_malformed')
  const options = optionsFor(plan, body, now)
  // Every key is tried, also after a match, as everywhere else.
  const tried = await Promise.all(candidates.map(candidate => tryKey(token, candidate, options)))
  return choose(bound, candidates, tried, body, token, now)
}

/** What follows the word (`Bearer`), which may be in any case (RFC 9110); the whole value where there is no word. */
function readCredential(value: string, word: string): string | null {
  if (word === '') return value
  const start = word.length + 1
  if (value[word.length] !== ' ' || value.slice(0, word.length).toLowerCase() !== word.toLowerCase()) return null
  return value.slice(start)
}

async function findCandidates(
  { algorithm, keySet, definition }: JwtPlan,
  { kid }: Token,
  secrets: readonly Secret[],
  now: number,
): Promise<readonly Candidate[] | Refused> {
  if (keySet !== null) {
    const found = await keySet.find(kid, algorithm, now)
    if (!found.ok) return refuse(found.reason)
    return found.keys.map(({ key }) => ({ key, secretIndex: -1, expiresAt: null }))
  }
  if (definition.jwks !== undefined) return refuse('keys_unavailable')
  if (algorithm.startsWith('HS'))
    return secrets.flatMap(({ value, expiresAt }, secretIndex) =>
      isBlank(value) ? [] : { key: Buffer.from(value), secretIndex, expiresAt },
    )
  return secrets.flatMap(({ value, expiresAt }, secretIndex) =>
    (readKnownKeys(value, algorithm) ?? [])
      .filter(key => kid === null || key.kid === null || key.kid === kid)
      .map(({ key, validUntilAt }) => ({ key, secretIndex, expiresAt: earliest(expiresAt, validUntilAt) })),
  )
}

function earliest(left: number | null, right: JwtKey['validUntilAt']): number | null {
  return left === null ? right : right === null ? left : Math.min(left, right)
}

function optionsFor({ algorithm, definition, skewMs, ...plan }: JwtPlan, body: Buffer | null, now: number) {
  const audience = boundAudiences({ definition, ...plan }, body)
  return {
    algorithms: [algorithm],
    issuer: [...plan.issuers],
    ...(audience.length > 0 && { audience }),
    clockTolerance: Math.floor(skewMs / 1_000),
    currentDate: new Date(now),
    requiredClaims: definition.lifetime === 'exp' ? ['exp'] : [],
  } satisfies JWTVerifyOptions
}

type Tried = { ok: true; payload: JWTPayload } | Refused

async function tryKey({ text }: Token, { key }: Candidate, options: JWTVerifyOptions): Promise<Tried> {
  try {
    const { payload } = await jwtVerify(text, key, options)
    return { ok: true, payload }
  } catch (error) {
    return refuse(reasonOf(error))
  }
}

/** A claim is looked at only after the signature held, so these reasons say that the issuer is genuine. */
function reasonOf(error: unknown): Refusal {
  if (error instanceof JWTExpired) return 'timestamp_out_of_range'
  if (!(error instanceof JWTClaimValidationFailed)) return 'signature_mismatch'
  const { claim, reason } = error
  if (claim !== 'exp' && claim !== 'nbf' && claim !== 'iat') return 'claims_mismatch'
  if (reason === 'missing') return 'timestamp_missing'
  return reason === 'invalid' ? 'timestamp_malformed' : 'timestamp_out_of_range'
}

function choose(
  plan: JwtPlan,
  candidates: readonly Candidate[],
  tried: readonly Tried[],
  body: Buffer | null,
  token: Token,
  now: number,
): Verification {
  let refusal: Refused | null = null
  for (const [i, result] of tried.entries()) {
    const { secretIndex, expiresAt } = candidates[i]!
    const verified = result.ok ? judgeClaims(plan, result.payload, body, token, now) : result
    if (verified.ok && (expiresAt === null || expiresAt > now)) return { ...verified, secretIndex }
    const refused = verified.ok ? refuse('secret_expired') : verified
    if (refusal === null || refusal.reason === 'signature_mismatch') refusal = refused
  }
  return refusal ?? refuse('signature_mismatch')
}

/** What jose does not look at: the age by `iat`, the claims of the source, the hash of the body, the id. */
function judgeClaims(
  plan: JwtPlan,
  payload: JWTPayload,
  body: Buffer | null,
  token: Token,
  now: number,
): Verified | Refused {
  const { definition } = plan
  const signedAt = readIssuedAt(payload.iat)
  if (typeof signedAt === 'object' && signedAt !== null) return signedAt
  if (signedAt === null && definition.lifetime === 'iat') return refuse('timestamp_missing')
  if (signedAt !== null && !isTimely(plan, signedAt, now)) return refuse('timestamp_out_of_range')
  for (const [name, values] of plan.claims) {
    const claim = pickOwn(payload, [name])
    // GitHub writes numbers and GitLab writes true as text: compared is how they are written.
    if (!isScalar(claim) || !values.includes(String(claim))) return refuse('claims_mismatch')
  }
  const { bodyClaim } = definition
  if (bodyClaim !== undefined && bodyClaim !== 'aud' && body !== null) {
    if (pickOwn(payload, [bodyClaim]) !== hash('sha256', body, 'hex')) return refuse('signature_mismatch')
  }
  const id = definition.oneTime === true ? readId(payload) : null
  if (typeof id === 'object' && id !== null) return id
  // Without the body in it a token may come with several deliveries, which are no replays of one another.
  const content = token.text.slice(0, token.text.lastIndexOf('.'))
  const replayKey = body === null || signedAt === null ? null : hash('sha256', content, 'hex')
  return { ok: true, secretIndex: -1, signedAt, replayKey, ...(id !== null && { key: id }) }
}

function isTimely({ definition, skewMs, ageMs }: JwtPlan, signedAt: number, now: number): boolean {
  if (definition.lifetime === 'iat') return isWithinTolerance(signedAt, now, ageMs)
  // Whoever sets its own tokens' end may write them early; none is written in the future.
  return signedAt <= now + skewMs
}

function readIssuedAt(iat: unknown): number | null | Refused {
  if (iat === undefined) return null
  const isSound = typeof iat === 'number' && Number.isFinite(iat) && iat > 0 && iat < 1e11
  return isSound ? Math.floor(iat * 1_000) : refuse('timestamp_malformed')
}

function isScalar(claim: unknown): claim is string | number | boolean {
  return typeof claim === 'string' || typeof claim === 'number' || typeof claim === 'boolean'
}

/** The id of a token as an idempotency key; the issuer names it, for two of them may count alike. */
function readId({ jti, iss }: JWTPayload): string | Refused {
  const isSound =
    typeof jti === 'string' && jti !== '' && jti.length <= JTI_CHARS_MAX && !/[\x00-\x1f\x7f-\x9f]/.test(jti)
  return isSound ? `jti:${hash('sha256', iss!, 'hex').slice(0, 16)}:${jti}` : refuse('id_malformed')
}
