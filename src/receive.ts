import { hash } from 'node:crypto'
import { BridgeError } from './errors.ts'
import { headerMap, redactHeaders } from './source/redact-headers.ts'
import type { Source } from './source/source.ts'
import type { NewEvent, Recorded, RecordedEvent, RecordOutcome } from './store/receipts.ts'
import type { Store } from './store/store.ts'
import { answerHandshake, findHandedSecret, type HandshakeAnswer } from './verify/answer-handshake.ts'
import type { Delivery } from './verify/delivery.ts'
import { redactQuery } from './verify/read-parameter.ts'
import type { Refusal } from './verify/verification.ts'

/** One delivery as it came in at the HTTP edge. */
export interface Incoming extends Delivery {
  source: Source
  /** Event type from the URL, for senders that cannot say it otherwise. */
  urlType: string | null
  contentType: string | null
  receivedAt: number
  /** Origin of the API it was fetched from, where it was not delivered. */
  fetchedFrom?: string
  /** The instant it is judged at, where that is another: of a refused delivery that is retried, its own receipt. */
  judgedAt?: number
}

/** What the sender is told. */
export type Receipt =
  | { kind: 'taken'; outcome: RecordOutcome; eventId: string }
  | { kind: 'refused'; reason: Refusal }
  | { kind: 'malformed'; reason: string; message: string }
  /** A set-up request of the sender: answered as its scheme says, and no event. */
  | { kind: 'answered'; answer: HandshakeAnswer }

export interface Custody {
  store: Pick<Store, 'recordEvent'>
  keyRetentionMs: number
  /** Open jobs, and how many are too many: above it deliveries are answered 503. */
  backlog: { openJobs: number; jobsMax: number }
  /** Told of every new event, in the order of custody, once it is on disk. */
  onRecorded: (event: RecordedEvent) => void
  /** Takes over the secret that a sender hands out; false where nobody is setting that up. */
  capture: (source: Source, secret: string) => Promise<boolean>
  /** Told which secret of a source proved a delivery; left out = nobody asks. */
  onVerified?: (source: Source, secretIndex: number, now: number) => void
}

/** A sender is told to come again after this many seconds when too much is waiting. */
const BACKLOG_RETRY_SEC = 30

/**
 * CUSTODY. Verifies one delivery and records it: what is answered "taken" is authentic and on disk. Nothing is judged
 * here; a body that turns out malformed is quarantined when it is routed. Only a source without signatures has its body
 * looked at first, because nothing else says that it is meant for us.
 */
export async function receive(incoming: Incoming, custody: Custody): Promise<Receipt> {
  const { source, receivedAt, judgedAt = receivedAt } = incoming
  const { scheme, secrets } = source
  // only where a key may have to be fetched: the others are not made to wait for a promise
  const judged = scheme.isAsync === true ? await scheme.verify(incoming, secrets, judgedAt) : undefined
  const answer = answerHandshake(incoming, scheme, secrets, judgedAt, judged)
  if (answer !== null) return { kind: 'answered', answer }
  const verification = scheme.isAsync === true ? judged! : scheme.verify(incoming, secrets, judgedAt)
  if (!verification.ok)
    return (await receiveSecret(incoming, custody)) ?? { kind: 'refused', reason: verification.reason }

  custody.onVerified?.(source, verification.secretIndex, receivedAt)

  // from here on without its credentials: this is what is stored, and what mappings see
  const list = redactHeaders(incoming.rawHeaders, source.secretHeaders)
  const query = redactQuery(incoming.query, source.secretParameters)
  const body = source.redactBody(incoming.body)
  const map = headerMap(list)
  const found = source.keyOf({
    method: incoming.method,
    query,
    headers: map,
    contentType: incoming.contentType,
    body,
  })
  if (!found.ok && scheme.unsigned) return { kind: 'malformed', reason: found.reason, message: found.message }
  if (custody.backlog.openJobs >= custody.backlog.jobsMax) {
    throw new BridgeError('backlog_full', 'Too many jobs are waiting', { retryAfterSec: BACKLOG_RETRY_SEC })
  }

  const key = verification.key ?? (found.ok ? found.key : null)
  const event: NewEvent = {
    source: source.name,
    type: incoming.urlType,
    key: key ?? contentKey({ ...incoming, query, body }),
    keyWindowMs: key === null ? source.identicalBodiesWindowMs : null,
    keyRetentionMs: custody.keyRetentionMs,
    replayKey: verification.replayKey ?? (source.replaysByContent ? signedBodyKey(body) : null),
    method: incoming.method,
    query,
    headers: JSON.stringify(list),
    body,
    receivedAt,
    ignored: source.isPing(map),
    ...(incoming.fetchedFrom !== undefined && { fetchedFrom: incoming.fetchedFrom }),
  }
  const recorded = await custody.store.recordEvent(event)
  if (recorded.eventSeq !== null) custody.onRecorded(asRecorded(event, recorded, recorded.eventSeq))
  return { kind: 'taken', outcome: recorded.outcome, eventId: recorded.eventId }
}

/** A request that proves nothing may be the one in which a sender hands its secret out; null where it is not. */
async function receiveSecret(incoming: Incoming, custody: Custody): Promise<Receipt | null> {
  const { source } = incoming
  const handed = source.capture === null ? null : findHandedSecret(incoming, source.capture.handshake)
  if (handed === null) return null
  const isTaken = await custody.capture(source, handed.secret)
  return isTaken ? { kind: 'answered', answer: handed.answer } : { kind: 'refused', reason: 'capture_closed' }
}

/** Without a key, the same content is the same event. The event type in the URL and the query of a GET are content too. */
function contentKey({ method, query, urlType, body }: Pick<Incoming, 'method' | 'query' | 'urlType' | 'body'>): string {
  const head = hash('sha256', `${urlType ?? ''}\n${method}\n${method === 'GET' ? query : ''}`, 'hex')
  return `sha256:${hash('sha256', Buffer.concat([Buffer.from(head), body]), 'hex')}`
}

/**
 * What is left of a signed content without a timestamp is its body: ids and event types in headers or in the URL can be
 * changed by whoever replays it, and are no part of this.
 */
function signedBodyKey(body: Buffer): string {
  return hash('sha256', body, 'hex')
}

function asRecorded(event: NewEvent, { eventId, outcome }: Recorded, seq: number): RecordedEvent {
  const { source, type, key, method, query, headers, body, receivedAt } = event
  const receipt = outcome === 'ignored' || outcome === 'id_conflict' ? outcome : 'recorded'
  const packed = { encoding: 'raw', bytes: body } as const
  return { seq, id: eventId, source, type, key, method, query, headers, body: packed, receivedAt, receipt }
}
