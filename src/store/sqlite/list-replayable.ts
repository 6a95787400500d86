import type { JobState } from '../jobs.ts'
import type { ReplayablePage, ReplayableQuery, ReplayableRow, ReplayScope } from '../replays.ts'
import type { EventOutcome } from '../reports.ts'
import type { RouteOutcome } from '../routes.ts'
import type { StoreContext } from './context.ts'
import { receiptOf } from './event-row.ts'
import { formatId, parseId } from './ids.ts'
import { isWithin, PAGE_ROWS_LOOKED_AT_MAX, preparePageBounds } from './page-bounds.ts'

interface EventRow {
  seq: number
  source: string
  type: string | null
  receipt: number
  receivedAt: number
  isPayloadKept: 0 | 1
  routed: RouteOutcome | null
  why: string | null
}
interface JobRow extends Omit<EventRow, 'seq'> {
  jobSeq: number
  eventSeq: number
  mapping: string
  integration: string
  itemIndex: number
  state: JobState
  reason: string | null
  createdAt: number
}
interface Range {
  after: number
  through: number
  rowsMax: number
  seqs: string
}

const EVENT_COLUMNS = `event.source, coalesce(event_route.type, event.type) as type, event.receipt,
  event.received_at as receivedAt, event.block is not null as isPayloadKept, event_route.outcome as routed,
  case when event_route.outcome in ('echo', 'matched') then json_extract(event_route.detail, '$.reason') end as why`

/** Lists what a replay would take, or acts on many jobs are about, oldest first: a bounded number of rows a call. */
export function listReplayable(context: StoreContext): (query: ReplayableQuery) => ReplayablePage {
  const { db, epoch, gauge } = context
  const boundsOf = { events: preparePageBounds(db, 'event'), jobs: preparePageBounds(db, 'job') }
  const events = (which: string) =>
    db.prepare<Range, EventRow>(`
      select event.seq, ${EVENT_COLUMNS}
      from event
      left join event_route on event_route.event_seq = event.seq
      where event.seq > @after and event.seq <= @through ${which}
      order by event.seq
      limit @rowsMax`)
  const jobs = (which: string) =>
    db.prepare<Range, JobRow>(`
      select job.seq as jobSeq, job.event_seq as eventSeq, job.mapping, job.integration, job.element_index as itemIndex,
        job.state, job.reason, job.created_at as createdAt, ${EVENT_COLUMNS}
      from job
      join event on event.seq = job.event_seq
      left join event_route on event_route.event_seq = job.event_seq
      where job.seq > @after and job.seq <= @through ${which}
      order by job.seq
      limit @rowsMax`)
  const named = 'in (select value from json_each(@seqs))'
  const all = '/* @seqs */'
  const eventsOf = { all: events(all), named: events(`and event.seq ${named}`) }
  const jobsOf = { all: jobs(all), named: jobs(`and job.seq ${named}`), dead: jobs(`and job.state = 'dead'`) }

  const throughOf = ({ scope, throughSeq }: ReplayableQuery): { from: number; through: number } => {
    const { from, before } = boundsOf[scope.of]({ ...scope, beforeSeq: null })
    const through = throughSeq ?? before - 1
    // what is not routed yet will make its jobs by itself
    return { from, through: scope.of === 'events' ? Math.min(through, gauge.routedSeq) : through }
  }

  return query => {
    const { scope, limit } = query
    const { from, through } = throughOf(query)
    const after = Math.max(query.afterSeq, from - 1)
    const range = { after, through, rowsMax: PAGE_ROWS_LOOKED_AT_MAX, seqs: seqsOf(scope) }
    const rows: ReplayableRow[] = []
    let at = after
    let lookedAt = 0
    const take = (seq: number, row: ReplayableRow | null): boolean => {
      lookedAt++
      at = seq
      if (row !== null) rows.push(row)
      return rows.length === limit
    }
    if (scope.of === 'events') {
      for (const row of (scope.ids === null ? eventsOf.all : eventsOf.named).iterate(range))
        if (take(row.seq, isEventAskedFor(row, scope) ? eventOf(row) : null)) break
    } else {
      for (const row of statementFor(scope).iterate(range))
        if (take(row.jobSeq, isJobAskedFor(row, scope) ? jobOf(row) : null)) break
    }
    const isFull = rows.length === limit || lookedAt === PAGE_ROWS_LOOKED_AT_MAX
    return { rows, afterSeq: isFull ? at : through, throughSeq: through, more: isFull && at < through }
  }

  function seqsOf({ of, ids }: ReplayScope): string {
    return JSON.stringify((ids ?? []).map(id => parseId(of === 'events' ? 'evt' : 'job', epoch, id)))
  }

  function statementFor({ ids, states }: ReplayScope): (typeof jobsOf)['all'] {
    if (ids !== null) return jobsOf.named
    return states?.length === 1 && states[0] === 'dead' ? jobsOf.dead : jobsOf.all
  }

  function eventOf(row: EventRow): ReplayableRow {
    const id = formatId('evt', epoch, row.seq)
    return { ...factsOf(row), id, seq: row.seq, eventSeq: row.seq, eventId: id, job: null }
  }

  function jobOf(row: JobRow): ReplayableRow {
    const { jobSeq, eventSeq, mapping, itemIndex, state } = row
    return {
      ...factsOf(row),
      id: formatId('job', epoch, jobSeq),
      seq: jobSeq,
      eventSeq,
      eventId: formatId('evt', epoch, eventSeq),
      job: { mapping, itemIndex, state },
    }
  }
}

function factsOf({ source, type, receivedAt, receipt, isPayloadKept, routed, why }: Omit<EventRow, 'seq'>) {
  return {
    source,
    type,
    receivedAt,
    isRecorded: receiptOf(receipt) === 'recorded',
    isPayloadKept: isPayloadKept === 1,
    isEcho: routed === 'echo' || why === 'echo',
  }
}

function isEventAskedFor(row: EventRow, scope: ReplayScope): boolean {
  return (
    isWithin(row.receivedAt, scope) &&
    isOfSource(row, scope) &&
    (scope.outcomes === null || scope.outcomes.includes(outcomeOf(row)))
  )
}

function isJobAskedFor(row: JobRow, scope: ReplayScope): boolean {
  return (
    isWithin(row.createdAt, scope) &&
    isOfSource(row, scope) &&
    (scope.states === null || scope.states.includes(row.state)) &&
    (scope.reason === null || row.reason === scope.reason) &&
    (scope.mapping === null || row.mapping === scope.mapping) &&
    (scope.integration === null || row.integration === scope.integration)
  )
}

function isOfSource({ source, type }: Pick<EventRow, 'source' | 'type'>, scope: ReplayScope): boolean {
  return (scope.source === null || source === scope.source) && (scope.type === null || type === scope.type)
}

function outcomeOf({ receipt, routed }: EventRow): EventOutcome {
  const received = receiptOf(receipt)
  return received === 'recorded' ? (routed ?? 'unrouted') : received
}
