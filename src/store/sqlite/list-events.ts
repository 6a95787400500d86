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

/** Of events that have the words: each is a row by itself, which takes twice as long as the next one of a range. */
const FOUND_LOOKED_AT_MAX = 1_000

const LINES = `
    select event.seq, event.source, coalesce(event_route.type, event.type) as type, event.receipt, event.received_at,
      event.body_bytes, event_route.outcome as routed, redelivery.count as redeliveries
    from event
    left join event_route on event_route.event_seq = event.seq
    left join redelivery on redelivery.event_seq = event.seq`

/** Lists events, newest first, a bounded number of rows a call. */
export function listEvents(context: StoreContext): (query: EventQuery) => EventPage {
  const { db, epoch, words } = context
  const select = db.prepare<[number, number, number], Row>(`${LINES}
    where event.seq >= ? and event.seq < ?
    order by event.seq desc
    limit ?`)
  // words go with the others of their span: until then the event is not found, because its payload is gone
  const selectKept = db.prepare<[number], Row>(`${LINES}
    where event.seq = ? and event.block is not null`)
  const jobsOf = db.prepare<[number], JobOfEvent>('select mapping, integration, state from job where event_seq = ?')
  const boundsOf = preparePageBounds(db, 'event')

  function* keptRows(seqs: readonly number[]): Iterable<Row> {
    for (const seq of seqs) {
      const row = selectKept.get(seq)
      if (row !== undefined) yield row
    }
  }

  return query => {
    const bounds = boundsOf(query)
    const found = query.words ? words.search(query.words, bounds, FOUND_LOOKED_AT_MAX) : null
    const rows =
      found === null ? select.iterate(bounds.from, bounds.before, PAGE_ROWS_LOOKED_AT_MAX) : keptRows(found.seqs)
    const events: EventLine[] = []
    let lookedAt = 0
    let at = bounds.before
    for (const row of rows) {
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
    const endsAt = isFull ? at : (found?.from ?? bounds.from)
    return {
      events,
      nextSeq: endsAt > bounds.from ? endsAt : null,
      ...(found !== null && { searchedSince: words.readBegunAt() }),
    }
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
