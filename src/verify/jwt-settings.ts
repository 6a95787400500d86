import { z } from 'zod'
import { headerName } from './signed-settings.ts'

/** Algorithms of RFC 7518 and 8037 whose signatures only the holder of a private key can make. */
export const KEY_PAIR_ALGORITHMS = [
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
] as const
/** Algorithms that a definition may name. `none` is no member, and neither is anything a token says. */
export const JWT_ALGORITHMS = ['HS256', 'HS384', 'HS512', ...KEY_PAIR_ALGORITHMS] as const
export type JwtAlgorithm = (typeof JWT_ALGORITHMS)[number]

const VALUES_MAX = 10
const text = (what: string) => z.string({ error: what }).min(1, { error: what }).max(512, { error: what })
const oneOrMore = (what: string) =>
  z.union([text(what), z.array(text(what)).min(1, { error: what }).max(VALUES_MAX, { error: what })], { error: what })

const CLAIM = 'a text, a whole number, true, false, or a list of at most ten of them'
const scalar = z.union([text(CLAIM), z.int({ error: CLAIM }), z.boolean({ error: CLAIM })], { error: CLAIM })
const claimName = z.string().regex(/^[A-Za-z0-9_.:/-]{1,128}$/, { error: 'the name of a claim' })
/** Claims that have a setting, or a check, of their own. */
const OWN_CLAIMS: ReadonlySet<string> = new Set(['iss', 'aud', 'exp', 'nbf', 'iat'])

/** How the token proves the body: the name of a claim that holds its SHA-256 in hex, or `aud`. */
const bodyClaim = z
  .string({ error: 'the name of a claim' })
  .regex(/^[A-Za-z0-9_.:/-]{1,128}$/, { error: 'the name of a claim' })
  .refine(name => name === 'aud' || !OWN_CLAIMS.has(name), { error: 'the name of a claim that may hold a hash' })

/** What a source says of its tokens (interface.md 2). */
export const jwtShape = {
  algorithm: z.enum(JWT_ALGORITHMS, { error: `one of ${JWT_ALGORITHMS.join(', ')}` }),
  issuer: oneOrMore('the issuer of the tokens, or a list of at most ten').optional(),
  audience: oneOrMore('the audience that the tokens are made out to, or a list of at most ten').optional(),
  claims: z
    .record(claimName, z.union([scalar, z.array(scalar).min(1, { error: CLAIM }).max(VALUES_MAX, { error: CLAIM })]), {
      error: 'an object of claims and the values they must have',
    })
    .refine(claims => Object.keys(claims).length > 0, { error: 'at least one claim and its value' })
    .refine(claims => !Object.keys(claims).some(name => OWN_CLAIMS.has(name)), {
      error: 'other claims than iss, aud, exp, nbf and iat, which are checked anyway',
    })
    .optional(),
  jwks: z
    .string({ error: 'an https URL, or file:/path' })
    .max(2_048, { error: 'an https URL, or file:/path' })
    .refine(isKeyPlace, { error: 'an https URL (http only for this machine), or file:/path' })
    .optional(),
  header: headerName.default('authorization'),
  bodyClaim: bodyClaim.optional(),
  oneTime: z
    .boolean({ error: 'true or false' })
    .optional()
    .describe('Every token counts once: its jti is the idempotency key'),
} as const

/** The keys of a source that only tokens have. */
export const JWT_KEYS = ['issuer', 'audience', 'claims', 'jwks', 'bodyClaim', 'oneTime'] as const

/** The settings of a source of the kind `jwt`: who wrote the token, and for whom, must be said. */
export const jwtSettings = z.strictObject({
  ...jwtShape,
  issuer: jwtShape.issuer.unwrap(),
  audience: jwtShape.audience.unwrap(),
})

/** Whether a text says where keys are. Plain http is taken from the loopback address only: nobody stands in between. */
function isKeyPlace(text: string): boolean {
  if (text.startsWith('file:')) return text.length > 'file:'.length
  const url = text.replace('${issuer}', 'https://issuer.example')
  if (!URL.canParse(url)) return false
  const { protocol, hostname, username, password } = new URL(url)
  if (username !== '' || password !== '') return false
  return protocol === 'https:' || (protocol === 'http:' && ['127.0.0.1', '[::1]', 'localhost'].includes(hostname))
}
