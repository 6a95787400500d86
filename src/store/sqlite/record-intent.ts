import type { Intent, IntentAnswer } from '../attempts.ts'
import type { StoreContext } from './context.ts'
import { prepareLeasedJob } from './leased-job.ts'
import { noteIntent } from './own-writes.ts'
import { preparePauseOfJob } from './set-aside.ts'

type Wait = 'minute_cap' | 'day_cap' | 'paused'
const WAITS: ReadonlySet<string | null> = new Set<Wait>(['minute_cap', 'day_cap', 'paused'])

/** Whether the reason of a leased job says that it only waits for its turn to send. */
export function isWait(reason: string | null): boolean {
  return WAITS.has(reason)
}

interface TokenRow {
  state: string
  paused_until: number | null
}

/** Writes down what is about to be sent, unless a cap, a pause or the state of the token forbids it. */
export function recordIntent(context: StoreContext): (intent: Intent) => IntentAnswer {
  const { db, windows } = context
  const leased = prepareLeasedJob(db)
  const token = db.prepare<[string, string], TokenRow>(
    'select state, paused_until from token where integration = ? and fingerprint = ?',
  )
  const insert = db.prepare(`
    insert into attempt (job_seq, integration, token, boot_id, step, operation, effect, request_hash, variables, sent_at)
    values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`)
  const noteOwnWrite = noteIntent(context)
  const pauseOf = preparePauseOfJob(db)
  const saveProgress = db.prepare('update job set progress = ? where seq = ?')
  const noteWait = db.prepare('update job set reason = ?, message = ? where seq = ? and reason is not ?')
  const wait = ({ jobSeq }: Intent, reason: Wait, retryAt: number): IntentAnswer => {
    // recovery reads it: who only waits when the process dies is not what it died of
    noteWait.run(reason, 'Waiting for the limits of the integration', jobSeq, reason)
    return { granted: false, reason, retryAt }
  }

  return intent => {
    const job = leased(intent.jobSeq, intent.bootId)
    if (job === undefined) return { granted: false, reason: 'lease_lost' }
    const row = token.get(intent.integration, intent.token)
    const paused = pauseOf(intent.jobSeq, intent.integration)
    if (paused !== null) return { granted: false, reason: `${paused}_paused` }
    if (row?.state === 'revoked') return { granted: false, reason: 'token_revoked' }
    if (row?.state === 'held') return { granted: false, reason: 'integration_held' }
    if (row === undefined || row.state !== 'active') return { granted: false, reason: 'token_refused' }
    if (row.paused_until !== null && row.paused_until > intent.now) return wait(intent, 'paused', row.paused_until)
    const blocked = windows.blockedBy(intent.integration, intent.caps)
    if (blocked !== null) return wait(intent, blocked.cap, intent.now + blocked.waitMs)

    const { lastInsertRowid } = insert.run(
      intent.jobSeq,
      intent.integration,
      intent.token,
      intent.bootId,
      intent.step,
      intent.operation,
      intent.effect,
      intent.requestHash,
      intent.variables,
      intent.now,
    )
    const attemptSeq = Number(lastInsertRowid)
    if (job.reason !== null) noteWait.run(null, null, intent.jobSeq, null)
    if (intent.progress !== null) saveProgress.run(JSON.stringify(intent.progress), intent.jobSeq)
    if (intent.mayEcho && intent.effect !== 'read') noteOwnWrite(attemptSeq, intent)
    windows.take(intent.integration, attemptSeq)
    return { granted: true, attemptSeq }
  }
}
