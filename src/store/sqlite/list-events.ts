import type { JobState } from '../jobs.ts'
import type { EventLine, EventOutcome, EventPage, EventQuery } from '../reports.ts'
import type { RouteOutcome } from '../routes.ts'
import type { StoreContext } from './context.ts'
import { receiptOf } from './event-row.ts'
import { formatId } from './ids.ts'
import { isWithin, PAGE_ROWS_LOOKED_AT_MAX, preparePageBounds } from './page-bounds.ts'

interface Row {
  seq: number
  source: string
  type: string | null
  receipt: number
  received_at: number
  body_bytes: number
  routed: RouteOutcome | null
  redeliveries: number | null
}
interface JobOfEvent {
  mapping: string
  integration: string
  state: JobState
}

/** Lists events, newest first, a bounded number of rows a call. */
export function listEvents(context: StoreContext): (query: EventQuery) => EventPage {
  const { db, epoch } = context
  const select = db.prepare<[number, number, number], Row>(`
    select event.seq, event.source, coalesce(event_route.type, event.type) as type, event.receipt, event.received_at,
      event.body_bytes, event_route.outcome as routed, redelivery.count as redeliveries
    from event
    left join event_route on event_route.event_seq = event.seq
    left join redelivery on redelivery.event_seq = event.seq
    where event.seq >= ? and event.seq < ?
    order by event.seq desc
    limit ?`)
  const jobsOf = db.prepare<[number], JobOfEvent>('select mapping, integration, state from job where event_seq = ?')
  const boundsOf = preparePageBounds(db, 'event')

  return query => {
    const { from, before } = boundsOf(query)
    const events: EventLine[] = []
    let lookedAt = 0
    let at = before
    for (const row of select.iterate(from, before, PAGE_ROWS_LOOKED_AT_MAX)) {
      lookedAt++
      at = row.seq
      const outcome = outcomeOf(row)
      if (!isAskedFor(row, outcome, query)) continue
      const jobs = jobsOf.all(row.seq)
      if (!hasJobAskedFor(jobs, query)) continue
      events.push({
        id: formatId('evt', epoch, row.seq),
        seq: row.seq,
        source: row.source,
        type: row.type,
        receivedAt: row.received_at,
        outcome,
        bodyBytes: row.body_bytes,
        redeliveries: row.redeliveries ?? 0,
        jobs: countStates(jobs),
      })
      if (events.length === query.limit) break
    }
    const isFull = events.length === query.limit || lookedAt === PAGE_ROWS_LOOKED_AT_MAX
    return { events, nextSeq: isFull && at > from ? at : null }
  }
}

function outcomeOf({ receipt, routed }: Row): EventOutcome {
  const received = receiptOf(receipt)
  return received === 'recorded' ? (routed ?? 'unrouted') : received
}

function isAskedFor(row: Row, outcome: EventOutcome, query: EventQuery): boolean {
  return (
    isWithin(row.received_at, query) &&
    (query.source === null || row.source === query.source) &&
    (query.type === null || row.type === query.type) &&
    (query.outcomes === null || query.outcomes.includes(outcome))
  )
}

function hasJobAskedFor(jobs: readonly JobOfEvent[], { mapping, integration }: EventQuery): boolean {
  if (mapping === null && integration === null) return true
  return jobs.some(
    job => (mapping === null || job.mapping === mapping) && (integration === null || job.integration === integration),
  )
}

function countStates(jobs: readonly JobOfEvent[]): EventLine['jobs'] {
  const counts: EventLine['jobs'] = {}
  for (const { state } of jobs) counts[state] = (counts[state] ?? 0) + 1
  return counts
}
