import type { PayloadForm } from '../mapping/parse-payload.ts'
import type { Scheme } from '../verify/compile-scheme.ts'
import type { Preset } from '../verify/preset.ts'
import type { Secret } from '../verify/scheme.ts'
import type { SchemeDefinition } from '../verify/scheme-definition.ts'

/** A sender as configured, ready to take its deliveries. */
export interface Source {
  name: string
  retired: boolean
  scheme: Scheme
  /** What the scheme was made of. */
  definition: SchemeDefinition
  secrets: readonly Secret[]
  /** The request in which its sender hands its secret out, where that is to be taken over; null = it is configured. */
  capture: NonNullable<Preset['capture']> | null
  methods: readonly string[]
  /** `Allow` of a 405. */
  allow: string
  acceptsContentType: (mediaType: string) => boolean
  form: PayloadForm
  bodyBytesMax: number
  /** Whether a delivery may wait for its jobs (`Prefer: wait`): only callers of one's own, never senders of webhooks. */
  mayWait: boolean
  /** Finds the idempotency key; the payload is only parsed where the key stands in it. */
  keyOf: (request: KeyRequest) => FoundKey
  /** The same signed body under another key is no new event, even where no timestamp is signed. */
  replaysByContent: boolean
  isPing: (headers: HeaderMap) => boolean
  /** How long equal bodies without a key are one event; null = as long as keys are kept. */
  identicalBodiesWindowMs: number | null
  conflictStatus: number
  /** Header names (lower-case) whose values are credentials: struck out before anything is stored. */
  secretHeaders: ReadonlySet<string>
  /** Query parameters whose values are credentials; see `redactQuery`. */
  secretParameters: ReadonlySet<string>
  /** Gives the body as it may be kept: a copy without its secret, for the sender that puts it there (Prismic), else the body itself. */
  redactBody: (body: Buffer) => Buffer
}

export type HeaderMap = Readonly<Record<string, string>>
export interface SourceScope {
  headers: HeaderMap
  query: Readonly<Record<string, unknown>>
  payload: unknown
}
export interface KeyRequest {
  method: string
  query: string
  headers: HeaderMap
  contentType: string | null
  body: Buffer
}
/** `key: null` = the delivery carries none; `malformed` = it stands in a body that cannot be read. */
export type FoundKey = { ok: true; key: string | null } | { ok: false; reason: string; message: string }
