import type { FinishAnswer, FinishAttempt } from '../store.ts'
import type { StoreContext } from './context.ts'
import { moveJob } from './move-job.ts'
import { noteTokenAnswer } from './note-token-answer.ts'

/** Ends an attempt: its outcome, what the token learned, and where the job goes, in one transaction. */
export function finishAttempt(context: StoreContext): (finish: FinishAttempt) => FinishAnswer {
  const { db, windows } = context
  const end = db.prepare(`
    update attempt
    set finished_at = ?, outcome = ?, status = ?, code = ?, message = ?, response = ?
    where seq = ? and outcome is null`)
  const leased = db.prepare<[number, string], { seq: number }>(
    `select seq from job where seq = ? and state = 'running' and lease_owner = ?`,
  )
  const move = moveJob(context)
  const noteAnswer = noteTokenAnswer(db)

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
    windows.end(finish.integration, finish.attemptSeq)
    noteAnswer(finish)
    if (ended.changes === 0 || leased.get(finish.jobSeq, finish.bootId) === undefined)
      return { ok: false, reason: 'lease_lost' }
    move(finish.jobSeq, finish.next, finish.progress, finish.now)
    return { ok: true }
  }
}
