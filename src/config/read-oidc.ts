import type { JwtAlgorithm } from '../verify/jwt-settings.ts'
import type { BridgeFile } from './bridge-schema.ts'
import { isTokenSafe } from './is-token-safe.ts'
import type { ConfigFinding } from './problem.ts'
import type { AdminRole } from './read-admin.ts'

/** Whose tokens let people into `/api`, and what each person may do. */
export interface OidcConfig {
  /** As tokens say it, letter by letter. */
  issuer: string
  audiences: readonly string[]
  /** Null = the issuer's discovery document says it. */
  jwksUri: string | null
  algorithms: readonly JwtAlgorithm[]
  /** The place in the claims that holds a person's roles or groups at the issuer, as a JSON pointer or one name. */
  claim: string
  roles: ReadonlyMap<string, AdminRole>
  /** The claim that names the person. */
  subject: string
}

/** Claims of OpenID Connect (Core 5.1) that people may change, or that may pass on to somebody else (5.7). */
const CHANGEABLE: ReadonlySet<string> = new Set([
  'name',
  'given_name',
  'family_name',
  'middle_name',
  'nickname',
  'preferred_username',
  'email',
  'phone_number',
  'upn',
  'unique_name',
])
const URL_EXPECTED = 'an https URL without a user, query or fragment (http only for this machine)'

/** Reads `admin.oidc`; null where only keys let anybody in. */
export function readOidc({ admin }: Pick<BridgeFile, 'admin'>): { oidc: OidcConfig | null; findings: ConfigFinding[] } {
  const { oidc } = admin
  if (oidc === undefined) return { oidc: null, findings: [] }
  const { issuer, audience, jwksUri = null, algorithms, claim, roles, subject } = oidc
  const findings = [
    ...findUrlProblems('/admin/oidc/issuer', issuer),
    ...(jwksUri === null ? [] : findUrlProblems('/admin/oidc/jwksUri', jwksUri)),
  ]
  if (CHANGEABLE.has(subject))
    findings.push({
      pointer: '/admin/oidc/subject',
      expected: 'a claim that always means the same person, such as "sub"',
      found: `"${subject}", which may change or pass on to another`,
    })
  const audiences = Array.isArray(audience) ? audience : [audience]
  const read = { issuer, audiences, jwksUri, algorithms, claim, roles: new Map(Object.entries(roles)), subject }
  return { oidc: findings.length === 0 ? read : null, findings }
}

/** What is found is repeated only where no password can stand in it. */
function findUrlProblems(pointer: string, text: string): ConfigFinding[] {
  const url = URL.parse(text)
  if (url !== null && isTokenSafe(url) && url.username === '' && url.password === '' && !/[?#]/.test(text)) return []
  const isHarmless = url !== null && url.username === '' && url.password === '' && url.search === ''
  return [{ pointer, expected: URL_EXPECTED, found: isHarmless ? `"${text}"` : 'another text' }]
}
