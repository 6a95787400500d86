import type { FinishAttempt } from '../attempts.ts'
import type { FinishAnswer } from '../jobs.ts'
import { prepareAuditAttempt } from './audit-attempt.ts'
import type { StoreContext } from './context.ts'
import { prepareLeasedJob } from './leased-job.ts'
import { moveJob } from './move-job.ts'
import { noteTokenAnswer } from './note-token-answer.ts'
import { noteOutcome } from './own-writes.ts'
import { prepareCountWrite } from './token-writes.ts'

/** Ends an attempt: its outcome, what the token learned, and where the job goes, in one transaction. */
export function finishAttempt(context: StoreContext): (finish: FinishAttempt) => FinishAnswer {
  const { db, windows } = context
  const end = db.prepare(`
    update attempt
    set finished_at = ?, outcome = ?, status = ?, code = ?, message = ?, response = ?
    where seq = ? and outcome is null`)
  const endDoubtOfRestore = db.prepare('update job set restored = null where seq = ? and restored is not null')
  const leased = prepareLeasedJob(db)
  const move = moveJob(context)
  const noteAnswer = noteTokenAnswer(context)
  const noteOwnWrite = noteOutcome(context)
  const countWrite = prepareCountWrite(context)
  const auditAttempt = prepareAuditAttempt(context)

  return finish => {
    const ended = end.run(
      finish.now,
      finish.outcome,
      finish.status,
      finish.code,
      finish.message,
      finish.response,
      finish.attemptSeq,
    )
    if (ended.changes > 0) auditAttempt(finish.attemptSeq)
    windows.end(finish.integration, finish.attemptSeq)
    noteAnswer(finish)
    noteOwnWrite(finish)
    const job = leased(finish.jobSeq, finish.bootId)
    if (ended.changes > 0) countWrite(finish)
    if (ended.changes === 0 || job === undefined) return { ok: false, reason: 'lease_lost' }
    if (finish.isAbsent) endDoubtOfRestore.run(job.seq)
    move(job, finish.next, finish.progress, finish.now)
    return { ok: true }
  }
}
