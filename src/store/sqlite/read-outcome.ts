import type { EventDetail, EventResult, JobDetail } from '../reports.ts'
import type { StoreContext } from './context.ts'
import { receiptOf } from './event-row.ts'
import { formatId, parseId } from './ids.ts'

interface OutcomeRow {
  receipt: number
  routed: EventDetail['outcome'] | null
}
type JobRow = Pick<JobDetail, 'seq' | 'mapping' | 'state' | 'reason' | 'message'>

/** Reads what became of an event: how it was routed, and where its jobs are; null for an id that is not here. */
export function readOutcome({ db, epoch }: StoreContext): (eventId: string) => EventResult | null {
  const event = db.prepare<[number], OutcomeRow>(`
    select event.receipt, event_route.outcome as routed
    from event left join event_route on event_route.event_seq = event.seq
    where event.seq = ?`)
  const jobs = db.prepare<[number], JobRow>(
    'select seq, mapping, state, reason, message from job where event_seq = ? order by seq',
  )
  return eventId => {
    const seq = parseId('evt', epoch, eventId)
    const row = seq === null ? undefined : event.get(seq)
    if (seq === null || row === undefined) return null
    const receipt = receiptOf(row.receipt)
    return {
      outcome: receipt === 'recorded' ? (row.routed ?? 'unrouted') : receipt,
      jobs: jobs.all(seq).map(({ seq, ...job }) => ({ id: formatId('job', epoch, seq), ...job })),
    }
  }
}
