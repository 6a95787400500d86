import type { DoneStep, JobProgress } from '../jobs.ts'
import type { HistoryPage, HistoryQuery, PastEvent, PastJob, SentStep } from '../reports.ts'
import type { StoreContext } from './context.ts'
import { EVENT_COLUMNS, type EventRow, eventFromRow } from './event-row.ts'
import { prepareFindFirst } from './find-first.ts'
import { formatId } from './ids.ts'

/** Rows looked at a call, so that no delivery waits long for it. */
const ROWS_MAX = 500
/** Bytes of bodies, variables and answers one page may hold. */
const PAGE_BYTES_MAX = 2 * 1024 * 1024

interface RouteRow {
  outcome: PastEvent['outcome']
  type: string | null
  /** Of an echo or a quarantine. */
  why: string | null
}
interface JobRow extends Omit<PastJob, 'id' | 'done' | 'sent'> {
  seq: number
  replaySeq: number
  progress: string | null
}
type AttemptRow = SentStep & { variables: string }

/** Reads routed events since an instant with what was made of them and sent, a bounded page a call. */
export function readHistory(context: StoreContext): (query: HistoryQuery) => HistoryPage {
  const { db, epoch, gauge } = context
  const select = db.prepare<[number, number, number], EventRow>(`
    select ${EVENT_COLUMNS}
    from event
    where seq > ? and seq <= ?
    order by seq
    limit ?`)
  const route = db.prepare<[number], RouteRow>(
    `select outcome, type, json_extract(detail, '$.reason') as why from event_route where event_seq = ?`,
  )
  const jobs = db.prepare<[number], JobRow>(`
    select seq, mapping, mapping_hash as mappingHash, integration, order_key as orderKey, element_index as itemIndex, item,
      state, reason, progress, replay_seq as replaySeq
    from job
    where event_seq = ?
    order by seq`)
  const attempts = db.prepare<[number], AttemptRow>(`
    select step, operation, effect, variables, outcome
    from attempt
    where job_seq = ?
    order by seq`)
  const findFirst = prepareFindFirst(db, 'event')

  const readJobs = (eventSeq: number): PastJob[] =>
    newestOf(jobs.all(eventSeq)).map(({ seq, progress, replaySeq: _, ...job }) => ({
      ...job,
      id: formatId('job', epoch, seq),
      done: progress === null ? [] : readDone(progress),
      sent: attempts.all(seq),
    }))

  return ({ sinceAt, afterSeq, throughSeq, source, mapping, limit }) => {
    const last = Math.min(throughSeq, gauge.routedSeq)
    const events: PastEvent[] = []
    let at = afterSeq ?? findFirst(sinceAt, last) - 1
    let bytes = 0
    let rows = 0
    for (const row of select.all(at, last, ROWS_MAX)) {
      rows++
      at = row.seq
      if (row.receipt !== 0 || row.received_at < sinceAt) continue
      const made = readJobs(row.seq)
      if (source !== null && row.source !== source && !made.some(job => job.mapping === mapping)) continue
      const routed = route.get(row.seq)
      events.push({
        event: eventFromRow(context, row),
        outcome: routed?.outcome ?? 'unmatched',
        type: routed?.type ?? row.type,
        isEcho: routed?.why === 'echo',
        jobs: made,
      })
      bytes += row.body_bytes + sizeOf(made)
      if (events.length >= limit || bytes > PAGE_BYTES_MAX) break
    }
    return { events, throughSeq: at, more: rows > 0 && at < last }
  }
}

/** Of what was replayed, the last replay of each mapping counts. */
function newestOf(jobs: readonly JobRow[]): JobRow[] {
  const newest = new Map<string, number>()
  for (const { mapping, replaySeq } of jobs) newest.set(mapping, Math.max(replaySeq, newest.get(mapping) ?? 0))
  return jobs.filter(({ mapping, replaySeq }) => replaySeq === newest.get(mapping))
}

function readDone(progress: string): DoneStep[] {
  return (JSON.parse(progress) as JobProgress).done
}

function sizeOf(jobs: readonly PastJob[]): number {
  return jobs.reduce(
    (sum, { done, sent }) =>
      sum +
      (done.length === 0 ? 0 : JSON.stringify(done).length) +
      sent.reduce((bytes, { variables }) => bytes + variables.length, 0),
    0,
  )
}
