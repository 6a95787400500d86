import { createHmac, hash, sign } from 'node:crypto'
import { BridgeError } from '../errors.ts'
import type { JwtAlgorithm } from './jwt-settings.ts'
import { isBlank } from './match-secrets.ts'
import { makeMessageId } from './message-id.ts'
import { bindRequest, boundAudiences, type JwtPlan } from './plan-jwt.ts'
import { readSigningKey } from './public-key.ts'
import type { Signable, SignedDelivery } from './scheme.ts'

/** How long a token of a test delivery counts. */
const LIFETIME_SEC = 300

/** Writes the token a genuine issuer would, of the first issuer, audience and value of each claim. */
export function signToken(plan: JwtPlan, delivery: Signable, secret: string, now: number): Record<string, string> {
  const { definition, algorithm } = plan
  const { bodyClaim, lifetime, word } = definition
  const nowSec = Math.floor(now / 1_000)
  const bound = bindRequest(plan, { method: delivery.method ?? 'POST', query: plan.place?.query ?? '' }) ?? plan
  const audience = boundAudiences(plan, delivery.body)[0]
  const claims = {
    iss: plan.issuers[0],
    ...(audience !== undefined && { aud: audience }),
    ...(lifetime !== 'none' && { iat: nowSec, jti: delivery.id ?? makeMessageId(delivery.body, now) }),
    ...(lifetime === 'exp' && { nbf: nowSec, exp: nowSec + LIFETIME_SEC }),
    ...Object.fromEntries(bound.claims.map(([name, values]) => [name, values[0]])),
    ...(bodyClaim !== undefined && bodyClaim !== 'aud' && { [bodyClaim]: hash('sha256', delivery.body, 'hex') }),
  }
  const content = `${encode({ alg: algorithm, typ: 'JWT' })}.${encode(claims)}`
  const token = `${content}.${signContent(content, algorithm, secret).toString('base64url')}`
  return { [plan.header]: word === '' ? token : `${word} ${token}` }
}

/** The same for a token that vouches for the request: it goes to the URL of the source, with the query that stands there. */
export function signRequestToken(plan: JwtPlan, delivery: Signable, secret: string, now: number): SignedDelivery {
  const query = plan.place?.query ?? ''
  return { headers: signToken(plan, delivery, secret, now), body: delivery.body, query }
}

function encode(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}

function signContent(content: string, algorithm: JwtAlgorithm, secret: string): Buffer {
  const digest = `sha${algorithm.slice(2)}`
  if (algorithm.startsWith('HS')) {
    if (isBlank(secret)) throw new BridgeError('config_invalid', 'the secret is empty')
    return createHmac(digest, secret).update(content).digest()
  }
  const key = readSigningKey(secret)
  if (key === null)
    throw new BridgeError('config_invalid', `signing needs the issuer's private key (PEM, ${algorithm})`)
  const data = Buffer.from(content)
  if (algorithm === 'EdDSA') return sign(null, data, key)
  if (algorithm.startsWith('ES')) return sign(digest, data, { key, dsaEncoding: 'ieee-p1363' })
  // padding 6 = PSS, 1 = PKCS #1 v1.5; the salt of PSS is as long as the digest (RFC 7518 3.5)
  return algorithm.startsWith('PS')
    ? sign(digest, data, { key, padding: 6, saltLength: Number(algorithm.slice(2)) / 8 })
    : sign(digest, data, key)
}
