import { z } from 'zod'
import { KEY_PAIR_ALGORITHMS } from '../verify/jwt-settings.ts'

/** A shared secret is none of the algorithms: it would let the bridge sign too. */
const ALGORITHMS = z.enum(KEY_PAIR_ALGORITHMS, { error: `one of ${KEY_PAIR_ALGORITHMS.join(', ')}` })
const ALGORITHMS_DEFAULT: readonly z.output<typeof ALGORITHMS>[] = ['RS256', 'ES256', 'PS256', 'EdDSA']

/** The roles of admin keys. */
export const ROLES = ['viewer', 'operator', 'admin'] as const
export const ROLE = '"viewer", "operator" or "admin"'

const LIST_MAX = 10
const ROLES_MAX = 100
const url = (what: string) => z.string({ error: what }).min(1, { error: what }).max(512, { error: what })
const AUDIENCE = 'whom the tokens are made out to: a text, or a list of at most ten'
const audience = z.string({ error: AUDIENCE }).min(1, { error: AUDIENCE }).max(512, { error: AUDIENCE })
const CLAIM = 'the name of a claim, or a JSON pointer such as "/realm_access/roles"'
const ROLE_MAP = 'an object of values of the claim and the role of each: at least one, at most 100'
const SUBJECT = 'the name of a claim'

/** `admin.oidc` of `bridge.json`; src/config/read-oidc.ts looks at what a schema cannot say. */
export const oidcSchema = z.strictObject(
  {
    issuer: url('the issuer of the tokens, an https URL').describe('Who signs people in: its "iss", letter by letter'),
    audience: z
      .union([audience, z.array(audience).min(1, { error: AUDIENCE }).max(LIST_MAX, { error: AUDIENCE })], {
        error: AUDIENCE,
      })
      .describe('Whom the tokens are made out to: the name of this bridge at the issuer'),
    jwksUri: url('an https URL')
      .optional()
      .describe('Where the keys are; left out = as <issuer>/.well-known/openid-configuration says'),
    algorithms: z
      .array(ALGORITHMS, {
        error: 'a list of algorithms',
      })
      .min(1, { error: 'at least one algorithm' })
      .max(LIST_MAX, { error: `at most ${LIST_MAX} algorithms` })
      .default([...ALGORITHMS_DEFAULT])
      .describe('What tokens may be signed with'),
    claim: z
      .string({ error: CLAIM })
      .regex(/^[\x21-\x7e]{1,256}$/, { error: CLAIM })
      .default('roles')
      .describe('Where a token says the roles or groups of a person: a claim, or a JSON pointer into the claims'),
    roles: z
      .record(z.string().min(1).max(256), z.enum(ROLES, { error: ROLE }), { error: ROLE_MAP })
      .refine(roles => Object.keys(roles).length > 0 && Object.keys(roles).length <= ROLES_MAX, { error: ROLE_MAP })
      .describe('The role here for a value of the claim; whoever has none of them is not let in'),
    subject: z
      .string({ error: SUBJECT })
      .regex(/^[A-Za-z0-9_.:/-]{1,128}$/, { error: SUBJECT })
      .default('sub')
      .describe('The claim that names a person in the audit: one that never changes and is never given to another'),
  },
  { error: '{ "issuer", "audience", "roles" }' },
)
