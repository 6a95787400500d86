import { type AuditAction, adminActor } from '../audit.ts'
import type { JobAct, JobActAnswer, JobActRefusalReason } from '../job-acts.ts'
import type { JobProgress, JobState, Restored } from '../jobs.ts'
import type { StoreContext } from './context.ts'
import { formatId, parseId } from './ids.ts'
import { VERSION_COLUMNS, type VersionRow, versionOf } from './job-version.ts'
import { prepareHasHead } from './order-head.ts'
import { overtakingJobs } from './overtaking-jobs.ts'

/** A job a person acts on. */
export interface ActedJob extends VersionRow {
  seq: number
  event_seq: number
  mapping: string
  integration: string
  order_key: string | null
  replay_seq: number
  state: JobState
  head: 0 | 1
  restored: Restored | null
  isPayloadKept: 0 | 1
}
export type Refuse = (reason: JobActRefusalReason) => Extract<JobActAnswer, { ok: false }>

/**
 * Prepares one act: the job is read and changed in one transaction, so that nobody moves it in between. `act` is called
 * where it is still as the person saw it, and accounted for as `action` where it was done.
 */
export function prepareAct<A extends JobAct>(
  { db, epoch, audit }: StoreContext,
  action: AuditAction,
  states: readonly JobState[],
  act: (job: ActedJob, ask: A, refuse: Refuse) => { state: JobState; message: string } | ReturnType<Refuse>,
): (ask: A) => JobActAnswer {
  const select = db.prepare<[number], ActedJob>(`
    select job.seq, job.event_seq, job.mapping, job.integration, job.order_key, job.replay_seq, job.head, job.restored,
      event.block is not null as isPayloadKept, ${VERSION_COLUMNS}
    from job
    join event on event.seq = job.event_seq
    where job.seq = ?`)
  return ask => {
    const seq = parseId('job', epoch, ask.jobId)
    const job = seq === null ? undefined : select.get(seq)
    if (job === undefined) return { ok: false, reason: 'not_found' }
    const refuse: Refuse = reason => ({ ok: false, reason, state: job.state })
    if (ask.version !== null && versionOf(job) !== ask.version) return refuse('changed')
    if (!states.includes(job.state)) return refuse('wrong_state')
    const done = act(job, ask, refuse)
    if ('ok' in done) return done
    audit.append({
      at: ask.now,
      actor: adminActor(ask.actor),
      action,
      integration: job.integration,
      mapping: job.mapping,
      eventSeq: job.event_seq,
      jobSeq: job.seq,
      detail: { from: job.state, to: done.state, message: done.message },
    })
    return { ok: true, id: formatId('job', epoch, job.seq), ...done }
  }
}

/** What a job has behind it. */
export function progressOf({ progress }: ActedJob): JobProgress {
  return progress === null ? { done: [], doubt: null } : (JSON.parse(progress) as JobProgress)
}

export interface Reopening {
  state: 'queued' | 'in_doubt'
  progress: JobProgress
  reason: string
  message: string
  now: number
}

/**
 * Puts a held, doubtful or dead job back to work at once, with its attempts counted anew. One that was dead takes a place
 * in the order of its key again. An expiry that is over is forgotten: a person's word is younger.
 */
export function prepareReopen({ db, gauge }: StoreContext): (job: ActedJob, reopening: Reopening) => void {
  const hasHead = prepareHasHead(db)
  const reopen = db.prepare(`
    update job
    set state = ?, head = ?, progress = ?, reason = ?, message = ?, next_attempt_at = ?, attempts = 0, conflicts = 0,
      crashes = 0, expires_at = case when expires_at > ? then expires_at end, finished_at = null
    where seq = ?`)
  return (job, { state, progress, reason, message, now }) => {
    const saved = progress.done.length === 0 && progress.doubt === null ? null : JSON.stringify(progress)
    const wasDead = job.state === 'dead'
    const head = wasDead ? !hasHead(job.integration, job.order_key) : job.head === 1
    reopen.run(state, head ? 1 : 0, saved, reason, message, now, now, job.seq)
    if (wasDead) gauge.openJobs++
  }
}

/** Prepares the question whether a newer job of an order key has succeeded, whose work an older one may undo. */
export function prepareIsOvertaken(
  db: StoreContext['db'],
): (seq: number, integration: string, orderKey: string | null) => boolean {
  const newer = db.prepare<{ after: number; integration: string; orderKey: string }, { found: 1 }>(
    `select 1 as found from ${overtakingJobs('seq')} limit 1`,
  )
  return (after, integration, orderKey) =>
    orderKey !== null && newer.get({ after, integration, orderKey }) !== undefined
}

/**
 * Prepares what must be asked before a dead job is put back to work: is its payload still there, was it ever planned, and
 * has a newer job of its order key succeeded meanwhile?
 */
export function prepareCheckDead({
  db,
}: StoreContext): (job: ActedJob, ask: { force: boolean }) => JobActRefusalReason | null {
  const route = prepareReadRoute(db)
  const isOvertaken = prepareIsOvertaken(db)
  return (job, { force }) => {
    if (job.state !== 'dead') return null
    if (job.isPayloadKept === 0) return 'payload_pruned'
    if (route(job).failed !== undefined) return 'not_planned'
    return !force && isOvertaken(job.seq, job.integration, job.order_key) ? 'overtaken' : null
  }
}

interface RouteEntry {
  mapping?: string
  failed?: string
}
export interface ReadRoute {
  /** What routing said, to be written back. */
  detail: unknown
  /** Its entry on the mapping of the job where that failed to plan: the dead job stands for those there would have been. */
  failed: RouteEntry | undefined
}

/** Prepares reading what routing said of the mapping of a job. */
export function prepareReadRoute(db: StoreContext['db']): (job: ActedJob) => ReadRoute {
  const route = db.prepare<[number], string>('select detail from event_route where event_seq = ?').pluck()
  return job => {
    const detail = JSON.parse(route.get(job.event_seq) ?? '[]') as { mappings?: unknown } | unknown[]
    const entries = Array.isArray(detail) ? detail : Array.isArray(detail.mappings) ? detail.mappings : []
    const failed = (entries as RouteEntry[]).find(entry => entry.mapping === job.mapping && entry.failed !== undefined)
    // a replay makes planned jobs only, whatever routing had found
    return { detail, failed: job.replay_seq > 0 ? undefined : failed }
  }
}
