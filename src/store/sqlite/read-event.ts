import type { AttemptDetail, EventDetail, JobDetail } from '../reports.ts'
import type { StoreContext } from './context.ts'
import { EVENT_COLUMNS, type EventRow, eventFromRow } from './event-row.ts'
import { formatId, parseId } from './ids.ts'

interface RouteRow {
  outcome: EventDetail['outcome']
  type: string | null
  detail: string
}
type JobRow = Omit<JobDetail, 'id' | 'history'>

/** Reads an event with what became of it: outcome, reasons, jobs and their attempts; null for an id that is not here. */
export function readEvent(context: StoreContext): (eventId: string) => EventDetail | null {
  const { db, epoch } = context
  const event = db.prepare<[number], EventRow>(`select ${EVENT_COLUMNS} from event where seq = ?`)
  const route = db.prepare<[number], RouteRow>('select outcome, type, detail from event_route where event_seq = ?')
  const redeliveries = db.prepare<[number], { count: number }>('select count from redelivery where event_seq = ?')
  const fetched = db.prepare<[number], { origin: string }>(
    'select fetched_from as origin from fetched_event where event_seq = ?',
  )
  const jobs = db.prepare<[number], JobRow>(`
    select seq, mapping, integration, order_key as orderKey, element_index as itemIndex, state, reason, message, attempts,
      next_attempt_at as nextAttemptAt
    from job
    where event_seq = ?
    order by seq`)
  const attempts = db.prepare<[number], AttemptDetail>(`
    select step, operation, effect, token, variables, sent_at as sentAt, finished_at as finishedAt, outcome, status, code,
      message, response
    from attempt
    where job_seq = ?
    order by seq`)

  return eventId => {
    const seq = parseId('evt', epoch, eventId)
    const row = seq === null ? undefined : event.get(seq)
    if (seq === null || row === undefined) return null
    const routed = route.get(seq)
    const found = eventFromRow(context, row)
    return {
      event: { ...found, type: routed?.type ?? found.type },
      urlType: found.type,
      outcome: found.receipt === 'recorded' ? (routed?.outcome ?? 'unrouted') : found.receipt,
      detail: routed === undefined ? null : JSON.parse(routed.detail),
      redeliveries: redeliveries.get(seq)?.count ?? 0,
      fetchedFrom: fetched.get(seq)?.origin ?? null,
      jobs: jobs.all(seq).map(job => ({ ...job, id: formatId('job', epoch, job.seq), history: attempts.all(job.seq) })),
    }
  }
}
