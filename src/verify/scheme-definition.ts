import { z } from 'zod'
import { asymmetricSettings, digestSettings, headerName, hmacSettings } from './hmac-settings.ts'
import { jwtShape } from './jwt-settings.ts'
import { messageShape } from './message-settings.ts'
import type { SchemeSettings } from './scheme.ts'
import { presetOnlyShape } from './signed-settings.ts'

const toleranceMs = z
  .int({ error: 'a whole number of milliseconds' })
  .positive({ error: 'a tolerance above 0' })
  .nullable()
  .optional()
  .describe('How far the signed timestamp may be from now; null = off; default 300000')

const origin = {
  preset: z
    .literal(true)
    .optional()
    .describe('A preset says so (set when it is loaded): only presets may use every variable of a template'),
}

/** An HMAC over a template; one definition covers most senders. */
export const HmacDefinition = z.strictObject({
  kind: z.literal('hmac'),
  ...hmacSettings.shape,
  ...presetOnlyShape,
  toleranceMs,
  ...origin,
})

/** A plain hash over a template that holds the secret. */
export const DigestDefinition = z.strictObject({
  kind: z.literal('digest'),
  ...digestSettings.shape,
  ...presetOnlyShape,
  toleranceMs,
  ...origin,
})

/** A signature with a private key; the source knows the public one. */
export const AsymmetricDefinition = z.strictObject({
  kind: z.literal('asymmetric'),
  ...asymmetricSettings.shape,
  ...presetOnlyShape,
  toleranceMs,
  ...origin,
})

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

/** A static token in the query: proxies and logs on the way see it, so a source must allow it. */
export const QueryTokenDefinition = z.strictObject({
  kind: z.literal('query-token'),
  parameter: z
    .string({ error: 'the name of a query parameter' })
    .regex(/^[A-Za-z0-9_.-]{1,64}$/, { error: 'the name of a query parameter' })
    .default('token'),
})

/** A static secret in a field of the JSON body (Prismic). */
export const BodyTokenDefinition = z.strictObject({ kind: z.literal('body-token'), field: z.string().min(1) })

/** Adyen's payment notifications: one signature per item, inside the body. */
export const AdyenPaymentsDefinition = z.strictObject({ kind: z.literal('adyen-payments') })

/** AWS SNS: an RSA signature inside the body, over some of its fields. */
export const AwsSnsDefinition = z.strictObject({ kind: z.literal('aws-sns'), toleranceMs })

/** Contentful: an HMAC over a canonical request, whose headers the delivery lists. */
export const ContentfulDefinition = z.strictObject({ kind: z.literal('contentful'), toleranceMs })

/** A JSON Web Token in a header. What a preset leaves open (audience, claims), the source says. */
export const JwtDefinition = z.strictObject({
  kind: z.literal('jwt'),
  ...jwtShape,
  word: z.enum(['Bearer', 'JWT', '']).default('Bearer').describe('What stands before the token in the header'),
  lifetime: z
    .enum(['exp', 'iat', 'none'])
    .default('exp')
    .describe('What ends a token: it says so (exp), or it is judged by when it was written (iat), or nothing'),
  namedBy: z
    .array(z.string())
    .optional()
    .describe('Claims that say for good who asked for the token: one of them should be matched'),
  requestClaim: z
    .literal('qsh')
    .optional()
    .describe('The claim that holds a hash of method, path and query (Atlassian)'),
})

/** HTTP message signatures: RFC 9421, or the draft before it. */
export const MessageDefinition = z.strictObject({ kind: z.literal('http-message-signature'), ...messageShape })

/** PayPal is asked whether a delivery is genuine. */
export const PaypalPostbackDefinition = z.strictObject({
  kind: z.literal('paypal-postback'),
  endpoint: z.url(),
  toleranceMs,
})

/** Nothing is checked. */
export const NoneDefinition = z.strictObject({ kind: z.literal('none') })

/**
 * How a sender proves its deliveries, as data. A new kind is one more member here and one more line in `compileScheme`.
 */
export const SchemeDefinition = z.discriminatedUnion('kind', [
  HmacDefinition,
  DigestDefinition,
  AsymmetricDefinition,
  StandardWebhooksDefinition,
  BearerDefinition,
  HeaderDefinition,
  BasicDefinition,
  QueryTokenDefinition,
  BodyTokenDefinition,
  AdyenPaymentsDefinition,
  AwsSnsDefinition,
  ContentfulDefinition,
  JwtDefinition,
  MessageDefinition,
  PaypalPostbackDefinition,
  NoneDefinition,
])

/** Several schemes for one source; each has secrets of its own, which stand one after another in the list of the source. */
export interface CombinedDefinition {
  kind: 'any-of' | 'all-of'
  members: readonly CombinedMember[]
}

export interface CombinedMember {
  definition: SimpleDefinition
  settings: SchemeSettings
  secretCount: number
}

export type SimpleDefinition = z.infer<typeof SchemeDefinition>
export type SchemeDefinition = SimpleDefinition | CombinedDefinition
export type HmacDefinition = z.infer<typeof HmacDefinition>
export type DigestDefinition = z.infer<typeof DigestDefinition>
export type AsymmetricDefinition = z.infer<typeof AsymmetricDefinition>
export type SignedDefinition = HmacDefinition | DigestDefinition | AsymmetricDefinition
export type StandardWebhooksDefinition = z.infer<typeof StandardWebhooksDefinition>
export type HeaderDefinition = z.infer<typeof HeaderDefinition>
export type QueryTokenDefinition = z.infer<typeof QueryTokenDefinition>
export type BodyTokenDefinition = z.infer<typeof BodyTokenDefinition>
export type JwtDefinition = z.infer<typeof JwtDefinition>
export type PaypalPostbackDefinition = z.infer<typeof PaypalPostbackDefinition>
export type MessageDefinition = z.infer<typeof MessageDefinition>
