import { BRIDGE_ACTOR } from '../audit.ts'
import type { PlannedJob, RouteDecision, Routes, RoutesRecorded } from '../routes.ts'
import { prepareAuditRoute } from './audit-route.ts'
import type { StoreContext } from './context.ts'
import { OPEN } from './job-states.ts'
import { prepareEchoGuard } from './own-writes.ts'

/** Writes what became of a batch of events: jobs, or the reason why not, and how far routing has come. */
export function recordRoutes(context: StoreContext): (routes: Routes) => RoutesRecorded {
  const { db, epoch, gauge, words } = context
  const insertRoute = db.prepare(`
    insert into event_route (event_seq, outcome, type, detail, routed_at)
    values (?, ?, ?, ?, ?)`)
  const setRouted = db.prepare(`update meta set value = ? where name = 'routed_seq'`)
  const insertJob = prepareInsertJob(db)
  const insertDead = prepareInsertDead(context)
  const supersede = prepareSupersede(context)
  const auditRoute = prepareAuditRoute(context)
  const guard = prepareEchoGuard(context)
  // it was routed after the backup that was restored, and its jobs may be done
  const doubtJob = db.prepare(`update job set restored = 'unsure' where seq = ?`)

  return ({ decisions, throughSeq }) => {
    let jobs = 0
    let superseded = 0
    let echoes = 0
    for (const judged of decisions) {
      const { decision, isEcho, waitUntil, watch } = guard(judged)
      if (isEcho) echoes++
      insertRoute.run(
        decision.eventSeq,
        decision.outcome,
        decision.type,
        typeof decision.detail === 'string' ? decision.detail : JSON.stringify(decision.detail),
        decision.routedAt,
      )
      auditRoute(decision)
      for (const job of decision.jobs) {
        if (job.failed !== null) {
          insertDead(decision, job, job.failed)
          continue
        }
        if (job.coalesce && job.orderKey !== null) superseded += supersede(job, decision.routedAt)
        const jobSeq = insertJob(decision, job, job.onEcho === 'run' ? null : waitUntil)
        watch(job, jobSeq)
        if (epoch.isBeforeRestore('evt', decision.eventSeq)) doubtJob.run(jobSeq)
        jobs++
      }
    }
    words.append(decisions.filter(isSearchable))
    if (throughSeq > gauge.routedSeq) {
      setRouted.run(throughSeq)
      gauge.routedSeq = throughSeq
    }
    gauge.openJobs += jobs - superseded
    return { jobs, superseded, echoes }
  }
}

/** A decision without words, or with none in its payload, has nothing to be found by. */
function isSearchable(decision: RouteDecision): decision is RouteDecision & { words: string } {
  return decision.words !== undefined && decision.words !== ''
}

/** `waitUntil`: not before then, yet in the order of its key. Gives the job's row number. */
export function prepareInsertJob(
  db: StoreContext['db'],
): (decision: Pick<RouteDecision, 'eventSeq' | 'routedAt'>, job: PlannedJob, waitUntil: number | null) => number {
  const olderOpen = db.prepare<[string, string], { seq: number }>(`
    select seq
    from job
    where integration = ? and order_key = ? and delayed = 0 and state in ${OPEN}
    limit 1`)
  const insert = db.prepare(`
    insert into job (event_seq, mapping, mapping_hash, integration, item_index, item, order_key, state, head, delayed,
      next_attempt_at, expires_at, created_at)
    values (?, ?, ?, ?, ?, ?, ?, 'queued', ?, ?, ?, ?, ?)`)
  return (decision, job, waitUntil) => {
    const now = decision.routedAt
    const delayed = job.runAt !== null && job.runAt > now
    const head = !delayed && (job.orderKey === null || olderOpen.get(job.integration, job.orderKey) === undefined)
    const { lastInsertRowid } = insert.run(
      decision.eventSeq,
      job.mapping,
      job.mappingHash,
      job.integration,
      job.itemIndex,
      job.item,
      job.orderKey,
      head ? 1 : 0,
      delayed ? 1 : 0,
      delayed ? job.runAt : (waitUntil ?? now),
      job.expiresAt,
      now,
    )
    return Number(lastInsertRowid)
  }
}

function prepareInsertDead({
  db,
  audit,
}: StoreContext): (decision: RouteDecision, job: PlannedJob, failed: { reason: string; message: string }) => void {
  const insert = db.prepare(`
    insert into job (event_seq, mapping, mapping_hash, integration, item_index, item, order_key, state, head, delayed,
      next_attempt_at, expires_at, created_at, finished_at, reason, message)
    values (?, ?, ?, ?, ?, ?, ?, 'dead', 0, 0, ?, ?, ?, ?, ?, ?)`)
  return ({ eventSeq, routedAt: now }, job, { reason, message }) => {
    const { lastInsertRowid } = insert.run(
      eventSeq,
      job.mapping,
      job.mappingHash,
      job.integration,
      job.itemIndex,
      job.item,
      job.orderKey,
      now,
      job.expiresAt,
      now,
      now,
      reason,
      message,
    )
    audit.append({
      at: now,
      actor: BRIDGE_ACTOR,
      action: 'job.dead',
      integration: job.integration,
      mapping: job.mapping,
      eventSeq,
      jobSeq: Number(lastInsertRowid),
      detail: { reason },
    })
  }
}

interface SupersededRow {
  seq: number
  event_seq: number
}

/** Supersedes what waits of the mapping and order key of a job, and gives how many that were. */
export function prepareSupersede({ db, audit }: StoreContext): (job: PlannedJob, now: number) => number {
  const change = `
    set state = 'superseded', head = 0, delayed = 0, finished_at = ?, reason = 'coalesced'
    where mapping = ? and integration = ? and order_key = ? and state = 'queued' and attempts = 0 and progress is null`
  const ended = 'returning seq, event_seq'
  const inOrder = db.prepare<unknown[], SupersededRow>(`update job ${change} and delayed = 0 ${ended}`)
  const delayed = db.prepare<unknown[], SupersededRow>(`update job ${change} and delayed = 1 ${ended}`)
  // what was superseded may have stood first, and jobs of other mappings behind it
  const letNextGo = db.prepare(`
    update job
    set head = 1
    where seq = (
      select seq
      from job
      where integration = ? and order_key = ? and delayed = 0 and state in ${OPEN}
      order by head desc, seq
      limit 1)`)
  return (job, now) => {
    const fromOrder = inOrder.all(now, job.mapping, job.integration, job.orderKey)
    if (fromOrder.length > 0) letNextGo.run(job.integration, job.orderKey)
    const ended = [...fromOrder, ...delayed.all(now, job.mapping, job.integration, job.orderKey)]
    for (const { seq, event_seq } of ended)
      audit.append({
        at: now,
        actor: BRIDGE_ACTOR,
        action: 'job.superseded',
        integration: job.integration,
        mapping: job.mapping,
        eventSeq: event_seq,
        jobSeq: seq,
        detail: { reason: 'coalesced' },
      })
    return ended.length
  }
}
