import type { RejectedCount, RejectedCounts, RejectedQuery } from '../reports.ts'
import type { StoreContext } from './context.ts'

/** Rows looked at a call, newest first, so that no delivery waits long for it: two weeks of one source and reason. */
const ROWS_LOOKED_AT_MAX = 20_000
const MINUTE_MS = 60_000

type Filters = Pick<RejectedQuery, 'sinceAt' | 'untilAt' | 'source' | 'reason'>
type Bounds = { from: number; before: number }

/** Adds up refused deliveries by source and reason, those of the most first. */
export function countRejected({ db }: StoreContext): (query: Filters) => RejectedCounts {
  const lookedAt = `
    from rejected_delivery
    where minute_at >= @from and minute_at < @before
    order by minute_at desc
    limit ${ROWS_LOOKED_AT_MAX}`
  const add = db.prepare<[Bounds & Pick<Filters, 'source' | 'reason'>], RejectedCount>(`
    select source, reason, sum(count) as count, min(minute_at) as firstAt, max(minute_at) as lastAt
    from (select source, reason, minute_at, count ${lookedAt})
    where (@source is null or source = @source)
      and (@reason is null or reason = @reason)
    group by source, reason
    order by sum(count) desc, source, reason`)
  const measure = db.prepare<[Bounds], { rows: number; oldestAt: number | null }>(`
    select count(*) as rows, min(minute_at) as oldestAt
    from (select minute_at ${lookedAt})`)
  return ({ sinceAt, untilAt, ...filters }) => {
    const from = Math.floor((sinceAt ?? 0) / MINUTE_MS) * MINUTE_MS
    const bounds = { from, before: untilAt ?? Number.MAX_SAFE_INTEGER }
    const { rows, oldestAt } = measure.get(bounds)!
    return { counts: add.all({ ...bounds, ...filters }), sinceAt: rows < ROWS_LOOKED_AT_MAX ? null : oldestAt }
  }
}
