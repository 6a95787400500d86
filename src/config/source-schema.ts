import { z } from 'zod'
import { SCHEME_KEYS } from '../verify/definition-from-source.ts'
import { count, SEALABLE, sealableReference, secretReference, text } from './value-schemas.ts'

const sourceSecret = z.union(
  [
    sealableReference,
    z.strictObject({
      ref: sealableReference,
      expires: z.iso
        .datetime({ offset: true, error: 'an instant such as "2026-12-31T00:00:00Z"' })
        .describe('From then on the secret no longer counts'),
    }),
  ],
  { error: `${SEALABLE}, or { "ref", "expires" }` },
)

/** Settings of a scheme are read by the scheme itself (src/verify); here they only have to be known keys. */
const schemeSettings = {
  ...Object.fromEntries(SCHEME_KEYS.map(key => [key, z.unknown().optional()])),
  unsigned: z.boolean({ error: 'true or false' }).optional().describe('Must be true for the scheme "none"'),
  tolerance: z.unknown().optional().describe('How old a signed timestamp may be, a duration; "off" only explicitly'),
  url: z.unknown().optional().describe('The public URL the sender was given, for schemes that sign it'),
  parameter: z.unknown().optional().describe('Query parameter that carries a static token'),
  allowQueryToken: z.unknown().optional().describe('Must be true where the token stands in the URL'),
  allowSha1: z.unknown().optional().describe('Must be true where RSA signatures with SHA-1 are taken'),
  webhookId: z.unknown().optional().describe('The id of the webhook that the sender signs (paypal)'),
  postback: z
    .unknown()
    .optional()
    .describe('true: PayPal is asked whether a delivery is genuine; or the https URL of its API (paypal)'),
  topicArns: z.unknown().optional().describe('Topics whose messages are taken (aws-sns)'),
  issuer: z.unknown().optional().describe('Who writes the tokens: a text, or a list of them'),
  audience: z.unknown().optional().describe('Whom the tokens are for: a text, or a list of them'),
  claims: z.unknown().optional().describe('Claims of the tokens and the values they must have'),
  jwks: z.unknown().optional().describe('Where the keys of the issuer are: an https URL, or file:/path'),
  bodyClaim: z.unknown().optional().describe('The claim that holds the SHA-256 of the body, or "aud"'),
  components: z.unknown().optional().describe('What must be signed (http-message-signature)'),
  draft: z.unknown().optional().describe('"cavage": the draft before RFC 9421 (http-message-signature)'),
  label: z.unknown().optional().describe('Which signature of a message counts (http-message-signature)'),
  tag: z.unknown().optional().describe('Only a signature with this tag counts (http-message-signature)'),
  oneTime: z.unknown().optional().describe('Every token counts once: its jti is the idempotency key'),
  verifyToken: sealableReference.optional().describe('The token that the sender shows when it is set up (meta)'),
}

const SCHEME = 'the name of a scheme, or { "anyOf": […] } or { "allOf": […] } of schemes with secrets'
const secrets = z
  .array(sourceSecret, { error: 'a list of references, newest first' })
  .max(10, { error: 'at most 10 secrets' })
const memberSchema = z.strictObject({
  scheme: z.string({ error: 'the name of a scheme' }),
  secrets: secrets.optional(),
  allowShortSecret: z.boolean().optional(),
  ...schemeSettings,
})
const members = z
  .array(memberSchema, { error: 'a list of two to four schemes' })
  .min(2, { error: 'two to four schemes' })
  .max(4, { error: 'two to four schemes' })
/** One scheme, or several that are combined. */
const schemeName = z.union([z.string(), z.strictObject({ anyOf: members }), z.strictObject({ allOf: members })], {
  error: ({ input }) => (typeof input === 'object' && input !== null ? SCHEME : 'the name of a scheme'),
})

/** Where the sender is asked what it could not deliver; src/config/read-reconcile.ts reads it. */
export const reconcileSchema = z.strictObject(
  {
    token: secretReference.describe(
      'A token for the API of the sender, as a reference; for a GitHub App its private key',
    ),
    hook: text
      .optional()
      .describe(
        '"repos/<owner>/<name>/hooks/<id>", "orgs/<name>/hooks/<id>", "app", "projects/<id or path>/hooks/<id>" …',
      ),
    endpoint: text.optional().describe('The API, where it is not the public one: an https URL'),
    appId: text.optional().describe('The id of the GitHub App, for the hook "app"'),
    types: z
      .array(z.string({ error: 'an event type' }).regex(/^[a-z0-9_.*]{1,100}$/, { error: 'an event type' }), {
        error: 'a list of event types',
      })
      .min(1, { error: 'at least one event type' })
      .max(20, { error: 'at most 20 event types' })
      .optional()
      .describe('Only these event types (stripe)'),
  },
  { error: '{ "token", "hook" }' },
)

/** An entry of `sources` of `bridge.json`; src/config/read-source.ts looks at what a schema cannot say. */
export const sourceSchema = z.strictObject({
  $comment: z.string().optional(),
  scheme: schemeName,
  secrets: secrets.optional(),
  allowShortSecret: z.boolean({ error: 'true or false' }).optional(),
  capture: z
    .boolean({ error: 'true or false' })
    .optional()
    .describe('The secret is what the sender hands out when it is set up (asana, notion): see "sources capture"'),
  retired: z
    .boolean({ error: 'true or false' })
    .optional()
    .describe('Answers 410: some senders delete their webhook on it'),
  eventType: text.optional().describe('${CEL} over payload, headers, query'),
  idempotencyKey: text.optional().describe('${CEL} over payload, headers, query'),
  replay: z
    .enum(['id', 'content'], { error: '"id" or "content"' })
    .optional()
    .describe('"content": the same signed body under another key is no new event, also where no timestamp is signed'),
  methods: z
    .array(z.enum(['GET', 'POST', 'PUT', 'PATCH'], { error: '"GET", "POST", "PUT" or "PATCH"' }))
    .min(1, { error: 'at least one method' })
    .optional(),
  contentTypes: z
    .array(
      z.string({ error: 'a media type' }).regex(/^(\*|[a-z0-9.+-]+\/([a-z0-9.+-]+|\*\+[a-z0-9]+))$/, {
        error: 'a media type such as "application/json", "application/*+json", or "*"',
      }),
    )
    .min(1, { error: 'at least one media type' })
    .optional(),
  bodyBytes: count(104_857_600).optional().describe('Largest body in bytes'),
  reconcile: reconcileSchema
    .optional()
    .describe('Where to ask what the sender could not deliver (`reconcile <source>`)'),
  ...schemeSettings,
})

export type SourceFile = z.infer<typeof sourceSchema>
export type MemberFile = z.infer<typeof memberSchema>
export type ReconcileFile = z.infer<typeof reconcileSchema>
