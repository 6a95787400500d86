import { decodeProtectedHeader } from 'jose/decode/protected_header'
import { decodeJwt } from 'jose/jwt/decode'
import type { AdminRole } from '../config/read-admin.ts'
import type { OidcConfig } from '../config/read-oidc.ts'
import { splitPointer } from '../mapping/json-pointer.ts'
import { openKeySet, openKeysOfIssuer } from '../source/open-key-set.ts'
import { compileJwt } from '../verify/compile-jwt.ts'
import type { JwtAlgorithm } from '../verify/jwt-settings.ts'
import { pickOwn } from '../verify/pick-own.ts'
import { readToken } from '../verify/read-token.ts'
import type { AsyncScheme } from '../verify/scheme.ts'
import type { JwtDefinition } from '../verify/scheme-definition.ts'
import { type Refused, refuse } from '../verify/verification.ts'
import { isAllowed } from './admin-keys.ts'

/** Who a token lets in. `role` null: the issuer knows the person, and nothing it says of them has a role here. */
export interface Person {
  ok: true
  /** `oidc:<subject>`. No admin key can have this name: names of keys have no colon. */
  name: string
  role: AdminRole | null
}

/** What a name may be: short enough that the audit can be asked for `admin:oidc:<subject>` (200 characters). */
const SUBJECT = /^[\x21-\x7e](?:[\x20-\x7e]{0,178}[\x21-\x7e])?$/
/**
 * Types of tokens that say who somebody is or what they may do (RFC 7519 5.1, RFC 9068 2.1). Others that an issuer signs,
 * for the same audience too, do not: `logout+jwt`, `secevent+jwt`, `dpop+jwt` (RFC 8725 3.11).
 */
const TYPES: ReadonlySet<string> = new Set(['jwt', 'at+jwt'])

/** Whether a text has the shape of a token: three parts. Whether it is one, and whose, `verifyPerson` says. */
export function looksLikeToken(text: string): boolean {
  return /^[^.]+\.[^.]+\.[^.]+$/.test(text)
}

/**
 * Checks the token of a person, as the tokens of senders are: by the algorithms, issuer, audience and keys that the
 * configuration names, never by what the token says of them. Then reads who it is, and their highest role.
 */
export async function verifyPerson(oidc: OidcConfig, text: string, now: number): Promise<Person | Refused> {
  const algorithm = oidc.algorithms.find(allowed => readToken(text, allowed) !== null)
  if (algorithm === undefined) return refuse('signature_malformed')
  const scheme = compileTokens(oidc, algorithm)
  const rawHeaders = ['authorization', `Bearer ${text}`]
  const verified = await scheme.verify({ method: 'GET', query: '', rawHeaders, body: Buffer.alloc(0) }, [], now)
  if (!verified.ok) return verified
  // only now: until here nothing of it could be believed
  return readPerson(oidc, decodeProtectedHeader(text).typ, decodeJwt(text))
}

function compileTokens({ issuer, audiences, jwksUri }: OidcConfig, algorithm: JwtAlgorithm): AsyncScheme {
  const definition: JwtDefinition = {
    kind: 'jwt',
    algorithm,
    issuer,
    audience: [...audiences],
    jwks: jwksUri ?? issuer,
    header: 'authorization',
    word: 'Bearer',
    lifetime: 'exp',
  }
  return compileJwt(definition, { openKeySet: jwksUri === null ? openKeysOfIssuer : openKeySet })
}

function readPerson({ claim, roles, subject }: OidcConfig, type: unknown, claims: unknown): Person | Refused {
  const isOurs =
    type === undefined || (typeof type === 'string' && TYPES.has(type.toLowerCase().replace(/^application\//, '')))
  const who = pickOwn(claims, [subject])
  if (!isOurs || typeof who !== 'string' || !SUBJECT.test(who)) return refuse('claims_mismatch')
  const said = pickOwn(claims, claim.startsWith('/') ? splitPointer(claim) : [claim])
  const granted = (Array.isArray(said) ? said : [said]).flatMap(value => roles.get(value) ?? [])
  const role = granted.reduce<AdminRole | null>(
    (highest, role) => (highest === null || isAllowed(role, highest) ? role : highest),
    null,
  )
  return { ok: true, name: `oidc:${who}`, role }
}
