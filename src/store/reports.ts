import type { AttemptOutcome, Effect } from './attempts.ts'
import type { DoneStep, Doubt, JobState } from './jobs.ts'
import type { RecordedEvent, RecordOutcome, RejectedSample } from './receipts.ts'
import type { RouteOutcome } from './routes.ts'

/** What became of an event, as far as it has gone. */
export type EventOutcome = RecordOutcome | RouteOutcome | 'unrouted'

export interface EventDetail {
  event: RecordedEvent
  /** The event type in its URL; that of `event` is the one routing found. */
  urlType: string | null
  outcome: EventOutcome
  detail: unknown
  redeliveries: number
  /** Origin of the API it was fetched from; null = it was delivered. */
  fetchedFrom: string | null
  jobs: readonly JobDetail[]
}

/** Which of these keys have an event already, of those received after `receivedAfter`. */
export interface KeysQuery {
  source: string
  keys: readonly string[]
  receivedAfter: number
}

/** What became of an event so far, without what it brought: small enough to be asked for again and again. */
export interface EventResult {
  outcome: EventOutcome
  jobs: readonly Pick<JobDetail, 'id' | 'mapping' | 'state' | 'reason' | 'message'>[]
}

export interface JobDetail {
  id: string
  seq: number
  mapping: string
  integration: string
  orderKey: string | null
  itemIndex: number
  state: JobState
  reason: string | null
  message: string | null
  attempts: number
  nextAttemptAt: number
  history: readonly AttemptDetail[]
}

export interface AttemptDetail {
  step: string
  operation: string
  effect: Effect
  token: string
  variables: string
  sentAt: number
  finishedAt: number | null
  outcome: AttemptOutcome | null
  status: number | null
  code: string | null
  message: string | null
  response: string | null
}

/** `afterSeq` null = from `sinceAt` on; `source` null = of every source, else also events with jobs of `mapping`. */
export interface HistoryQuery {
  sinceAt: number
  afterSeq: number | null
  throughSeq: number
  source: string | null
  mapping: string | null
  limit: number
}

/** `throughSeq`: how far it has been read; ask again after it while there is `more`. */
export interface HistoryPage {
  events: readonly PastEvent[]
  throughSeq: number
  more: boolean
}

/** A routed event, with what was made of it and sent. */
export interface PastEvent {
  event: RecordedEvent
  outcome: RouteOutcome
  /** The event type as routing found it. */
  type: string | null
  /** True where a write of ours caused it. */
  isEcho: boolean
  jobs: readonly PastJob[]
}

export interface PastJob
  extends Pick<JobDetail, 'id' | 'mapping' | 'integration' | 'orderKey' | 'itemIndex' | 'state' | 'reason'> {
  mappingHash: string
  item: string | null
  /** Answers that were kept: those of the steps up to the last applied mutation. */
  done: readonly DoneStep[]
  /** Every attempt, in order; `variables` as JSON. */
  sent: readonly SentStep[]
}

export type SentStep = Pick<AttemptDetail, 'step' | 'operation' | 'effect' | 'variables' | 'outcome'>

/** Newest first, below a row number; null takes all. `untilAt` itself is out. */
export interface PageQuery {
  beforeSeq: number | null
  sinceAt: number | null
  untilAt: number | null
  source: string | null
  type: string | null
  /** Events: those that have a job of it. */
  mapping: string | null
  integration: string | null
  limit: number
}

export interface EventQuery extends PageQuery {
  outcomes: readonly EventOutcome[] | null
  /** Numbers of words (src/search) of which the payload must have all; left out or null = it may have any. */
  words?: readonly string[] | null
}

/** Of jobs, `sinceAt` and `untilAt` are about when they were made. */
export interface JobQuery extends PageQuery {
  states: readonly JobState[] | null
  reason: string | null
  /** Fingerprint: only jobs that a request was made for with this token. */
  token?: string | null
  /** Id of the replay that made them; left out or null = made by any or none. */
  replay?: string | null
}

/** A bounded number of rows is looked at a call: a page may be short, or empty, while `nextSeq` says to ask on below it. */
export interface EventPage {
  events: readonly EventLine[]
  nextSeq: number | null
  /** Where words were asked for: events routed before that are not searched; null = none was indexed yet. */
  searchedSince?: number | null
}

export interface JobPage {
  jobs: readonly JobLine[]
  nextSeq: number | null
}

export interface EventLine {
  id: string
  seq: number
  source: string
  /** The event type as routing found it. */
  type: string | null
  receivedAt: number
  outcome: EventOutcome
  bodyBytes: number
  redeliveries: number
  /** How many jobs are in each state; states without one are left out. */
  jobs: Partial<Record<JobState, number>>
}

export interface JobLine extends Omit<JobDetail, 'history'> {
  eventId: string
  source: string
  type: string | null
  createdAt: number
  finishedAt: number | null
  /** Whether another job of its order key, that has not ended, stands before it. */
  isBehind: boolean
}

/** A job with all that is known of it. */
export interface JobReport extends JobLine {
  /** Changes whenever the job moves: shown with an act, it says which state of the job was meant. */
  version: string
  receivedAt: number
  expiresAt: number | null
  item: string | null
  /** The replay that made it, and the job it was made after. */
  replay: string | null
  replayOf: string | null
  conflicts: number
  done: readonly DoneStep[]
  doubt: Doubt | null
  /** False once retention has removed the payload: the job cannot run again. */
  isPayloadKept: boolean
  /** The newest attempts, oldest of them first. */
  history: readonly ReportedAttempt[]
  /** How many older ones are left out. */
  historyOmitted: number
}

/** `variables` is null where it is too large to be shown. */
export type ReportedAttempt = Omit<AttemptDetail, 'variables'> & { variables: string | null }

/** Of refused deliveries; as in `PageQuery`. */
export interface RejectedQuery extends Pick<PageQuery, 'beforeSeq' | 'sinceAt' | 'untilAt' | 'source' | 'limit'> {
  reason: string | null
}

export interface RejectedPage {
  samples: readonly RejectedLine[]
  nextSeq: number | null
}

/** A refused delivery that is kept in full. */
export interface RejectedLine extends Pick<RejectedSample, 'source' | 'reason' | 'receivedAt' | 'method' | 'type'> {
  id: string
  seq: number
  bodyBytes: number
}

export interface RejectedDetail extends RejectedSample {
  id: string
}

/** `sinceAt`: from when on was counted, where there are more minutes than are looked at; null = all that was asked for. */
export interface RejectedCounts {
  counts: readonly RejectedCount[]
  sinceAt: number | null
}

/** `firstAt` and `lastAt` are the minutes of the first and the last one. */
export interface RejectedCount {
  source: string
  reason: string
  count: number
  firstAt: number
  lastAt: number
}
