import type { FinishAttempt, Intent } from '../attempts.ts'
import { BRIDGE_ACTOR } from '../audit.ts'
import { ECHO_WAIT_MAX_MS, ECHO_WINDOW_MS, objectsInAnswer, objectsInVariables } from '../own-objects.ts'
import type { EchoQuestion, PlannedJob, RouteDecision } from '../routes.ts'
import type { StoreContext } from './context.ts'
import type { Epochs } from './epochs.ts'
import { formatId } from './ids.ts'
import { type MovedJob, prepareLetNextGo } from './move-job.ts'

/** `object_id` of a mutation that makes something: its id is not known before the answer. */
const UNKNOWN_OBJECT = ''
const INSERT = `
  insert into own_write (object_id, attempt_seq, sent_at, ended_at)
  values (?, ?, ?, ?)
  on conflict (object_id, attempt_seq) do update set ended_at = excluded.ended_at`

/** The write an event is the echo of. */
interface Cause {
  object: string
  operation: string
  job_seq: number
  sent_at: number
}

interface Guarded {
  decision: RouteDecision
  isEcho: boolean
  /** Its jobs may run from then on; null = at once. */
  waitUntil: number | null
  /** Told of every job that was made. */
  watch: (job: PlannedJob, jobSeq: number) => void
}

/** Writes down which entries and pages a mutation is about to touch. */
export function noteIntent({ db, gauge }: StoreContext): (attemptSeq: number, intent: Intent) => void {
  const insert = db.prepare(INSERT)
  return (attemptSeq, { variables, now }) => {
    const objects = objectsInVariables(JSON.parse(variables))
    for (const object of objects.length === 0 ? [UNKNOWN_OBJECT] : objects) insert.run(object, attemptSeq, now, now)
    gauge.hasOwnWrites = true
  }
}

/**
 * Writes down what a mutation has touched by its answer: the window begins anew, and the id of what was made is known.
 * What was refused or never sent touched nothing.
 */
export function noteOutcome(context: StoreContext): (finish: FinishAttempt) => void {
  const { db, gauge } = context
  const read = db.prepare<[number], Written & { effect: string; step: string }>(
    'select seq, operation, job_seq, sent_at, effect, step from attempt where seq = ?',
  )
  const written = db.prepare<[number, string], Written>(`
    select seq, operation, job_seq, sent_at
    from attempt
    where job_seq = ? and step = ? and effect <> 'read'
    order by seq desc
    limit 1`)
  const extend = db.prepare('update own_write set ended_at = ? where attempt_seq = ?')
  const forget = db.prepare('delete from own_write where attempt_seq = ?')
  const forgetUnknown = db.prepare(`delete from own_write where object_id = '${UNKNOWN_OBJECT}' and attempt_seq = ?`)
  const insert = db.prepare(INSERT)
  const callOff = prepareCallOff(context)
  const release = prepareRelease(db)

  const adopt = (attempt: Written, { progress, now }: FinishAttempt): void => {
    for (const object of objectsInAnswer(progress.done.at(-1)?.data)) {
      insert.run(object, attempt.seq, attempt.sent_at, now)
      callOff(object, attempt, now)
    }
  }
  return finish => {
    if (!gauge.hasOwnWrites) return
    const attempt = read.get(finish.attemptSeq)
    if (attempt === undefined) return
    if (attempt.effect === 'read') {
      // a lost answer was asked for (its step is "<step>?") and found: only now is it known what was made
      const found = finish.progress.doubt === null ? finish.progress.done.at(-1) : undefined
      if (found === undefined || attempt.step !== `${found.id}?`) return
      const lost = written.get(finish.jobSeq, found.id)
      if (lost !== undefined) adopt(lost, finish)
      return
    }
    if (finish.outcome === 'applied') adopt(attempt, finish)
    if (finish.outcome === 'applied' || finish.outcome === 'unknown') extend.run(finish.now, attempt.seq)
    else forget.run(attempt.seq)
    forgetUnknown.run(attempt.seq)
    release(finish.now)
  }
}

interface Written {
  seq: number
  operation: string
  job_seq: number
  sent_at: number
}

/** Prepares the loop guard of routing: strikes the jobs of an event that is the echo of a write of ours. */
export function prepareEchoGuard(context: StoreContext): (decision: RouteDecision) => Guarded {
  const { db, epoch } = context
  const cause = db.prepare<[string, number, number, string], Cause>(`
    select own_write.object_id as object, attempt.operation, attempt.job_seq, attempt.sent_at
    from own_write
    join attempt on attempt.seq = own_write.attempt_seq
    where own_write.object_id = ? and own_write.sent_at <= ? and own_write.ended_at >= ?
      and attempt.operation not in (select value from json_each(?))
    order by own_write.attempt_seq desc
    limit 1`)
  const beingMade = db.prepare<[number, string], { seq: number }>(`
    select attempt.seq
    from own_write
    join attempt on attempt.seq = own_write.attempt_seq
    where own_write.object_id = '${UNKNOWN_OBJECT}' and attempt.outcome is null and own_write.sent_at <= ?
      and attempt.operation not in (select value from json_each(?))
    limit 1`)
  const insertWatch = db.prepare(
    'insert or ignore into echo_watch (object_id, job_seq, received_at, not_by) values (?, ?, ?, ?)',
  )
  const findCause = ({ objects, receivedAt }: EchoQuestion, notBy: string): Cause | undefined => {
    for (const object of objects) {
      const found = cause.get(object, receivedAt, receivedAt - ECHO_WINDOW_MS, notBy)
      if (found !== undefined) return found
    }
    return undefined
  }

  return decision => {
    const { echo } = decision
    if (echo === undefined || echo.objects.length === 0)
      return { decision, isEcho: false, waitUntil: null, watch: () => {} }
    const notBy = JSON.stringify(echo.notBy)
    const found = findCause(echo, notBy)
    if (found !== undefined)
      return { decision: strike(decision, found, epoch), isEcho: true, waitUntil: null, watch: () => {} }
    if (beingMade.get(echo.receivedAt, notBy) === undefined)
      return { decision, isEcho: false, waitUntil: null, watch: () => {} }
    return {
      decision,
      isEcho: false,
      waitUntil: decision.routedAt + ECHO_WAIT_MAX_MS,
      watch: (job, jobSeq) => {
        if (job.onEcho === 'run') return
        for (const object of echo.objects) insertWatch.run(object, jobSeq, echo.receivedAt, notBy)
      },
    }
  }
}

/** Forgets writes whose echo can no longer come; an event that is not routed yet is judged by when it came. */
export function forgetOwnWrites({ db, gauge }: StoreContext): (now: number) => void {
  const oldestUnrouted = db
    .prepare<[number], number>('select received_at from event where seq > ? and receipt = 0 order by seq limit 1')
    .pluck()
  const forget = db.prepare('delete from own_write where ended_at < ?')
  const forgetWatch = db.prepare('delete from echo_watch where received_at < ?')
  const any = db.prepare<[], number>('select exists (select 1 from own_write)').pluck()
  return now => {
    const before = Math.min(now, oldestUnrouted.get(gauge.routedSeq) ?? now) - ECHO_WINDOW_MS
    forget.run(before)
    forgetWatch.run(before)
    gauge.hasOwnWrites = any.get() === 1
  }
}

function strike(decision: RouteDecision, cause: Cause, epoch: Epochs): RouteDecision {
  const jobs = decision.jobs.filter(job => job.onEcho === 'run')
  const said = typeof decision.detail === 'string' ? JSON.parse(decision.detail) : decision.detail
  const kept = new Set(jobs.map(job => job.mapping))
  const mappings = (said as { mapping: string; matched: boolean }[]).map(entry =>
    entry.matched && !kept.has(entry.mapping)
      ? { mapping: entry.mapping, matched: true, jobs: 0, skipped: 'echo' }
      : entry,
  )
  return {
    ...decision,
    jobs,
    outcome: jobs.length === 0 ? 'echo' : decision.outcome,
    detail: { ...describeEcho(cause, epoch), mappings },
  }
}

/** Why an event is an echo, for people: what of ours caused it. */
function describeEcho(cause: Cause, epoch: Epochs): object {
  const job = formatId('job', epoch, cause.job_seq)
  return {
    reason: 'echo',
    message: `caused by "${cause.operation}" of ${job}, sent ${new Date(cause.sent_at).toISOString()}`,
    job,
    operation: cause.operation,
    object: cause.object,
  }
}

/** Ends jobs that were made of an event before it was known that we had made what it names; those under way go on. */
function prepareCallOff(context: StoreContext): (object: string, write: Written, now: number) => void {
  const { db, gauge, epoch, audit } = context
  const watching = db.prepare<[string, number], { job_seq: number; not_by: string }>(
    'select job_seq, not_by from echo_watch where object_id = ? and received_at >= ?',
  )
  const isHead = db.prepare<[number], number>('select head from job where seq = ?').pluck()
  const end = db.prepare<unknown[], MovedJob & { event_seq: number; mapping: string }>(`
    update job
    set state = 'superseded', head = 0, delayed = 0, finished_at = ?, reason = 'echo', message = ?
    where seq = ? and state = 'queued' and attempts = 0 and progress is null
    returning seq, integration, order_key, event_seq, mapping`)
  const forget = db.prepare('delete from echo_watch where job_seq = ?')
  const route = db.prepare<[number], { detail: string }>('select detail from event_route where event_seq = ?')
  const others = db.prepare<[number], { seq: number }>(
    `select seq from job where event_seq = ? and not (state = 'superseded' and reason = 'echo') limit 1`,
  )
  const setRoute = db.prepare(
    `update event_route set detail = ?, outcome = case when ? = 1 then outcome else 'echo' end where event_seq = ?`,
  )
  const letNextGo = prepareLetNextGo(db)

  return (object, write, now) => {
    for (const { job_seq: jobSeq, not_by: notBy } of watching.all(object, write.sent_at)) {
      if ((JSON.parse(notBy) as string[]).includes(write.operation)) continue
      forget.run(jobSeq)
      const echo = describeEcho({ ...write, object }, epoch) as { message: string }
      const stoodFirst = isHead.get(jobSeq) === 1
      const ended = end.get(now, echo.message, jobSeq)
      if (ended === undefined) continue
      gauge.openJobs--
      audit.append({
        at: now,
        actor: BRIDGE_ACTOR,
        action: 'job.superseded',
        integration: ended.integration,
        mapping: ended.mapping,
        eventSeq: ended.event_seq,
        jobSeq,
        detail: { reason: 'echo', message: echo.message },
      })
      // else another stands first, and the oldest may be another still: one that was let in later, or retried
      if (stoodFirst) letNextGo(ended)
      const detail = JSON.parse(route.get(ended.event_seq)!.detail) as object[] | { mappings: object[] }
      const mappings = (Array.isArray(detail) ? detail : detail.mappings).map(entry =>
        'mapping' in entry && entry.mapping === ended.mapping ? { ...entry, jobs: 0, skipped: 'echo' } : entry,
      )
      const isOthers = others.get(ended.event_seq) !== undefined
      setRoute.run(JSON.stringify({ ...echo, mappings }), isOthers ? 1 : 0, ended.event_seq)
    }
  }
}

/** Lets watched jobs go on once nothing is being made any more that their event may name. */
function prepareRelease(db: StoreContext['db']): (now: number) => void {
  const free = db.prepare<[], { job_seq: number }>(`
    select distinct job_seq
    from echo_watch
    where not exists (
      select 1
      from own_write
      join attempt on attempt.seq = own_write.attempt_seq
      where own_write.object_id = '${UNKNOWN_OBJECT}' and attempt.outcome is null and own_write.sent_at <= echo_watch.received_at)`)
  const letGo = db.prepare(`
    update job
    set next_attempt_at = min(next_attempt_at, ?)
    where seq = ? and state = 'queued' and delayed = 0 and attempts = 0 and progress is null`)
  const forget = db.prepare('delete from echo_watch where job_seq = ?')
  return now => {
    for (const { job_seq: jobSeq } of free.all()) {
      letGo.run(now, jobSeq)
      forget.run(jobSeq)
    }
  }
}
