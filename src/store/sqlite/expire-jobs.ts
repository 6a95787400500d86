import { BRIDGE_ACTOR } from '../audit.ts'
import type { ExpiredJob, Expiry } from '../jobs.ts'
import type { StoreContext } from './context.ts'
import { formatId } from './ids.ts'
import { prepareLetNextGo } from './move-job.ts'

/** Jobs that are ended a call: no delivery waits for it longer than a few ms. */
const EXPIRED_MAX = 100

interface ExpiredRow {
  seq: number
  event_seq: number
  mapping: string
  integration: string
  order_key: string | null
  head: 0 | 1
  received_at: number
  is_replayed: 0 | 1
}

/**
 * Ends jobs whose time is over while they wait for what may not come: a token or an integration that is stopped, a pause,
 * the job before them. What is in doubt or held is for the API or a person to say.
 */
export function expireJobs({ db, epoch, gauge, audit }: StoreContext): (expiry: Expiry) => ExpiredJob[] {
  const due = db.prepare<[number, number], ExpiredRow>(`
    select job.seq, job.event_seq, job.mapping, job.integration, job.order_key, job.head, event.received_at,
      job.replay_seq > 0 as is_replayed
    from job
    join event on event.seq = job.event_seq
    where job.state = 'queued' and job.expires_at is not null and job.expires_at <= ?
    order by job.expires_at
    limit ?`)
  const end = db.prepare(`
    update job
    set state = 'dead', head = 0, delayed = 0, reason = ?, message = ?, finished_at = ?
    where seq = ?`)
  const letNextGo = prepareLetNextGo(db)

  return ({ reason, message, now }) =>
    due.all(now, EXPIRED_MAX).map(job => {
      const { seq, event_seq: eventSeq, mapping, integration, head } = job
      end.run(reason, message, now, seq)
      gauge.openJobs--
      if (head === 1) letNextGo(job)
      audit.append({
        at: now,
        actor: BRIDGE_ACTOR,
        action: 'job.dead',
        integration,
        mapping,
        eventSeq,
        jobSeq: seq,
        detail: { reason },
      })
      const [id, eventId] = [formatId('job', epoch, seq), formatId('evt', epoch, eventSeq)]
      return { id, mapping, integration, eventId, receivedAt: job.received_at, isReplayed: job.is_replayed === 1 }
    })
}
