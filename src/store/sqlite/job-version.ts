import { hash } from 'node:crypto'

/** What of a row decides its version; `lastAttempt` is the row number of its newest attempt. */
export interface VersionRow {
  state: string
  reason: string | null
  message: string | null
  attempts: number
  conflicts: number
  next_attempt_at: number
  progress: string | null
  lastAttempt: number | null
}

/** Columns of `VersionRow`. */
export const VERSION_COLUMNS = `job.state, job.reason, job.message, job.attempts, job.conflicts, job.next_attempt_at, job.progress,
  (select max(attempt.seq) from attempt where attempt.job_seq = job.seq) as lastAttempt`

/** A short text that is another one whenever the job has moved. */
export function versionOf(row: VersionRow): string {
  const { state, reason, message, attempts, conflicts, next_attempt_at: nextAttemptAt, progress, lastAttempt } = row
  const parts = [state, reason, message, attempts, conflicts, nextAttemptAt, progress, lastAttempt]
  return hash('sha256', JSON.stringify(parts), 'hex').slice(0, 16)
}
