/** A delivery that proved authentic, as it is to be kept. `headers` holds no credentials: they are struck out before. */
export interface NewEvent {
  source: string
  /** Event type where the URL says it; otherwise routing finds it. */
  type: string | null
  key: string
  /** How long an equal key means "the same event"; null = as long as keys are kept. */
  keyWindowMs: number | null
  /** How long keys are kept at all (`retention.idempotencyKey`). */
  keyRetentionMs: number
  /** SHA-256 (hex) over the signed content where the scheme signs a timestamp; null elsewhere. */
  replayKey: string | null
  method: string
  query: string
  /** `[name, value, name, value, …]`, names lower-case; or the same as JSON text, as it is stored. */
  headers: readonly string[] | string
  body: Uint8Array
  receivedAt: number
  /** A ping of the provider: kept in the history, never mapped. */
  ignored: boolean
  /** Origin of the API it was fetched from, where it was not delivered: then its key alone says whether it is the same. */
  fetchedFrom?: string
}

export type RecordOutcome = 'recorded' | 'duplicate' | 'ignored' | 'replayed' | 'id_conflict'

/** `eventSeq` is null where no new row was made. */
export interface Recorded {
  outcome: RecordOutcome
  eventId: string
  eventSeq: number | null
}

/** Refused deliveries of one flush: counted per source, reason and minute, with a few kept in full. */
export interface RejectedBatch {
  counts: readonly { source: string; reason: string; minuteAt: number; count: number }[]
  samples: readonly RejectedSample[]
}

export interface RejectedSample {
  source: string
  reason: string
  receivedAt: number
  method: string
  type: string | null
  query: string
  headers: readonly string[]
  body: Uint8Array
  /** What was struck out, as far as it can be known again. Never shown. */
  credentials: readonly KeptCredential[]
}

/**
 * A credential that a refused delivery showed, by the place it stood in: a salted SHA-256, which tells only who knows the
 * secret whether it was that one; or a token that ends by itself (`text`), without which it could not be judged again.
 */
export type KeptCredential = { in: 'header' | 'query' | 'body'; name: string } & (
  | { salt: string; digest: string }
  | { text: string }
)

/** A refused delivery that a person wants taken, and the event it makes. */
export interface RejectedAcceptance {
  id: string
  event: NewEvent
}

/** An event as routing and mapping read it. `unpackBody` gives the bytes of the body. */
export interface RecordedEvent {
  seq: number
  id: string
  source: string
  type: string | null
  key: string
  method: string
  query: string
  /** As in `NewEvent`: `parseHeaders` gives the list. */
  headers: readonly string[] | string
  body: PackedBody
  receivedAt: number
  /** Only `recorded` ones are routed. */
  receipt: 'recorded' | 'ignored' | 'id_conflict'
}

export interface PackedBody {
  encoding: 'raw' | 'pruned'
  bytes: Uint8Array
}
