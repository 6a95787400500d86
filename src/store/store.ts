/**
 * What the bridge asks of its database: one method is one transaction, named by what the domain does.
 * Every method is asynchronous, so that PostgreSQL can stand beside SQLite; instants are epoch milliseconds,
 * `…Seq` numbers order rows and never repeat. A refusal to write is `BridgeError('store_unavailable')`.
 */
export interface Store {
  /** Names the database across restores; part of every id. */
  readonly epoch: number

  recordEvent(event: NewEvent): Promise<Recorded>
  recordRejected(batch: RejectedBatch): Promise<void>

  takeRecorded(query: { afterSeq: number; limit: number }): Promise<RecordedEvent[]>
  recordRoutes(routes: Routes): Promise<RoutesRecorded>

  claimJobs(claim: Claim): Promise<ClaimedJob[]>
  recordIntent(intent: Intent): Promise<IntentAnswer>
  finishAttempt(finish: FinishAttempt): Promise<FinishAnswer>
  finishJob(finish: FinishJob): Promise<FinishAnswer>
  extendLeases(lease: { bootId: string; jobSeqs: readonly number[]; leaseExpiresAt: number }): Promise<number[]>
  recoverJobs(recovery: Recovery): Promise<Recovered>

  registerTokens(registration: TokenRegistration): Promise<void>
  recordProbe(probe: ProbeResult): Promise<void>
  readIntegrations(): Promise<IntegrationState[]>

  readBacklog(): Promise<Backlog>
  readEvent(eventId: string): Promise<EventDetail | null>
  readOutcome(eventId: string): Promise<EventResult | null>
  readHistory(query: HistoryQuery): Promise<HistoryPage>
  listEvents(query: EventQuery): Promise<EventPage>
  listJobs(query: JobQuery): Promise<JobPage>
  readJob(jobId: string): Promise<JobReport | null>
  /** Open and dead jobs by state; a state without one is left out. */
  countJobs(): Promise<Partial<Record<JobState, number>>>
  retryJob(retry: JobRetry): Promise<JobActAnswer>
  replanJob(replan: JobReplan): Promise<JobActAnswer>
  discardJob(discard: JobAct): Promise<JobActAnswer>
  settleJob(settlement: JobSettlement): Promise<JobActAnswer>
  keepAdminKey(key: { hash: string; now: number }): Promise<{ hash: string }>
  probe(now: number): Promise<StoreHealth>
  prune(request: PruneRequest): Promise<Pruned>
  close(): Promise<void>
}

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

/** Decisions of one batch; every event up to and including `throughSeq` counts as routed from then on. */
export interface Routes {
  decisions: readonly RouteDecision[]
  throughSeq: number
}
/** `echo`: our own write caused it, and no mapping wanted it all the same. */
export type RouteOutcome = 'matched' | 'unmatched' | 'quarantined' | 'echo'
export interface RouteDecision {
  eventSeq: number
  type: string | null
  outcome: RouteOutcome
  /** Why: one entry a mapping looked at, or the reason of the quarantine. Plain JSON, or its text. */
  detail: unknown
  jobs: readonly PlannedJob[]
  routedAt: number
  /** Asked where the source is the system we write to: then jobs are made only if the event is not our own doing. */
  echo?: EchoQuestion
}
/** Is this event the echo of a write of ours? Answered in the transaction that makes its jobs. */
export interface EchoQuestion {
  /** Ids the payload names. */
  objects: readonly string[]
  receivedAt: number
  /** Operations that cannot have caused an event of this type. */
  notBy: readonly string[]
}
export interface PlannedJob {
  mapping: string
  mappingHash: string
  integration: string
  orderKey: string | null
  itemIndex: number
  /** The element of `forEach`, as JSON; null without `forEach`. */
  item: string | null
  runAt: number | null
  expiresAt: number | null
  coalesce: boolean
  /** Why it cannot run: it is kept as a dead letter. */
  failed: { reason: string; message: string } | null
  /** `run`: made of an echo too. Left out = `skip`. */
  onEcho?: 'skip' | 'run'
}
export interface RoutesRecorded {
  jobs: number
  superseded: number
  /** Events found to be our own doing. */
  echoes: number
}

/** `room`: how many more jobs each integration may have running; only those named are looked at. */
export interface Claim {
  bootId: string
  now: number
  leaseExpiresAt: number
  room: readonly { integration: string; max: number }[]
}
export interface ClaimedJob {
  seq: number
  id: string
  event: RecordedEvent
  mapping: string
  mappingHash: string
  integration: string
  orderKey: string | null
  itemIndex: number
  item: string | null
  expiresAt: number | null
  /** Attempts that counted so far. */
  attempts: number
  conflicts: number
  progress: JobProgress
}

/** What a job has behind it: steps that must not run again, and the mutation whose answer was lost. Plain JSON. */
export interface JobProgress {
  /** The steps up to and including the last applied mutation, in order; later runs keep them as they are. */
  done: DoneStep[]
  doubt: Doubt | null
}
export interface DoneStep {
  id: string
  /** null = the step was skipped by its `if`. */
  operation: string | null
  data: unknown
}
export interface Doubt {
  step: string
  operation: string
  variables: Record<string, unknown>
  /** Steps before the doubtful one, so that the run can go on after it was found applied. */
  before: DoneStep[]
  /** How often the API said that nothing is there. */
  asked: number
  /** How often it could not be asked. */
  failures: number
}

export interface Caps {
  perMinuteMax: number | null
  perDayMax: number | null
}
export interface Intent {
  jobSeq: number
  bootId: string
  integration: string
  /** Fingerprint of the token that will be sent. */
  token: string
  step: string
  operation: string
  effect: Effect
  /** SHA-256 (hex) of the request body. */
  requestHash: string
  variables: string
  caps: Caps
  now: number
  /** Stored with the intent, so that a death of the process leaves behind what verifying the lost answer needs; null for reads. */
  progress: JobProgress | null
  /** Whether the API tells this bridge of its writes: then what this one touches is noted (own-objects.ts). */
  mayEcho: boolean
}
/** What may be done when the answer to an operation was lost (semantics.md 4). */
export type Effect = 'read' | 'set' | 'keyed' | 'verify' | 'once'
export type IntentAnswer =
  | { granted: true; attemptSeq: number }
  | { granted: false; reason: 'minute_cap' | 'day_cap' | 'paused'; retryAt: number }
  | { granted: false; reason: 'lease_lost' | 'token_refused' | 'integration_held' }

export type AttemptOutcome = 'not_sent' | 'rejected' | 'applied' | 'unknown'
export interface FinishAttempt {
  attemptSeq: number
  jobSeq: number
  bootId: string
  integration: string
  token: string
  outcome: AttemptOutcome
  status: number | null
  code: string | null
  message: string | null
  /** The answer, redacted and cut to a bound; null where there was none worth keeping. */
  response: string | null
  tokenAnswer: TokenAnswer | null
  /** No request carries the token before this instant (429); null leaves it. */
  pausedUntil: number | null
  now: number
  next: JobNext
  progress: JobProgress
}
export type TokenAnswer = 'ok' | 'unauthorized' | 'forbidden' | 'rate_limited'

export type JobNext =
  | { state: 'running' }
  | { state: 'succeeded' }
  | { state: 'queued'; nextAttemptAt: number; counts: boolean; conflict?: boolean; reason: string; message: string }
  | { state: 'dead'; reason: string; message: string }
  | { state: 'held'; reason: string; message: string }
  | { state: 'in_doubt'; nextAttemptAt: number; reason: string; message: string }
export interface FinishJob {
  jobSeq: number
  bootId: string
  now: number
  next: JobNext
  progress: JobProgress
}
export type FinishAnswer = { ok: true } | { ok: false; reason: 'lease_lost' }

/** Ends leases that are not ours any more: of another boot, or past their time. */
export interface Recovery {
  bootId: string
  now: number
  settleMs: number
  crashesMax: number
}
export interface Recovered {
  requeued: number
  inDoubt: number
  held: number
  dead: number
}

export interface TokenRegistration {
  now: number
  /** A start is a person's act: an integration held after refusals (403) may try again. */
  resumeHeld: boolean
  tokens: readonly { integration: string; fingerprint: string; purpose: string | null; owner: string | null }[]
}
export interface ProbeResult {
  integration: string
  token: string
  answer: TokenAnswer
  now: number
}
export interface IntegrationState {
  integration: string
  token: string
  state: 'active' | 'refused' | 'held' | 'retired'
  pausedUntil: number | null
  probedAt: number | null
  firstSeenAt: number
  lastUsedAt: number | null
  uses: number
  lastAnswer: TokenAnswer | null
}

export interface Backlog {
  openJobs: number
  unroutedEvents: number
  oldestUnroutedAt: number | null
  /** The last row that was routed, and the newest there is. */
  routedSeq: number
  lastSeq: number
}

/** What became of an event, as far as it has gone. */
export type EventOutcome = RecordOutcome | RouteOutcome | 'unrouted'
export interface EventDetail {
  event: RecordedEvent
  outcome: EventOutcome
  detail: unknown
  redeliveries: number
  jobs: readonly JobDetail[]
}
export type JobState = 'queued' | 'running' | 'succeeded' | 'dead' | 'in_doubt' | 'held' | 'superseded'
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
}
/** Of jobs, `sinceAt` and `untilAt` are about when they were made. */
export interface JobQuery extends PageQuery {
  states: readonly JobState[] | null
  reason: string | null
}
/** A bounded number of rows is looked at a call: a page may be short, or empty, while `nextSeq` says to ask on below it. */
export interface EventPage {
  events: readonly EventLine[]
  nextSeq: number | null
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
}
/** A job with all that is known of it. */
export interface JobReport extends JobLine {
  /** Changes whenever the job moves: shown with an act, it says which state of the job was meant. */
  version: string
  receivedAt: number
  expiresAt: number | null
  item: string | null
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

/** A person's word on one job. */
export interface JobAct {
  jobId: string
  /** `JobReport.version` as the person saw it; null = whatever it is now. */
  version: string | null
  /** Whose key it was: kept in the message of the job. */
  actor: string
  now: number
}
export interface JobRetry extends JobAct {
  /** Forget what was done: writes that were applied are sent again. */
  fromStart: boolean
  /** Although a newer job of its order key has succeeded. */
  force: boolean
}
/** Retries a job that was never planned: the first of `jobs` takes its place, the others are new. None of them has failed. */
export interface JobReplan extends JobAct {
  jobs: readonly [PlannedJob, ...PlannedJob[]]
  force: boolean
}
export interface JobSettlement extends JobAct {
  applied: boolean
  /** What the write would have answered, for later steps; null = nothing is known of it. */
  result: Record<string, unknown> | null
  force: boolean
}
export type JobActAnswer = { ok: true; id: string; state: JobState; message: string } | JobActRefusal
export type JobActRefusal =
  | { ok: false; reason: 'not_found' }
  | { ok: false; reason: JobActRefusalReason; state: JobState }
/**
 * `wrong_state`: the act is not for jobs in this state. `changed`: the job has moved since it was read. `in_doubt`: a write
 * of it may have been applied, so that a person must settle it first. `not_in_doubt`: there is nothing to settle.
 * `not_planned`: its mapping failed before there was a job to run: `replanJob`. `planned`: it was.
 * `overtaken`: a newer job of its order key has succeeded.
 */
export type JobActRefusalReason =
  | 'wrong_state'
  | 'changed'
  | 'in_doubt'
  | 'not_in_doubt'
  | 'payload_pruned'
  | 'not_planned'
  | 'planned'
  | 'overtaken'

export interface StoreHealth {
  writable: boolean
  diskFreeBytes: number
  diskFreeMinBytes: number
  reason: string | null
}

export interface PruneRequest {
  now: number
  payloadMs: number
  eventMs: number
  idempotencyKeyMs: number
  rowsMax: number
}
export interface Pruned {
  payloads: number
  events: number
  /** True where rows are left that are due: ask again soon. */
  more: boolean
}
