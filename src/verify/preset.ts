import { readdirSync, readFileSync } from 'node:fs'
import { z } from 'zod'
import { HandshakeDefinition } from './handshake-definition.ts'
import { SchemeDefinition } from './scheme-definition.ts'

const FOLDER = new URL('./presets/', import.meta.url)
const NAME = /^[a-z0-9][a-z0-9_-]{0,63}$/
const expression = z.string().regex(/^\$\{.+\}$/s)

/** What is known of a sender: how it signs, and how its deliveries are taken. One JSON file each in `presets/`. */
export const Preset = z.strictObject({
  name: z.string().regex(NAME),
  description: z.string(),
  scheme: SchemeDefinition,
  methods: z.array(z.enum(['GET', 'POST', 'PUT', 'PATCH'])).min(1),
  contentTypes: z
    .array(z.string().regex(/^(\*|[a-z0-9.+-]+\/([a-z0-9.+-]+|\*\+[a-z0-9]+))$/))
    .min(1)
    .describe('Media types taken; "*" = any, "application/*+json" = any with that suffix'),
  form: z
    .enum(['payload-field', 'fields'])
    .nullable()
    .describe('What a form body means: JSON in its field "payload", or an object of its fields'),
  bodyBytesMax: z.int().positive().optional(),
  idempotencyKey: expression.nullable().describe('CEL over headers, query, payload; giving null = no key came'),
  idSigned: z
    .boolean()
    .nullable()
    .describe('Whether the signature covers what the idempotency key is made of; null = no key comes'),
  eventType: expression.nullable().describe('CEL over headers, query, payload; null = from the URL'),
  ping: z
    .strictObject({ header: z.string(), equals: z.array(z.string()).min(1) })
    .optional()
    .describe('A test delivery, told by a header'),
  deliveryHeaders: z
    .record(z.string(), z.string())
    .optional()
    .describe(
      'Headers a test delivery carries beside its signature; ${type}, ${event} (its first segment) and ${id} are filled in',
    ),
  handshakes: z.array(HandshakeDefinition).optional().describe('Set-up requests that are answered and are no events'),
  capture: z
    .strictObject({
      handshake: HandshakeDefinition.describe('The request that brings the secret, as its value "secret"'),
      shown: z.boolean().describe('Whether the person who sets the sender up must see the secret'),
    })
    .optional()
    .describe('The sender chooses the secret and hands it out when it is set up, unsigned'),
  limits: z.strictObject({
    replyWithinMs: z.int().positive().nullable().describe('How long the sender waits for the answer; null = not known'),
    retries: z.string().describe('What the sender does when it gets no 2xx, in one sentence'),
  }),
  requires: z
    .array(
      z.enum([
        'url',
        'webhookId',
        'topicArns',
        'allowSha1',
        'allowQueryToken',
        'verifyToken',
        'audience',
        'claims',
        'issuer',
      ]),
    )
    .default([])
    .describe('What a source of this sender must say beside its secrets'),
  duplicateStatus: z.literal(200),
  identicalBodiesWindowMs: z
    .int()
    .positive()
    .nullable()
    .describe('How long identical bodies without a key are one event; null = for ever'),
  conflictStatus: z.literal([200, 422]).describe('Answer to the same key with another body'),
  bindsBody: z.boolean().describe('Whether a changed body is noticed'),
  source: z.url().describe('Where the facts come from'),
  sure: z.string().describe('How they were checked, and when'),
  setup: z.string().describe('How the sender is set up'),
})

export type Preset = z.infer<typeof Preset>

const loaded = new Map<string, Preset>()

/** Loads the preset of a sender, or null when there is none of that name. Throws where its file is not a preset, which is our bug. */
export function loadPreset(name: string): Preset | null {
  if (!NAME.test(name)) return null
  const known = loaded.get(name)
  if (known !== undefined) return known
  if (!listPresets().includes(name)) return null
  const preset = Preset.parse(JSON.parse(readFileSync(new URL(`${name}.json`, FOLDER), 'utf8')))
  const { scheme } = preset
  if (scheme.kind === 'hmac' || scheme.kind === 'digest' || scheme.kind === 'asymmetric') scheme.preset = true
  loaded.set(name, preset)
  return preset
}

let names: readonly string[] | null = null

/** Lists the senders there is a preset for, sorted. */
export function listPresets(): readonly string[] {
  names ??= readdirSync(FOLDER)
    .filter(file => file.endsWith('.json'))
    .map(file => file.slice(0, -'.json'.length))
    .sort()
  return names
}
