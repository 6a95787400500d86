import type { JobNext, JobProgress } from './jobs.ts'
import type { PausedKind } from './pauses.ts'
import type { TokenAnswer } from './tokens.ts'

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
  | {
      granted: false
      reason: 'lease_lost' | 'token_refused' | 'token_revoked' | 'integration_held' | `${PausedKind}_paused`
    }

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
  /** The API said of a write in doubt that it is not there: what comes after it is not done either (`Restored`). */
  isAbsent: boolean
}
