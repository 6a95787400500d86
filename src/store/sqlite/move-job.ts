import { type AuditAction, BRIDGE_ACTOR } from '../audit.ts'
import type { JobNext, JobProgress } from '../jobs.ts'
import type { StoreContext } from './context.ts'
import { OPEN } from './job-states.ts'
import type { LeasedJob } from './leased-job.ts'

export type MovedJob = Pick<LeasedJob, 'seq' | 'integration' | 'order_key'>

/**
 * Moves a leased job to what comes next, accounts for it, and lets the next job of its key go on where it ended. A job that
 * only waits for its next attempt is not accounted for: the attempt is. The message
 * stays with the job: it may repeat a value of the payload, which the audit outlives.
 */
export function moveJob({
  db,
  gauge,
  audit,
}: StoreContext): (
  job: MovedJob & Pick<LeasedJob, 'mapping' | 'event_seq'>,
  next: JobNext,
  progress: JobProgress,
  now: number,
) => void {
  const keep = db.prepare(`
    update job
    set progress = @saved, crashes = case when progress is @saved then crashes else 0 end
    where seq = @seq`)
  const end = db.prepare(`
    update job
    set state = ?, head = 0, progress = ?, reason = ?, message = ?, finished_at = ?, lease_owner = null, lease_expires_at = null
    where seq = ?`)
  const wait = db.prepare(`
    update job
    set state = ?, progress = ?, reason = ?, message = ?, next_attempt_at = min(?, coalesce(expires_at, ?)), attempts = attempts + ?,
      conflicts = conflicts + ?, crashes = 0, lease_owner = null, lease_expires_at = null
    where seq = ?`)
  const doubt = db.prepare(`
    update job
    set state = 'in_doubt', progress = ?, reason = ?, message = ?, next_attempt_at = ?, crashes = 0, lease_owner = null,
      lease_expires_at = null
    where seq = ?`)
  const hold = db.prepare(`
    update job
    set state = 'held', progress = ?, reason = ?, message = ?, lease_owner = null, lease_expires_at = null
    where seq = ?`)
  const letNextGo = prepareLetNextGo(db)

  return (job, next, progress, now) => {
    const { seq, integration, mapping, event_seq: eventSeq } = job
    const saved = progress.done.length === 0 && progress.doubt === null ? null : JSON.stringify(progress)
    if (next.state !== 'running' && next.state !== 'queued')
      audit.append({
        at: now,
        actor: BRIDGE_ACTOR,
        action: `job.${next.state}` satisfies AuditAction,
        integration,
        mapping,
        eventSeq,
        jobSeq: seq,
        ...(next.state !== 'succeeded' && { detail: { reason: next.reason } }),
      })
    switch (next.state) {
      case 'running':
        keep.run({ saved, seq })
        return
      case 'succeeded':
      case 'dead':
        end.run(
          next.state,
          saved,
          next.state === 'dead' ? next.reason : null,
          next.state === 'dead' ? next.message : null,
          now,
          seq,
        )
        gauge.openJobs--
        letNextGo(job)
        return
      case 'queued':
        wait.run(
          'queued',
          saved,
          next.reason,
          next.message,
          next.nextAttemptAt,
          next.nextAttemptAt,
          next.counts ? 1 : 0,
          next.conflict ? 1 : 0,
          seq,
        )
        return
      case 'in_doubt':
        // not sooner for a job that expires: asked before it has settled, the API may say "absent" of a write under way
        doubt.run(saved, next.reason, next.message, next.nextAttemptAt, seq)
        return
      case 'held':
        hold.run(saved, next.reason, next.message, seq)
    }
  }
}

/** Lets the oldest open job of an ended job's key go on. */
export function prepareLetNextGo(db: StoreContext['db']): (ended: MovedJob) => void {
  const oldest = db.prepare<[string, string], { seq: number }>(`
    select seq
    from job
    where integration = ? and order_key = ? and delayed = 0 and state in ${OPEN}
    order by seq
    limit 1`)
  const setHead = db.prepare('update job set head = 1 where seq = ?')
  return ended => {
    if (ended.order_key === null) return
    const next = oldest.get(ended.integration, ended.order_key)
    if (next !== undefined) setHead.run(next.seq)
  }
}
