import type { Effect } from '../attempts.ts'
import { BRIDGE_ACTOR } from '../audit.ts'
import type { JobNext, JobProgress, Recovered, Recovery } from '../jobs.ts'
import { prepareAuditAttempt } from './audit-attempt.ts'
import type { StoreContext } from './context.ts'
import type { LeasedJob } from './leased-job.ts'
import { moveJob } from './move-job.ts'
import { isWait } from './record-intent.ts'

/** Time between jobs that may be poison. */
const SUSPECT_GAP_MS = 1_000

interface LostJob extends LeasedJob {
  crashes: number
  progress: string | null
}

/**
 * Ends leases of processes that are gone, or that ran out: an attempt without an outcome becomes `unknown`, and the
 * effect class of what was sent decides where its job goes. Never "requeue everything".
 */
export function recoverJobs(context: StoreContext): (recovery: Recovery) => Recovered {
  const { db } = context
  const lost = db.prepare<[string, number], LostJob>(`
    select seq, integration, order_key, mapping, event_seq, reason, crashes, progress
    from job
    where state = 'running' and (lease_owner <> ? or lease_expires_at < ?)
    order by seq`)
  const openAttempts = db.prepare<[number], { seq: number; effect: Effect; operation: string; integration: string }>(`
    select seq, effect, operation, integration
    from attempt
    where job_seq = ? and outcome is null`)
  const endAttempt = db.prepare(`
    update attempt
    set outcome = 'unknown', finished_at = ?, message = 'The process ended, or the lease ran out, before an answer was recorded'
    where seq = ?`)
  const countCrash = db.prepare('update job set crashes = ? where seq = ?')
  const move = moveJob(context)
  const auditAttempt = prepareAuditAttempt(context)

  return recovery => {
    const recovered: Recovered = { requeued: 0, inDoubt: 0, held: 0, dead: 0 }
    let suspects = 0
    for (const job of lost.all(recovery.bootId, recovery.now)) {
      const progress = job.progress === null ? { done: [], doubt: null } : (JSON.parse(job.progress) as JobProgress)
      const attempts = openAttempts.all(job.seq)
      for (const attempt of attempts) {
        endAttempt.run(recovery.now, attempt.seq)
        auditAttempt(attempt.seq)
        context.windows.end(attempt.integration, attempt.seq)
      }
      // who waited for a cap or a pause was not at work
      const crashes = job.crashes + (isWait(job.reason) ? 0 : 1)
      const next = nextAfterLoss(progress, attempts, crashes, recovery)
      // one of those at work twice when the process died may be what it died of: they run one after another, so that
      // the innocent end before it does
      if (crashes === recovery.crashesMax - 1 && 'nextAttemptAt' in next)
        next.nextAttemptAt += SUSPECT_GAP_MS * suspects++
      move(job, next, progress, recovery.now)
      countCrash.run(crashes, job.seq)
      if (next.state === 'queued') {
        recovered.requeued++
        context.audit.append({
          at: recovery.now,
          actor: BRIDGE_ACTOR,
          action: 'job.recovered',
          integration: job.integration,
          mapping: job.mapping,
          eventSeq: job.event_seq,
          jobSeq: job.seq,
          detail: { crashes },
        })
      } else if (next.state === 'in_doubt') recovered.inDoubt++
      else if (next.state === 'held') recovered.held++
      else recovered.dead++
    }
    return recovered
  }
}

function nextAfterLoss(
  progress: JobProgress,
  attempts: readonly { effect: Effect; operation: string }[],
  crashes: number,
  { now, settleMs, crashesMax }: Recovery,
): Exclude<JobNext, { state: 'running' | 'succeeded' }> {
  const mutation = attempts.find(attempt => attempt.effect === 'once' || attempt.effect === 'verify')
  if (mutation?.effect === 'once') {
    return {
      state: 'held',
      reason: 'in_doubt',
      message: `The answer to "${mutation.operation}" was lost; a person must say whether it was applied`,
    }
  }
  if (mutation !== undefined || progress.doubt !== null) {
    // it may have been applied: a person must look at it, rather than the process die of it for ever
    if (crashes >= crashesMax) return { state: 'held', reason: 'poison', message: poisonMessage(crashes) }
    return {
      state: 'in_doubt',
      nextAttemptAt: now + settleMs,
      reason: 'answer_lost',
      message: 'The answer was lost; the API will be asked whether the write arrived',
    }
  }
  if (crashes >= crashesMax) {
    return { state: 'dead', reason: 'poison', message: poisonMessage(crashes) }
  }
  return {
    state: 'queued',
    nextAttemptAt: now,
    counts: false,
    reason: 'process_ended',
    message: 'The process ended while it worked on this job',
  }
}

function poisonMessage(crashes: number): string {
  return `The process ended ${crashes} times while it worked on this job`
}
