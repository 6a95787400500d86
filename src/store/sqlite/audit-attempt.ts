import type { AttemptOutcome, Effect } from '../attempts.ts'
import { type AuditAction, BRIDGE_ACTOR } from '../audit.ts'
import type { StoreContext } from './context.ts'

interface EndedAttempt {
  job_seq: number
  event_seq: number
  mapping: string
  integration: string
  token: string
  step: string
  operation: string
  effect: Effect
  request_hash: string
  finished_at: number
  outcome: AttemptOutcome
  status: number | null
  code: string | null
}

/** Prepares the row of an attempt that has ended: what was sent with which token, and what came of it. */
export function prepareAuditAttempt({ db, audit }: StoreContext): (attemptSeq: number) => void {
  const select = db.prepare<[number], EndedAttempt>(`
    select attempt.job_seq, job.event_seq, job.mapping, attempt.integration, attempt.token, attempt.step, attempt.operation,
      attempt.effect, attempt.request_hash, attempt.finished_at, attempt.outcome, attempt.status, attempt.code
    from attempt
    join job on job.seq = attempt.job_seq
    where attempt.seq = ?`)
  return attemptSeq => {
    const row = select.get(attemptSeq)
    if (row === undefined) return
    const { step, effect, token, request_hash: request, status, code } = row
    audit.append({
      at: row.finished_at,
      actor: BRIDGE_ACTOR,
      action: `attempt.${row.outcome}` satisfies AuditAction,
      integration: row.integration,
      mapping: row.mapping,
      eventSeq: row.event_seq,
      jobSeq: row.job_seq,
      target: row.operation,
      detail: { step, effect, token, request, status, code },
    })
  }
}
