import type { RejectedLine, RejectedPage, RejectedQuery } from '../reports.ts'
import type { StoreContext } from './context.ts'
import { formatId } from './ids.ts'

type Filters = Pick<RejectedQuery, 'sinceAt' | 'untilAt' | 'source' | 'reason' | 'limit'> & { before: number }

/** Lists refused deliveries that are kept in full, newest first. There are few, whatever came: see record-rejected.ts. */
export function listRejected({ db, epoch }: StoreContext): (query: RejectedQuery) => RejectedPage {
  const select = db.prepare<[Filters], Omit<RejectedLine, 'id'>>(`
    select seq, source, reason, received_at as receivedAt, method, type, length(body) as bodyBytes
    from rejected_sample
    where seq < @before
      and (@source is null or source = @source)
      and (@reason is null or reason = @reason)
      and (@sinceAt is null or received_at >= @sinceAt)
      and (@untilAt is null or received_at < @untilAt)
    order by seq desc
    limit @limit`)
  return ({ beforeSeq, ...filters }) => {
    const rows = select.all({ ...filters, before: beforeSeq ?? Number.MAX_SAFE_INTEGER })
    return {
      samples: rows.map(row => ({ id: formatId('rej', epoch, row.seq), ...row })),
      nextSeq: rows.length === filters.limit ? rows.at(-1)!.seq : null,
    }
  }
}
