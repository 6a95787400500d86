import type { Claim, ClaimedJob, JobProgress, Restored } from '../jobs.ts'
import type { StoreContext } from './context.ts'
import { EVENT_COLUMNS, type EventRow, eventFromRow } from './event-row.ts'
import { formatId } from './ids.ts'
import { prepareHasHead } from './order-head.ts'
import { prepareUnpaused } from './set-aside.ts'

/** Delayed jobs whose time has come, let into the order of their key per claim. */
const DUE_MAX = 500

interface JobRow {
  job_seq: number
  mapping: string
  mapping_hash: string
  integration: string
  order_key: string | null
  element_index: number
  item: string | null
  expires_at: number | null
  attempts: number
  conflicts: number
  progress: string | null
  restored: Restored | null
  replay_seq: number
  forced_replay: number | null
  /** The event type as routing found it. */
  routed_type: string | null
}

/** Leases jobs that are due and stand first in the order of their key, and whose source, integration and mapping are not paused. */
export function claimJobs(context: StoreContext): (claim: Claim) => ClaimedJob[] {
  const { db } = context
  const letDelayedIn = prepareLetDelayedIn(db)
  const due = prepareDue(db)
  const lease = db.prepare(`
    update job
    set state = 'running', lease_owner = ?, lease_expires_at = ?
    where seq = ?`)
  const read = db.prepare<[number], JobRow & EventRow>(`
    select job.seq as job_seq, job.mapping, job.mapping_hash, job.integration, job.order_key, job.element_index, job.item,
      job.expires_at, job.attempts, job.conflicts, job.progress, job.restored, job.replay_seq,
      (select seq from replay where seq = job.replay_seq and force = 1) as forced_replay,
      event_route.type as routed_type, ${EVENT_COLUMNS}
    from job
    join event on event.seq = job.event_seq
    left join event_route on event_route.event_seq = job.event_seq
    where job.seq = ?`)

  const unpaused = prepareUnpaused(context, (integration, now, max) => due.all(integration, now, max))

  return ({ bootId, now, leaseExpiresAt, room }) => {
    letDelayedIn(now)
    const { isPaused, findDue } = unpaused()
    const claimed: ClaimedJob[] = []
    for (const { integration, max } of room) {
      if (isPaused(integration)) continue
      for (const { seq } of findDue(integration, now, Math.max(0, max))) {
        lease.run(bootId, leaseExpiresAt, seq)
        const row = read.get(seq)
        if (row !== undefined) claimed.push(jobFromRow(context, row))
      }
    }
    return claimed
  }
}

/** Jobs of a replay come after all others that are due: it has few of them open at once, so that looking past them is cheap. */
function prepareDue(db: StoreContext['db']): {
  all(integration: string, now: number, max: number): { seq: number }[]
} {
  const prepare = (which: string) =>
    db.prepare<[string, number, number], { seq: number }>(`
      select seq
      from job
      where integration = ? and head = 1 and aside is null and state in ('queued', 'in_doubt') and next_attempt_at <= ?
        and ${which}
      order by next_attempt_at, seq
      limit ?`)
  const live = prepare('replay_seq = 0')
  const replayed = prepare('replay_seq > 0')
  return {
    all(integration, now, max) {
      const found = live.all(integration, now, max)
      return found.length === max ? found : [...found, ...replayed.all(integration, now, max - found.length)]
    },
  }
}

function prepareLetDelayedIn(db: StoreContext['db']): (now: number) => void {
  const due = db.prepare<[number, number], { seq: number; integration: string; order_key: string | null }>(`
    select seq, integration, order_key
    from job
    where delayed = 1 and next_attempt_at <= ?
    order by next_attempt_at
    limit ?`)
  const hasHead = prepareHasHead(db)
  const letIn = db.prepare('update job set delayed = 0, head = ? where seq = ?')
  return now => {
    for (const job of due.all(now, DUE_MAX)) {
      letIn.run(hasHead(job.integration, job.order_key) ? 0 : 1, job.seq)
    }
  }
}

function jobFromRow(context: StoreContext, row: JobRow & EventRow): ClaimedJob {
  return {
    seq: row.job_seq,
    id: formatId('job', context.epoch, row.job_seq),
    event: { ...eventFromRow(context, row), type: row.routed_type },
    mapping: row.mapping,
    mappingHash: row.mapping_hash,
    integration: row.integration,
    orderKey: row.order_key,
    itemIndex: row.element_index,
    item: row.item,
    expiresAt: row.expires_at,
    attempts: row.attempts,
    conflicts: row.conflicts,
    isReplayed: row.replay_seq > 0,
    forcedReplay: row.forced_replay === null ? null : formatId('rpl', context.epoch, row.forced_replay),
    progress: row.progress === null ? { done: [], doubt: null } : (JSON.parse(row.progress) as JobProgress),
    restored: row.restored,
  }
}
