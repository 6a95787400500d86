import type { Delivery, DeliveryHead } from './delivery.ts'
import type { Verification } from './verification.ts'

/** A resolved secret. Never logged, stored or put into a message. */
export interface Secret {
  value: string
  /** Instant from which the secret no longer counts, null for never. */
  expiresAt: number | null
}

/** What a source sets beside the definition of its scheme. */
export interface SchemeSettings {
  /** How far a signed timestamp may be from now, both directions; null = off, left out = as the definition says. */
  toleranceMs?: number | null
  /** The public URL the sender was given, for schemes that sign it; never taken from the request. */
  url?: string
  /** Given when at hand, so that an unusable secret already stops `compileScheme`. */
  secrets?: readonly Secret[]
}

/** What `sign` needs of the delivery it signs. */
export interface Signable {
  body: Buffer
  method?: string
  /** Message id, for schemes that sign one; derived from the body and the instant when left out. */
  id?: string
  /** Lower-case names; only those the scheme signs are read. */
  headers?: Readonly<Record<string, string>>
}

interface SchemeBase {
  kind: string
  /** Whether a changed body is noticed. */
  bindsBody: boolean
  /** True only for `none`: nothing is checked. */
  unsigned: boolean
  /** Judges a delivery at the instant `now` (epoch ms). Every secret is tried, in constant time. */
  verify(delivery: Delivery, secrets: readonly Secret[], now: number): Verification
  /** Gives the headers a genuine sender would add at the instant `now`. Throws `config_invalid` where the secret cannot sign. */
  sign(delivery: Signable, secret: string, now: number): Record<string, string>
}

/** A scheme that needs the body. */
export interface BodyScheme extends SchemeBase {
  headersOnly: false
}

/** A scheme that is decided before the body is read. */
export interface HeadScheme extends SchemeBase {
  headersOnly: true
  verifyHead(head: DeliveryHead, secrets: readonly Secret[], now: number): Verification
}

/** How a source proves its deliveries, ready to judge them. */
export type Scheme = BodyScheme | HeadScheme
