import type { ReplayableRow, ReplayPlan, ReplayScope, ReplaySkip } from '../store/replays.ts'
import type { PlannedJob, RouteDecision } from '../store/routes.ts'

/** What became of one row: the jobs there may be, or why there is none. */
export type PlannedRow = { row: ReplayableRow } & (
  | { skip: ReplaySkip; plans: readonly [] }
  | { skip: null; plans: readonly ReplayPlan[] }
)

/** Says which jobs the mappings of today make of each row, as far as that does not depend on what is in the store. Pure. */
export function planReplay(
  rows: readonly ReplayableRow[],
  decisions: ReadonlyMap<number, RouteDecision>,
  scope: ReplayScope,
): PlannedRow[] {
  return rows.map(row => {
    const skipped = (skip: ReplaySkip): PlannedRow => ({ row, skip, plans: [] })
    if (!row.isRecorded) return skipped('not_recorded')
    const decision = decisions.get(row.eventSeq)
    if (!row.isPayloadKept || decision === undefined) return skipped('payload_pruned')
    if (decision.outcome === 'quarantined') return skipped('unreadable')
    const asked = decision.jobs.filter(job => isAskedFor(job, row, scope))
    if (asked.length === 0) return skipped('not_taken')
    const wanted = row.isEcho ? asked.filter(({ onEcho }) => onEcho === 'run') : asked
    if (wanted.length === 0) return skipped('echo')
    const { eventSeq, job } = row
    const base = { eventSeq, type: decision.type, jobSeq: job === null ? null : row.seq }
    return { row, skip: null, plans: wanted.map(planned => ({ ...base, planned })) }
  })
}

function isAskedFor(planned: PlannedJob, { job }: ReplayableRow, scope: ReplayScope): boolean {
  if (job !== null)
    return planned.mapping === job.mapping && (planned.failed !== null || planned.itemIndex === job.itemIndex)
  return (
    (scope.mapping === null || planned.mapping === scope.mapping) &&
    (scope.integration === null || planned.integration === scope.integration)
  )
}
