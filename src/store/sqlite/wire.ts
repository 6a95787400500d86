import type { ErrorCode } from '../../errors.ts'
import type { NewEvent } from '../receipts.ts'
import type { Call, Reply } from './group-commit.ts'

/** What the two sides of the store's thread say to each other. */
export type ToStore = { kind: 'calls'; calls: readonly Call[] } | { kind: 'close' }
export type FromStore =
  | { kind: 'open'; epoch: number }
  | { kind: 'failed'; error: WireError }
  | { kind: 'replies'; replies: readonly Reply[] }
  | { kind: 'closed' }

export interface StoreThreadData {
  file: string
  diskFreeMinBytes: number
  /** See src/failpoint.ts; undefined outside tests. */
  failpoint: string | undefined
}

/** An error as plain data; `code` null = a bug, not one of the bridge's own answers. */
export interface WireError {
  code: ErrorCode | null
  message: string
  retryAfterSec: number | null
  /** The process must end: what was acknowledged is safe, what comes next would not be. */
  fatal: boolean
  detail: string | null
}

/** An event on its way to the thread: a list without names, because each name would be copied with each event. */
export type SentEvent = readonly [
  source: string,
  type: string | null,
  key: string,
  keyWindowMs: number | null,
  keyRetentionMs: number,
  replayKey: string | null,
  method: string,
  query: string,
  headers: string,
  body: Uint8Array<ArrayBuffer>,
  receivedAt: number,
  ignored: boolean,
  fetchedFrom: string | null,
]

/** Packs an event for the thread. Its body is copied into memory that can be given away: the original is still to be judged. */
export function packEvent(event: NewEvent): SentEvent {
  const body = Buffer.allocUnsafeSlow(event.body.byteLength)
  body.set(event.body)
  const headers = typeof event.headers === 'string' ? event.headers : JSON.stringify(event.headers)
  return [
    event.source,
    event.type,
    event.key,
    event.keyWindowMs,
    event.keyRetentionMs,
    event.replayKey,
    event.method,
    event.query,
    headers,
    body,
    event.receivedAt,
    event.ignored,
    event.fetchedFrom ?? null,
  ]
}

/** Opens what `packEvent` made. */
export function unpackEvent(sent: SentEvent): NewEvent & { body: Uint8Array<ArrayBuffer> } {
  const [source, type, key, keyWindowMs, keyRetentionMs, replayKey, method, query, headers, body, receivedAt] = sent
  const [ignored, fetchedFrom] = [sent[11], sent[12]]
  return {
    source,
    type,
    key,
    keyWindowMs,
    keyRetentionMs,
    replayKey,
    method,
    query,
    headers,
    body,
    receivedAt,
    ignored,
    ...(fetchedFrom !== null && { fetchedFrom }),
  }
}
