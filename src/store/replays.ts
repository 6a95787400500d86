import type { JobState } from './jobs.ts'
import type { EventOutcome } from './reports.ts'
import type { PlannedJob } from './routes.ts'

/** What is replayed: whole events, or single jobs. */
export interface ReplayScope {
  of: 'events' | 'jobs'
  /** In place of a filter; ids that are not here are passed over. */
  ids: readonly string[] | null
  source: string | null
  type: string | null
  /** Of events: only this mapping is asked, whatever it made of them before. */
  mapping: string | null
  integration: string | null
  sinceAt: number | null
  untilAt: number | null
  /** Of events. */
  outcomes: readonly EventOutcome[] | null
  /** Of jobs. */
  states: readonly JobState[] | null
  reason: string | null
}

/** Rows of a scope, oldest first. `throughSeq` null = up to the newest there is now. */
export interface ReplayableQuery {
  scope: ReplayScope
  afterSeq: number
  throughSeq: number | null
  limit: number
}

/** A bounded number of rows is looked at a call: ask again after `afterSeq` while there is `more`. */
export interface ReplayablePage {
  rows: readonly ReplayableRow[]
  afterSeq: number
  throughSeq: number
  more: boolean
}

export interface ReplayableRow {
  id: string
  seq: number
  eventSeq: number
  eventId: string
  source: string
  type: string | null
  receivedAt: number
  /** False for what was never to be mapped: a ping, a key with another body. */
  isRecorded: boolean
  isPayloadKept: boolean
  /** A write of ours caused it. */
  isEcho: boolean
  /** Of jobs. */
  job: { mapping: string; itemIndex: number; state: JobState } | null
}

export interface ReplayStart {
  scope: ReplayScope
  force: boolean
  /** Rows a second, at most. */
  perSecond: number
  total: number | null
  throughSeq: number
  actor: string
  now: number
}

export type ReplayStartAnswer = { ok: true; id: string } | { ok: false; reason: 'busy'; id: string }

export type ReplayState = 'running' | 'ended' | 'cancelled'

export interface Replay {
  id: string
  seq: number
  /** False where it began in the database that was there before a restore. */
  isOfThisEpoch: boolean
  state: ReplayState
  scope: ReplayScope
  force: boolean
  perSecond: number
  actor: string
  total: number | null
  afterSeq: number
  throughSeq: number
  /** Rows that were looked at, and the jobs that were made of them. */
  taken: number
  jobs: number
  skipped: Partial<Record<ReplaySkip, number>>
  /** Jobs of it that are queued or running, among the newest of them. */
  openJobs: number
  startedAt: number
  endedAt: number | null
}

/**
 * Why something was not replayed. `still_open`: a job of it has not ended. `already_written`: a write of it that would be
 * made twice was applied, or may have been. `overtaken`: a newer event of its order key has been worked on.
 * `coalesced`: a job of a newer event waits already. `not_taken`: no mapping of today takes it. `repeated`: this replay has made
 * that job already.
 */
export type ReplaySkip =
  | 'not_recorded'
  | 'payload_pruned'
  | 'echo'
  | 'unreadable'
  | 'not_taken'
  | 'mapping_failed'
  | 'still_open'
  | 'already_written'
  | 'overtaken'
  | 'coalesced'
  | 'repeated'

/** One job that would be made, or what stands in the way. */
export interface ReplayPlan {
  eventSeq: number
  /** The event type as it is found today. */
  type: string | null
  /** The job it is made after, where single jobs are replayed. */
  jobSeq: number | null
  planned: PlannedJob
}

/** One step of a replay: what was found between `afterSeq` and `throughSeq` of its rows. */
export interface ReplayStep {
  replaySeq: number
  /** Where the replay stood when the step was made: another step, or a cancellation, makes it void. */
  afterSeq: number
  throughSeq: number
  taken: number
  plans: readonly ReplayPlan[]
  skipped: Partial<Record<ReplaySkip, number>>
  isLast: boolean
  now: number
}

/** `isCurrent` false: the replay was cancelled or stands elsewhere, nothing was done. */
export interface ReplayStepAnswer {
  isCurrent: boolean
  jobs: number
}

/** What a plan would come to, without making it. */
export interface ReplayForecast {
  scope: ReplayScope
  force: boolean
  throughSeq: number
  plans: readonly ReplayPlan[]
}

export interface ReplayEnd {
  id: string
  /** null = the bridge itself, because it cannot go on. */
  actor: string | null
  reason: string | null
  now: number
}

export type ReplayEndAnswer = { ok: true; replay: Replay } | { ok: false; reason: 'not_found' | 'wrong_state' }
