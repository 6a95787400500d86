import type { KeyObject } from 'node:crypto'
import type { Delivery, DeliveryHead } from './delivery.ts'
import type { Handshake } from './handshake-definition.ts'
import type { KeySet } from './key-set.ts'
import type { Postback } from './postback.ts'
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
  /** The id the sender gave the webhook, for schemes that sign it (`paypal`). */
  webhookId?: string
  /** RSA with SHA-1 is taken (`travis-ci`, signature version 1 of `aws-sns`). */
  allowSha1?: boolean
  /** Topics whose messages are meant for this source (`aws-sns`): anybody's topic is signed with the same key. */
  topicArns?: readonly string[]
  /** The token that a set-up request must show (`meta`). Never logged, stored or put into a message. */
  verifyToken?: string
  /** Opens a published key set (`jwt` kinds with `jwks`); left out = none can be fetched, and such tokens are refused. */
  openKeySet?: (url: string) => KeySet
  /** Opens the API that is asked whether a delivery is genuine (`paypal` with `postback`); left out = it cannot be asked. */
  openPostback?: (endpoint: string) => Postback
  /** Requests of the sender that are answered and are no events; see answer-handshake.ts. */
  handshakes?: readonly Handshake[]
}

/** What `sign` needs of the delivery it signs. */
export interface Signable {
  body: Buffer
  method?: string
  /** Message id, for schemes that sign one; derived from the body and the instant when left out. */
  id?: string
  /** Lower-case names; only those the scheme signs are read. */
  headers?: Readonly<Record<string, string>>
  /** The sender's private key (PEM), for members of a combination whose secrets are public keys. */
  privateKey?: string
}

/** A test delivery as its sender would send it; `body` and `query` are changed only where the proof stands in them. */
export interface SignedDelivery {
  headers: Record<string, string>
  body: Buffer
  /** Without the `?`. */
  query: string
}

interface SchemeBase {
  kind: string
  /** Whether a changed body is noticed. */
  bindsBody: boolean
  /** True only for `none`: nothing is checked. */
  unsigned: boolean
  /** Gives the headers a genuine sender would add at the instant `now`. Throws `config_invalid` where the secret cannot sign. */
  sign(delivery: Signable, secret: string, now: number): Record<string, string>
  /** The same for a proof that does not stand in headers alone; use `signDelivery`, which knows when. */
  signWhole?(delivery: Signable, secret: string, now: number): SignedDelivery
  /** What set-up requests are answered; none for most senders. */
  handshaking?: Handshaking
}

/** The set-up requests a sender makes, and the key their answers are made with. */
export interface Handshaking {
  handshakes: readonly Handshake[]
  verifyToken: string | null
  toKey: (secret: string) => string | KeyObject | null
}

/** A scheme that answers at once: all but those whose keys may have to be fetched. */
interface SyncBase extends SchemeBase {
  isAsync?: false
  /** Judges a delivery at the instant `now` (epoch ms). Every secret is tried, in constant time. */
  verify(delivery: Delivery, secrets: readonly Secret[], now: number): Verification
}

/** A scheme that needs the body. */
export interface BodyScheme extends SyncBase {
  headersOnly: false
}

/** A scheme that is decided before the body is read. */
export interface HeadScheme extends SyncBase {
  headersOnly: true
  verifyHead(head: DeliveryHead, secrets: readonly Secret[], now: number): Verification
}

/** How a source proves its deliveries, ready to judge them at once. */
export type SyncScheme = BodyScheme | HeadScheme

interface AsyncBase extends SchemeBase {
  isAsync: true
  /** As that of the others, later. Never rejects for what a delivery says. */
  verify(delivery: Delivery, secrets: readonly Secret[], now: number): Promise<Verification>
}

/** A scheme whose keys may have to be fetched first. */
export type AsyncScheme =
  | (AsyncBase & { headersOnly: false })
  | (AsyncBase & {
      headersOnly: true
      verifyHead(head: DeliveryHead, secrets: readonly Secret[], now: number): Promise<Verification>
    })

/** How a source proves its deliveries, ready to judge them. */
export type Scheme = SyncScheme | AsyncScheme
