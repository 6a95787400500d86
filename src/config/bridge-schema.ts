import { z } from 'zod'
import { alertsSchema } from './alerts-schema.ts'
import { backoffSchema, circuitBreakerSchema, integrationSchema, rateLimitSchema } from './integration-schema.ts'
import { oidcSchema, ROLE, ROLES } from './oidc-schema.ts'
import { reconcileSchema, sourceSchema } from './source-schema.ts'
import { count, duration, entryName, secretReference, text } from './value-schemas.ts'

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
  integrations: z.record(entryName, integrationSchema, { error: 'an object of integrations by name' }).default({}),
  sources: z.record(entryName, sourceSchema, { error: 'an object of sources by name' }).default({}),
  admin: z
    .strictObject({
      keys: z
        .array(
          z.strictObject({
            name: entryName,
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
  alerts: alertsSchema.optional().describe('Left out = nobody is told'),
  metrics: metrics.prefault({}),
  tracing: tracing.prefault({}),
  search: search.prefault({}),
})

export type BridgeFile = z.infer<typeof bridgeSchema>

/** The keys an object of the file may have, by its JSON pointer; empty where any are free. */
export function knownKeysAt(pointer: string): readonly string[] {
  const [, section, , rest] = pointer.split('/')
  if (section === undefined) return Object.keys(bridgeSchema.shape)
  if (section === 'integrations')
    return rest === undefined
      ? Object.keys(integrationSchema.shape)
      : rest === 'rateLimit'
        ? Object.keys(rateLimitSchema.shape)
        : Object.keys(rest === 'circuitBreaker' ? circuitBreakerSchema.shape : backoffSchema.shape)
  if (section === 'sources') {
    if (rest === 'reconcile') return Object.keys(reconcileSchema.shape)
    return rest === undefined ? Object.keys(sourceSchema.shape) : ['ref', 'expires']
  }
  if (section === 'alerts')
    return rest === undefined && pointer === '/alerts' ? Object.keys(alertsSchema.shape) : ['url', 'secret']
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
