import type { JobState } from './jobs.ts'
import type { PlannedJob } from './routes.ts'

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
