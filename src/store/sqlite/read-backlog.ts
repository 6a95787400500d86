import type { Backlog } from '../upkeep.ts'
import type { StoreContext } from './context.ts'

/** Says how much is waiting: open jobs, events not yet routed, and since when the oldest of these waits. */
export function readBacklog({ db, gauge }: StoreContext): () => Backlog {
  const oldest = db.prepare<[number], { received_at: number }>(`
    select received_at
    from event
    where seq > ? and receipt = 0
    order by seq
    limit 1`)
  return () => ({
    openJobs: gauge.openJobs,
    unroutedEvents: Math.max(0, gauge.lastSeq - gauge.routedSeq),
    oldestUnroutedAt: gauge.lastSeq > gauge.routedSeq ? (oldest.get(gauge.routedSeq)?.received_at ?? null) : null,
    routedSeq: gauge.routedSeq,
    lastSeq: gauge.lastSeq,
  })
}
