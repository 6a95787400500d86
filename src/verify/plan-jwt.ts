import { hash } from 'node:crypto'
import { BridgeError } from '../errors.ts'
import type { DeliveryHead } from './delivery.ts'
import type { JwtAlgorithm } from './jwt-settings.ts'
import type { KeySet } from './key-set.ts'
import { hashRequest, placeOfUrl, type RequestPlace } from './request-hash.ts'
import type { SchemeSettings } from './scheme.ts'
import type { JwtDefinition } from './scheme-definition.ts'
import { TOLERANCE_DEFAULT_MS } from './signed-at.ts'

/** How far the clocks of issuer and bridge may be apart where nothing else is said. */
export const SKEW_DEFAULT_MS = 60_000
/** Clocks that are further apart are wrong: an expired token would live on. */
export const SKEW_MAX_MS = 600_000

/** Everything about a definition that can be worked out before a token comes. */
export interface JwtPlan {
  definition: JwtDefinition
  algorithm: JwtAlgorithm
  header: string
  issuers: readonly string[]
  audiences: readonly string[]
  claims: readonly (readonly [string, readonly string[]])[]
  /** How far the clocks may be apart: an end is kept that exactly, and nothing may be from the future. */
  skewMs: number
  /** How old a token without an end may be, by when it was written; null = off. */
  ageMs: number | null
  keySet: KeySet | null
  /** Path and query that the sender was given, where the token vouches for those of the request; else null. */
  place: RequestPlace | null
}

/** Prepares a definition. Throws `config_invalid` where it does not say whose tokens are taken, and for whom they are. */
export function planJwt(definition: JwtDefinition, settings: SchemeSettings): JwtPlan {
  const { algorithm, issuer, audience, claims = {}, jwks, lifetime } = definition
  if (issuer === undefined) throw new BridgeError('config_invalid', '/issuer: expected who writes the tokens')
  // An HMAC has no other audience than who knows its secret; a published key signs for everybody.
  if (audience === undefined && !algorithm.startsWith('HS'))
    throw new BridgeError('config_invalid', '/audience: expected whom the tokens are for')
  if (jwks !== undefined && algorithm.startsWith('HS'))
    throw new BridgeError('config_invalid', `/jwks: expected no published keys for ${algorithm}`)
  const place = definition.requestClaim === undefined ? null : readPlace(settings.url)
  const { toleranceMs } = settings
  const isAged = lifetime === 'iat'
  return {
    definition,
    algorithm,
    header: definition.header.toLowerCase(),
    issuers: listOf(issuer),
    audiences: audience === undefined ? [] : listOf(audience),
    claims: Object.entries(claims).map(([name, value]) => [name, listOf(value).map(String)]),
    skewMs: isAged ? SKEW_DEFAULT_MS : Math.min(toleranceMs ?? SKEW_DEFAULT_MS, SKEW_MAX_MS),
    ageMs: isAged && toleranceMs === undefined ? TOLERANCE_DEFAULT_MS : (toleranceMs ?? null),
    keySet: jwks === undefined ? null : (settings.openKeySet?.(jwks) ?? null),
    place,
  }
}

function readPlace(url: string | undefined): RequestPlace {
  const place = url === undefined ? null : placeOfUrl(url)
  if (place === null || hashRequest('POST', place.path, place.query) === null)
    throw new BridgeError('config_invalid', '/url: expected the public URL the sender was given, without a token in it')
  return place
}

/**
 * Adds the hash of a request to the claims that its token must have: a token for another request is one for another
 * receiver. Null where the request cannot be hashed.
 */
export function bindRequest(plan: JwtPlan, { method, query }: Pick<DeliveryHead, 'method' | 'query'>): JwtPlan | null {
  const { place, definition, claims } = plan
  if (place === null || definition.requestClaim === undefined) return plan
  const digest = hashRequest(method, place.path, query)
  return digest === null ? null : { ...plan, claims: [...claims, [definition.requestClaim, [digest]]] }
}

function listOf<T>(value: T | readonly T[]): readonly T[] {
  return Array.isArray(value) ? (value as readonly T[]) : [value as T]
}

/** Where the audience binds the body, it ends in its hash: a sender that may choose nothing else may choose this (GitHub Actions). */
export function boundAudiences(
  { definition, audiences }: Pick<JwtPlan, 'definition' | 'audiences'>,
  body: Buffer | null,
): string[] {
  if (definition.bodyClaim !== 'aud' || body === null) return [...audiences]
  const digest = hash('sha256', body, 'hex')
  return audiences.map(audience => `${audience}#sha256=${digest}`)
}
