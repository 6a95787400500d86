import type { RecordedEvent } from './receipts.ts'

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
  /** Made by a replay: its event came in long ago. */
  isReplayed: boolean
  /** Of a replay that was forced: its id, which makes its operation keys others than those of the first time. */
  forcedReplay: string | null
  progress: JobProgress
  /** Set where what it has yet to do may be done already: see `Restored`. */
  restored: Restored | null
}

/**
 * A job that was not finished in a backup which has been restored since. `unsure`: its writes are asked for, or held for a
 * person; `repeat`: a person lets it send again what may be sent again, the rest is still asked for.
 */
export type Restored = 'unsure' | 'repeat'

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

/** Why jobs whose time is over end. */
export interface Expiry {
  reason: string
  message: string
  now: number
}

export interface ExpiredJob {
  id: string
  mapping: string
  integration: string
  eventId: string
  receivedAt: number
  isReplayed: boolean
}

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

export type JobState = 'queued' | 'running' | 'succeeded' | 'dead' | 'in_doubt' | 'held' | 'superseded'
