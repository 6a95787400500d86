import type { JobProgress } from '../jobs.ts'
import type { JobReport, ReportedAttempt } from '../reports.ts'
import type { StoreContext } from './context.ts'
import { formatId, parseId } from './ids.ts'
import { JOB_LINE_COLUMNS, JOB_LINE_JOINS, type JobLineRow, jobLineFromRow } from './job-line.ts'
import { VERSION_COLUMNS, type VersionRow, versionOf } from './job-version.ts'

/** Attempts that are read with a job: the newest. */
const ATTEMPTS_MAX = 100
/** Characters of the variables of one attempt, as JSON, that are read. */
const VARIABLES_CHARS_MAX = 65_536

type Row = JobLineRow &
  VersionRow & {
    receivedAt: number
    expiresAt: number | null
    item: string | null
    isPayloadKept: 0 | 1
    replaySeq: number
    replayOf: number | null
  }

/** Reads a job with its attempts and what it has behind it; null for an id that is not here. */
export function readJob({ db, epoch }: StoreContext): (jobId: string) => JobReport | null {
  const select = db.prepare<[number], Row>(`
    select ${JOB_LINE_COLUMNS}, ${VERSION_COLUMNS}, event.received_at as receivedAt, job.expires_at as expiresAt, job.item,
      event.block is not null as isPayloadKept, job.replay_seq as replaySeq, job.replay_of as replayOf
    from job
    ${JOB_LINE_JOINS}
    where job.seq = ?`)
  const attempts = db.prepare<[number], ReportedAttempt>(`
    select step, operation, effect, token,
      case when length(variables) <= ${VARIABLES_CHARS_MAX} then variables end as variables, sent_at as sentAt,
      finished_at as finishedAt, outcome, status, code, message, response
    from attempt
    where job_seq = ?
    order by seq desc
    limit ${ATTEMPTS_MAX}`)
  const count = db.prepare<[number], number>('select count(*) from attempt where job_seq = ?').pluck()

  return jobId => {
    const seq = parseId('job', epoch, jobId)
    const row = seq === null ? undefined : select.get(seq)
    if (seq === null || row === undefined) return null
    const { isPayloadKept, next_attempt_at: _, lastAttempt: __, progress, replaySeq, replayOf, ...line } = row
    const { done, doubt } = progress === null ? { done: [], doubt: null } : (JSON.parse(progress) as JobProgress)
    const history = attempts.all(seq).reverse()
    return {
      ...jobLineFromRow(line, epoch),
      id: formatId('job', epoch, seq),
      conflicts: row.conflicts,
      version: versionOf(row),
      isPayloadKept: isPayloadKept === 1,
      receivedAt: row.receivedAt,
      expiresAt: row.expiresAt,
      item: row.item,
      replay: replaySeq === 0 ? null : formatId('rpl', epoch, replaySeq),
      replayOf: replayOf === null ? null : formatId('job', epoch, replayOf),
      done,
      doubt,
      history,
      historyOmitted: count.get(seq)! - history.length,
    }
  }
}
