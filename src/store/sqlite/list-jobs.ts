import type { JobState } from '../jobs.ts'
import type { JobLine, JobPage, JobQuery } from '../reports.ts'
import type { StoreContext } from './context.ts'
import { parseId } from './ids.ts'
import { JOB_LINE_COLUMNS, JOB_LINE_JOINS, type JobLineRow, jobLineFromRow } from './job-line.ts'
import { OPEN } from './job-states.ts'
import { isWithin, PAGE_ROWS_LOOKED_AT_MAX, preparePageBounds } from './page-bounds.ts'

/** States whose rows are found without looking at others: `job_open` and `job_dead`. */
const INDEXED: ReadonlySet<JobState> = new Set<JobState>(['queued', 'running', 'in_doubt', 'held', 'dead'])

/** What filters ask for: the rest of a job is read only where it fits. */
type SlimRow = Pick<
  JobLineRow,
  'seq' | 'mapping' | 'integration' | 'state' | 'reason' | 'createdAt' | 'source' | 'type'
>

const BETWEEN = 'seq >= @from and seq < @before'
/** Jobs that a token was sent for. */
const OF_TOKEN = `seq in (
  select distinct job_seq
  from attempt
  where token = @token and job_seq >= @from and job_seq < @before
  order by job_seq desc
  limit @rowsMax)`
/** A number no row has. */
const NO_ROW = -1
/** Jobs that a replay made. */
const OF_REPLAY = 'replay_seq = @replay and replay_seq > 0 and seq >= @from and seq < @before'

/** Lists jobs, newest first, a bounded number of rows a call. */
export function listJobs({ db, epoch }: StoreContext): (query: JobQuery) => JobPage {
  const boundsOf = preparePageBounds(db, 'job')
  const read = db.prepare<[number], JobLineRow>(
    `select ${JOB_LINE_COLUMNS} from job ${JOB_LINE_JOINS} where job.seq = ?`,
  )
  const prepare = (where: string, ofEvent: boolean) => {
    const rows = `
      select seq, event_seq, mapping, integration, state, reason, created_at as createdAt
      from job
      where ${where}
      order by seq desc
      limit @rowsMax`
    // joined here, not read one by one: a filter that matches nothing among 2,000 jobs takes 10 ms instead of 100
    return db.prepare<
      { from: number; before: number; rowsMax: number; token: string | null; replay: number | null },
      SlimRow
    >(
      ofEvent
        ? `select job.*, event.source, coalesce(event_route.type, event.type) as type
           from (${rows}) as job ${JOB_LINE_JOINS}
           order by job.seq desc`
        : rows,
    )
  }
  const prepared = new Map<string, ReturnType<typeof prepare>>()
  const selectFor = ({ states, token = null, replay = null, source, type }: JobQuery): ReturnType<typeof prepare> => {
    const found = states?.every(state => INDEXED.has(state)) ? [...new Set(states)].sort() : null
    const ofEvent = source !== null || type !== null
    const some = found === null ? BETWEEN : `seq in (${rowsOf(found)})`
    const where = replay !== null ? OF_REPLAY : token !== null ? OF_TOKEN : some
    const name = `${where} ${ofEvent}`
    const known = prepared.get(name) ?? prepare(where, ofEvent)
    prepared.set(name, known)
    return known
  }

  return query => {
    const bounds = boundsOf(query)
    const jobs: JobLine[] = []
    let lookedAt = 0
    let at = bounds.before
    const replay =
      query.replay === null || query.replay === undefined ? null : (parseId('rpl', epoch, query.replay) ?? NO_ROW)
    const page = { ...bounds, token: query.token ?? null, replay, rowsMax: PAGE_ROWS_LOOKED_AT_MAX }
    for (const slim of selectFor(query).iterate(page)) {
      lookedAt++
      at = slim.seq
      if (!isAskedFor(slim, query)) continue
      const row = read.get(slim.seq)
      if (row !== undefined) jobs.push(jobLineFromRow(row, epoch))
      if (jobs.length === query.limit) break
    }
    const isFull = jobs.length === query.limit || lookedAt === PAGE_ROWS_LOOKED_AT_MAX
    return { jobs, nextSeq: isFull && at > bounds.from ? at : null }
  }
}

/** The newest rows of some states within the bounds; each state has its own index, so that the rare are not searched among the many. */
function rowsOf(states: readonly JobState[]): string {
  const newest = (rows: string): string =>
    `select seq from (select seq from ${rows} seq >= @from and seq < @before order by seq desc limit @rowsMax)`
  // the index is named, because the planner would rather walk the rows; and so is the condition it has
  const each = states.map(state =>
    newest(
      state === 'dead'
        ? `job indexed by job_dead where state = 'dead' and`
        : `job indexed by job_open where state in ${OPEN} and state = '${state}' and`,
    ),
  )
  return `select seq from (${each.join(' union all ')}) order by seq desc limit @rowsMax`
}

function isAskedFor(row: SlimRow, query: JobQuery): boolean {
  return (
    isWithin(row.createdAt, query) &&
    (query.states === null || query.states.includes(row.state)) &&
    (query.mapping === null || row.mapping === query.mapping) &&
    (query.integration === null || row.integration === query.integration) &&
    (query.reason === null || row.reason === query.reason) &&
    (query.source === null || row.source === query.source) &&
    (query.type === null || row.type === query.type)
  )
}
