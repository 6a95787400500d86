import { z } from 'zod'
import { SCHEME_KEYS } from '../verify/definition-from-source.ts'
import { makeAlertsSchema } from './alerts-schema.ts'
import { oidcSchema, ROLE, ROLES } from './oidc-schema.ts'
import { parseDuration } from './parse-duration.ts'

/** Names of sources, integrations and mappings (interface.md 2). */
export const NAME_PATTERN = /^[a-z0-9][a-z0-9_-]{0,63}$/

const duration = z
  .string({ error: 'a duration such as "250ms", "30s", "5m", "12h" or "180d"' })
  .refine(text => (parseDuration(text) ?? 0) > 0, { error: 'a duration such as "250ms", "30s", "5m", "12h" or "180d"' })
  .meta({ pattern: '^[1-9][0-9]*(ms|s|m|h|d)$' })
const text = z
  .string({ error: 'text' })
  .min(1, { error: 'text that is not empty' })
  .max(500, { error: 'text of at most 500 characters' })
const count = (max: number) =>
  z
    .int({ error: `a whole number from 1 to ${max}` })
    .min(1, { error: `a whole number from 1 to ${max}` })
    .max(max, { error: `a whole number from 1 to ${max}` })

const REFERENCE = 'a reference: "env:NAME" or "file:/path", never the secret itself'
/** Where a secret is to be found; the secret itself never stands in the file. */
export const secretReference = z
  .string({ error: REFERENCE })
  .regex(/^(env:[A-Za-z_][A-Za-z0-9_]*|file:.+)$/, { error: REFERENCE })

const SEALABLE = 'a reference: "env:NAME", "file:/path" or "sealed:NAME", never the secret itself'
/** The same, for secrets that may also be sealed in the store. */
const sealableReference = z
  .string({ error: SEALABLE })
  .regex(/^(env:[A-Za-z_][A-Za-z0-9_]*|file:.+|sealed:[a-z0-9][a-z0-9_-]{0,63})$/, { error: SEALABLE })

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

const rateLimit = z.strictObject({
  perMinute: count(1_000_000).optional().describe('Requests in any 60 seconds, at most'),
  perDay: count(100_000_000).optional().describe('Requests in any 24 hours, at most'),
})

/** How long waits between attempts grow: full jitter below base × 2^n, never above the cap. */
const backoff = z.strictObject({ base: duration.default('2s'), cap: duration.default('1h') })

const CIRCUIT_BREAKER = 'an object, or false to switch it off'
const RATIO = 'a number above 0 up to 1'
/** Stops claiming for a while where the API fails: it is asked by one job at a time until it answers again. */
const circuitBreaker = z.strictObject({
  failureRatio: z
    .number({ error: RATIO })
    .gt(0, { error: RATIO })
    .max(1, { error: RATIO })
    .default(0.8)
    .describe('Share of failed attempts from which on nothing more is claimed'),
  attempts: count(1_000).default(20).describe('How many of the last attempts are looked at'),
  window: duration.default('1m').describe('Older attempts do not count'),
  open: duration.default('10s').describe('Wait before one job tries again'),
})

export const integrationSchema = z.strictObject({
  $comment: z.string().optional(),
  token: sealableReference.describe('The API token, as a reference'),
  purpose: text.optional(),
  owner: text.optional(),
  rotateAfter: duration.optional().describe('Age from which on the token is said to be due for rotation'),
  rateLimit: rateLimit.optional().describe('Hard caps; left out = none'),
  concurrency: count(256).default(4).describe('Requests under way at once, at most'),
  attempts: count(100).optional().describe('Overrides limits.attempts'),
  backoff: backoff.optional(),
  circuitBreaker: z
    .union([z.literal(false), circuitBreaker], { error: CIRCUIT_BREAKER })
    .prefault({})
    .describe('Stops claiming while the API fails; false = off'),
})

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
const reconcile = z.strictObject(
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
  reconcile: reconcile.optional().describe('Where to ask what the sender could not deliver (`reconcile <source>`)'),
  ...schemeSettings,
})

const names = z
  .string()
  .regex(NAME_PATTERN, { error: 'a name of lower-case letters, digits, "-" and "_", at most 64 characters' })

const listen = z.strictObject({
  host: text.default('127.0.0.1'),
  port: z
    .int({ error: 'a port from 0 to 65535' })
    .min(0, { error: 'a port from 0 to 65535' })
    .max(65_535, { error: 'a port from 0 to 65535' })
    .default(8787),
  publicUrl: z.url({ protocol: /^https?$/, error: 'an http(s) URL' }).optional(),
  trustedProxies: z
    .array(z.union([z.cidrv4(), z.cidrv6(), z.ipv4(), z.ipv6()], { error: 'an address or a CIDR range' }))
    .default([]),
})

const retention = z.strictObject({
  payload: duration.default('30d'),
  event: duration.default('90d'),
  idempotencyKey: duration.default('30d'),
  audit: duration.default('400d'),
})

const audit = z.strictObject({
  key: secretReference
    .optional()
    .describe(
      'The key that signs the audit, 32 bytes in base64url; left out = a file beside the database, made at first start',
    ),
})

const limits = z.strictObject({
  bodyBytes: count(104_857_600)
    .default(1_048_576)
    .describe('Largest body in bytes, where the source says nothing else'),
  jsonDepth: count(1_000).default(64),
  backlogJobs: count(100_000_000).default(1_000_000).describe('Open jobs above which deliveries are answered 503'),
  attempts: count(100).default(12),
  jobsPerEvent: count(10_000).default(100),
  requestTimeout: duration.default('30s').describe('Total time of one request to the API'),
  responseBytes: count(104_857_600).default(1_048_576).describe('Largest answer of the API, decompressed'),
  settle: duration.default('30s').describe('Wait before the API is asked whether a write without an answer arrived'),
  failedAuthPerMinute: count(1_000_000)
    .default(60)
    .describe('Refused deliveries of one address in a minute, before 429'),
  apiPerMinute: count(1_000_000).default(6_000).describe('Requests to /api with one admin key in a minute, before 429'),
  diskFreeBytes: z
    .int({ error: 'a number of bytes' })
    .min(0, { error: 'a number of bytes' })
    .max(1e15, { error: 'a number of bytes' })
    .default(134_217_728)
    .describe('Free disk space below which nothing is recorded'),
})

const alerts = makeAlertsSchema(duration.default('10m'), count(100_000_000).default(1_000), secretReference)
const metrics = z.strictObject({
  public: z.boolean({ error: 'true or false' }).default(false).describe('Whether GET /metrics needs no admin key'),
})
const tracing = z.strictObject({
  propagate: z
    .boolean({ error: 'true or false' })
    .default(false)
    .describe('Take the traceparent of a delivery, and send one of the same trace to the API'),
})
const search = z.strictObject({
  payloads: z
    .boolean({ error: 'true or false' })
    .default(false)
    .describe('Whether events are found by the words in their payloads (q): those that come from then on'),
})

/** `bridge.json`, as people write it (interface.md 2). The JSON Schema for editors is made from this. */
export const bridgeSchema = z.strictObject({
  $schema: z.string().optional(),
  $comment: z.string().optional(),
  listen: listen.prefault({}),
  store: z
    .string({ error: '"sqlite:<path of the database file>"' })
    .regex(/^sqlite:.+$/, { error: '"sqlite:<path of the database file>"' })
    .default('sqlite:data/bridge.db'),
  mappings: text.default('mappings'),
  pixelesq: z
    .strictObject({
      endpoint: z.url({ protocol: /^https?$/, error: 'an http(s) URL' }).default('https://api.pixelesq.com/graphql'),
      schema: text.optional(),
    })
    .prefault({}),
  constants: z.record(z.string(), z.json({ error: 'a JSON value' }), { error: 'an object of JSON values' }).default({}),
  integrations: z.record(names, integrationSchema, { error: 'an object of integrations by name' }).default({}),
  sources: z.record(names, sourceSchema, { error: 'an object of sources by name' }).default({}),
  admin: z
    .strictObject({
      keys: z
        .array(
          z.strictObject({
            name: names,
            role: z.enum(ROLES, { error: ROLE }),
            key: secretReference,
          }),
        )
        .default([]),
      oidc: oidcSchema
        .optional()
        .describe('Lets people in by tokens of an issuer (OpenID Connect); left out = only keys'),
    })
    .prefault({}),
  retention: retention.prefault({}),
  audit: audit.prefault({}),
  limits: limits.prefault({}),
  alerts: alerts.optional().describe('Left out = nobody is told'),
  metrics: metrics.prefault({}),
  tracing: tracing.prefault({}),
  search: search.prefault({}),
})

export type BridgeFile = z.infer<typeof bridgeSchema>
export type SourceFile = z.infer<typeof sourceSchema>
export type MemberFile = z.infer<typeof memberSchema>
export type ReconcileFile = z.infer<typeof reconcile>

/** The keys an object of the file may have, by its JSON pointer; empty where any are free. */
export function knownKeysAt(pointer: string): readonly string[] {
  const [, section, , rest] = pointer.split('/')
  if (section === undefined) return Object.keys(bridgeSchema.shape)
  if (section === 'integrations')
    return rest === undefined
      ? Object.keys(integrationSchema.shape)
      : rest === 'rateLimit'
        ? Object.keys(rateLimit.shape)
        : Object.keys(rest === 'circuitBreaker' ? circuitBreaker.shape : backoff.shape)
  if (section === 'sources') {
    if (rest === 'reconcile') return Object.keys(reconcile.shape)
    return rest === undefined ? Object.keys(sourceSchema.shape) : ['ref', 'expires']
  }
  if (section === 'alerts')
    return rest === undefined && pointer === '/alerts' ? Object.keys(alerts.shape) : ['url', 'secret']
  if (pointer === '/admin/oidc') return Object.keys(oidcSchema.shape)
  const sections: Record<string, readonly string[]> = {
    metrics: Object.keys(metrics.shape),
    tracing: Object.keys(tracing.shape),
    search: Object.keys(search.shape),
    listen: Object.keys(listen.shape),
    retention: Object.keys(retention.shape),
    audit: Object.keys(audit.shape),
    limits: Object.keys(limits.shape),
    pixelesq: ['endpoint', 'schema'],
    admin: ['keys', 'oidc'],
  }
  return sections[section] ?? []
}

/** The JSON Schema that editors complete `bridge.json` from; `schema/bridge.schema.json` holds it. */
export function bridgeJsonSchema(): Record<string, unknown> {
  return {
    // draft 7, the newest one that the editors' JSON services support in full
    ...z.toJSONSchema(bridgeSchema, { target: 'draft-7', io: 'input', unrepresentable: 'any' }),
    title: 'Pixelesq Bridge configuration',
  }
}

/** The text of `schema/bridge.schema.json`. */
export function bridgeJsonSchemaText(): string {
  return `${JSON.stringify(bridgeJsonSchema(), null, 2)}\n`
}
