import { z } from 'zod'
import { headerName, hmacSettings } from './hmac-settings.ts'

const toleranceMs = z
  .int({ error: 'a whole number of milliseconds' })
  .positive({ error: 'a tolerance above 0' })
  .nullable()
  .optional()
  .describe('How far the signed timestamp may be from now; null = off; default 300000')

/** An HMAC over a template; one definition covers most senders. */
export const HmacDefinition = z.strictObject({ kind: z.literal('hmac'), ...hmacSettings.shape, toleranceMs })

/** Standard Webhooks (github.com/standard-webhooks): v1 with a `whsec_` secret, v1a with a `whpk_` public key. */
export const StandardWebhooksDefinition = z.strictObject({
  kind: z.literal('standard-webhooks'),
  headerPrefixes: z
    .array(z.string().regex(/^[a-z][a-z0-9-]{0,63}$/))
    .min(1)
    .default(['webhook', 'svix']),
  secretEncoding: z
    .enum(['whsec', 'utf8'])
    .default('whsec')
    .describe('utf8: BigCommerce keys with the bare client secret'),
  toleranceMs,
})

/** A static token in `Authorization: Bearer`. */
export const BearerDefinition = z.strictObject({ kind: z.literal('bearer') })

/** A static secret in a named header. */
export const HeaderDefinition = z.strictObject({
  kind: z.literal('header'),
  header: headerName,
  prefix: z.string({ error: 'text' }).max(64, { error: 'text of at most 64 characters' }).default(''),
})

/** HTTP basic authentication; the secret is `user:password`. */
export const BasicDefinition = z.strictObject({ kind: z.literal('basic') })

/** Nothing is checked. */
export const NoneDefinition = z.strictObject({ kind: z.literal('none') })

/**
 * How a sender proves its deliveries, as data. A new kind is one more member here and one more line in `compileScheme`.
 */
export const SchemeDefinition = z.discriminatedUnion('kind', [
  HmacDefinition,
  StandardWebhooksDefinition,
  BearerDefinition,
  HeaderDefinition,
  BasicDefinition,
  NoneDefinition,
])

export type HmacDefinition = z.infer<typeof HmacDefinition>
export type StandardWebhooksDefinition = z.infer<typeof StandardWebhooksDefinition>
export type HeaderDefinition = z.infer<typeof HeaderDefinition>
export type SchemeDefinition = z.infer<typeof SchemeDefinition>
