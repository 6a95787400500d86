import type { AskedIssuer } from '../source/ask-issuer.ts'
import { type Check, failed, ok } from './check.ts'

/** Can the tokens of people be checked? Pure. */
export function checkIssuer({ jwksUri }: { jwksUri: string | null }, asked: AskedIssuer): Check {
  if (asked.ok) return ok('issuer', asked.message)
  const place = jwksUri === null ? 'admin.oidc.issuer' : 'admin.oidc.jwksUri'
  return failed('issuer', asked.message, `see ${place}; until then people are let in by admin keys only`)
}
