import { JWT_KEYS, jwtSettings, jwtShape } from './jwt-settings.ts'
import { SKEW_MAX_MS } from './plan-jwt.ts'
import type { SchemeSettings } from './scheme.ts'
import { JwtDefinition } from './scheme-definition.ts'
import { describeFound, problemsFromZod, type SchemeProblem } from './scheme-problem.ts'

type SourceObject = Readonly<Record<string, unknown>>
type ReadJwt = { ok: true; definition: JwtDefinition } | { ok: false; problems: SchemeProblem[] }

/** Reads the tokens of a source: of its own description (`preset` null), or of a sender's with what the source adds. */
export function readJwt(preset: JwtDefinition | null, source: SourceObject): ReadJwt {
  const keys = preset === null ? Object.keys(jwtShape) : JWT_KEYS
  const given = Object.fromEntries(keys.filter(key => source[key] !== undefined).map(key => [key, source[key]]))
  const own = (preset === null ? jwtSettings : jwtSettings.partial()).safeParse(given)
  if (!own.success) return { ok: false, problems: problemsFromZod(own.error, given) }
  const { jwks: standard, ...rest } = preset ?? {}
  // Keys that the source holds take the place of those that are published.
  const jwks = own.data.jwks ?? (source.secrets === undefined ? standard : undefined)
  const claims = { ...preset?.claims, ...own.data.claims }
  const definition = {
    ...rest,
    ...own.data,
    ...(Object.keys(claims).length > 0 && { claims }),
    ...(jwks !== undefined && { jwks }),
    ...(preset !== null && { header: preset.header, algorithm: preset.algorithm }),
    kind: 'jwt',
  }
  const issuer = 'issuer' in definition ? definition.issuer : undefined
  const found = jwks?.includes('${issuer}') === true ? fillIssuer(jwks, issuer) : null
  if (found !== null && !found.ok) return found
  const parsed = JwtDefinition.safeParse(found === null ? definition : { ...definition, jwks: found.jwks })
  if (!parsed.success) return { ok: false, problems: problemsFromZod(parsed.error, definition) }
  const problems = findKeyProblems(parsed.data, source)
  return problems.length > 0 ? { ok: false, problems } : { ok: true, definition: parsed.data }
}

/** The keys stand below the issuer that the source names, never below one that a token names. */
function fillIssuer(
  template: string,
  issuer: unknown,
): { ok: true; jwks: string } | { ok: false; problems: SchemeProblem[] } {
  const jwks = typeof issuer === 'string' ? template.replace('${issuer}', issuer.replace(/\/$/, '')) : ''
  if (typeof issuer === 'string' && jwtShape.jwks.safeParse(jwks).success) return { ok: true, jwks }
  const expected = 'one https URL, because the keys are published below it (or say jwks)'
  return { ok: false, problems: [{ pointer: '/issuer', expected, found: describeFound(issuer) }] }
}

function findKeyProblems(
  { algorithm, jwks, issuer, requestClaim }: JwtDefinition,
  source: SourceObject,
): SchemeProblem[] {
  if (requestClaim !== undefined && Array.isArray(issuer)) {
    // with the secret of one installation, another's events could be made
    const expected = 'one issuer: every installation has a secret of its own, and needs a source of its own'
    return [{ pointer: '/issuer', expected, found: describeFound(issuer) }]
  }
  if (jwks === undefined) return []
  if (algorithm.startsWith('HS'))
    return [{ pointer: '/jwks', expected: `no jwks: ${algorithm} takes a shared secret`, found: describeFound(jwks) }]
  if (source.secrets === undefined) return []
  return [{ pointer: '/secrets', expected: 'no secrets beside jwks: the keys are found there', found: 'some' }]
}

/** A token that has ended counts no more, whatever a source says; and clocks do not go that wrong. */
export function findToleranceProblem(
  { lifetime }: JwtDefinition,
  { toleranceMs }: SchemeSettings,
  found: unknown,
): SchemeProblem[] {
  if (lifetime !== 'exp' || toleranceMs === undefined) return []
  if (toleranceMs !== null && toleranceMs <= SKEW_MAX_MS) return []
  const expected = `a duration of at most ${SKEW_MAX_MS / 60_000}m: how far the clocks may be apart`
  return [{ pointer: '/tolerance', expected, found: describeFound(found) }]
}

/** Keys of a source that mean something to its tokens. */
export function jwtKeysMeant({ algorithm, lifetime }: JwtDefinition, generic: boolean): readonly string[] {
  const tolerance = lifetime === 'none' ? [] : ['tolerance']
  if (generic) return [...Object.keys(jwtShape), ...tolerance]
  return [...(algorithm.startsWith('HS') ? ['claims'] : JWT_KEYS), ...tolerance]
}
