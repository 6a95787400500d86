import type { ReplayForecast, ReplayPlan, ReplayScope, ReplaySkip, ReplayStep, ReplayStepAnswer } from '../replays.ts'
import type { StoreContext } from './context.ts'
import { formatId } from './ids.ts'
import { OPEN } from './job-states.ts'
import { overtakingJobs } from './overtaking-jobs.ts'
import { prepareReadReplay } from './read-replay.ts'
import { prepareInsertJob, prepareSupersede } from './record-routes.ts'
import { withoutPastExpiry } from './without-past-expiry.ts'

/** Bits of `job.item_index` below the number of the replay; see the migration. An event makes 10,000 jobs at most. */
const ELEMENT_BITS = 20

/** Records one step of a replay: the jobs it makes, what it skips, how far it has come, in one transaction. */
export function recordReplay(context: StoreContext): (step: ReplayStep) => ReplayStepAnswer {
  const { db, epoch, gauge, audit } = context
  const read = prepareReadReplay(context)
  const findSkip = prepareFindSkip(context)
  const insertJob = prepareInsertJob(db)
  const supersede = prepareSupersede(context)
  const nameOld = db.prepare('update job set replay_of = ? where seq = ?')
  const lastOf = db
    .prepare<[number, string, number], number>(
      'select seq from job where event_seq = ? and mapping = ? and element_index = ? order by seq desc limit 1',
    )
    .pluck()
  const isMade = db.prepare<[number, string, number], 1>(
    'select 1 from job where event_seq = ? and mapping = ? and item_index = ?',
  )
  // an event that could not be read had no type
  const setType = db.prepare('update event_route set type = ? where event_seq = ? and type is null')
  const move = db.prepare(`
    update replay
    set after_seq = ?, taken = taken + ?, jobs = jobs + ?, skipped = ?, state = ?, ended_at = ?
    where seq = ?`)

  return ({ replaySeq, afterSeq, throughSeq, taken, plans, skipped, isLast, now }) => {
    const replay = read(replaySeq)
    if (replay === null || replay.state !== 'running' || replay.afterSeq !== afterSeq)
      return { isCurrent: false, jobs: 0 }
    const counts = { ...replay.skipped }
    for (const [reason, count] of Object.entries(skipped)) add(counts, reason as ReplaySkip, count)
    let jobs = 0
    // asked before any job of this step is made: several elements of one event are no reason to stop one another
    const wanted = plans.filter(plan => {
      const skip = findSkip(plan, replay)
      if (skip !== null) add(counts, skip, 1)
      return skip === null
    })
    for (const { eventSeq, type, jobSeq, planned } of wanted) {
      const itemIndex = replaySeq * 2 ** ELEMENT_BITS + planned.itemIndex
      if (isMade.get(eventSeq, planned.mapping, itemIndex) !== undefined) {
        add(counts, 'repeated', 1)
        continue
      }
      if (planned.coalesce && planned.orderKey !== null) gauge.openJobs -= supersede(planned, now)
      const old = jobSeq ?? lastOf.get(eventSeq, planned.mapping, planned.itemIndex) ?? null
      const made = insertJob({ eventSeq, routedAt: now }, { ...withoutPastExpiry(planned, now), itemIndex }, null)
      nameOld.run(old, made)
      setType.run(type, eventSeq)
      jobs++
    }
    gauge.openJobs += jobs
    move.run(
      throughSeq,
      taken,
      jobs,
      JSON.stringify(counts),
      isLast ? 'ended' : 'running',
      isLast ? now : null,
      replaySeq,
    )
    if (isLast)
      audit.append({
        at: now,
        actor: 'bridge',
        action: 'replay.ended',
        target: formatId('rpl', epoch, replaySeq),
        detail: { taken: replay.taken + taken, jobs: replay.jobs + jobs, skipped: counts },
      })
    return { isCurrent: true, jobs }
  }
}

/** Says of each plan why it would be skipped; null = a job would be made. Writes nothing. */
export function forecastReplay(context: StoreContext): (forecast: ReplayForecast) => { skips: (ReplaySkip | null)[] } {
  const findSkip = prepareFindSkip(context)
  return ({ plans, ...replay }) => ({ skips: plans.map(plan => findSkip(plan, replay)) })
}

/** Prepares the question what stands in the way of a job. What may repeat or undo something is done by force only. */
function prepareFindSkip({
  db,
}: StoreContext): (
  plan: ReplayPlan,
  replay: { scope: ReplayScope; throughSeq: number; force: boolean },
) => ReplaySkip | null {
  const isKept = db.prepare<[number], 1>('select 1 from event where seq = ? and block is not null')
  const isOpen = db.prepare<[number, string, number], 1>(`
    select 1 from job where event_seq = ? and mapping = ? and element_index = ? and state in ${OPEN} limit 1`)
  const isWritten = db.prepare<[number, string, number], 1>(`
    select 1
    from job
    join attempt on attempt.job_seq = job.seq
    where job.event_seq = ? and job.mapping = ? and job.element_index = ? and attempt.effect in ('verify', 'once')
      and (attempt.outcome is null or attempt.outcome in ('applied', 'unknown'))
    limit 1`)
  const newerWaits = db.prepare<[string, string, string, number], 1>(`
    select 1
    from job
    where integration = ? and order_key = ? and mapping = ? and state in ${OPEN} and event_seq > ?
    limit 1`)
  const isOvertaken = db.prepare<
    {
      after: number
      through: number
      until: number | null
      integration: string
      orderKey: string
      mapping: string | null
    },
    1
  >(`
    select 1
    from ${overtakingJobs('event_seq')} as newer
    join event on event.seq = newer.event_seq
    where newer.event_seq > @through or newer.mapping <> @mapping or event.received_at >= @until
    limit 1`)

  return ({ eventSeq, planned }, { scope, throughSeq, force }) => {
    const { mapping, itemIndex, integration, orderKey, coalesce } = planned
    if (planned.failed !== null) return 'mapping_failed'
    if (isKept.get(eventSeq) === undefined) return 'payload_pruned'
    if (isOpen.get(eventSeq, mapping, itemIndex) !== undefined) return 'still_open'
    if (coalesce && orderKey !== null && newerWaits.get(integration, orderKey, mapping, eventSeq) !== undefined)
      return 'coalesced'
    if (force) return null
    if (isWritten.get(eventSeq, mapping, itemIndex) !== undefined) return 'already_written'
    if (orderKey === null) return null
    // newer ones that are replayed too will follow in their order, where it is known that they are meant
    const through = isWhole(scope) ? throughSeq : eventSeq
    const isNarrow = scope.mapping !== null || scope.source !== null
    const newer = { after: eventSeq, through, until: scope.untilAt, mapping: isNarrow ? mapping : null }
    return isOvertaken.get({ ...newer, integration, orderKey }) === undefined ? null : 'overtaken'
  }
}

/** Whether every event of a time is meant, so that the newer ones of an order key are among them. */
function isWhole({ of, ids, type, outcomes }: ReplayScope): boolean {
  return of === 'events' && ids === null && type === null && outcomes === null
}

function add(counts: Partial<Record<ReplaySkip, number>>, reason: ReplaySkip, count: number): void {
  counts[reason] = (counts[reason] ?? 0) + count
}
