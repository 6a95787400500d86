import type { JobActAnswer, JobReplan } from '../job-acts.ts'
import type { PlannedJob } from '../routes.ts'
import { type ActedJob, prepareAct, prepareIsOvertaken, prepareReadRoute } from './act-on-job.ts'
import type { StoreContext } from './context.ts'
import { prepareHasHead } from './order-head.ts'
import { prepareInsertJob } from './record-routes.ts'
import { withoutPastExpiry } from './without-past-expiry.ts'

/**
 * Retries a dead job whose mapping had failed before it made its jobs, by the plan of now: the first job takes the place of
 * the dead one, and its id; the others are new. The event says from then on that its mapping was planned.
 */
export function replanJob(context: StoreContext): (replan: JobReplan) => JobActAnswer {
  const { db, gauge } = context
  const readRoute = prepareReadRoute(db)
  const isOvertaken = prepareIsOvertaken(db)
  const insertJob = prepareInsertJob(db)
  const replace = prepareReplace(db)
  const doubtJob = db.prepare('update job set restored = ? where seq = ?')
  const setRoute = db.prepare('update event_route set detail = ? where event_seq = ?')

  return prepareAct<JobReplan>(context, 'job.retried', ['dead'], (job, { jobs, force, actor, now }, refuse) => {
    const { detail, failed } = readRoute(job)
    if (failed === undefined) return refuse('planned')
    if (job.isPayloadKept === 0) return refuse('payload_pruned')
    if (!force && jobs.some(({ integration, orderKey }) => isOvertaken(job.seq, integration, orderKey)))
      return refuse('overtaken')
    const alive = jobs.map(planned => withoutPastExpiry(planned, now))
    const [first, ...others] = alive as [PlannedJob, ...PlannedJob[]]
    const message = `Planned anew by "${actor}": ${jobs.length} ${jobs.length === 1 ? 'job' : 'jobs'}`
    replace(job, first, message, now)
    for (const other of others) {
      const jobSeq = insertJob({ eventSeq: job.event_seq, routedAt: now }, other, null)
      if (job.restored !== null) doubtJob.run(job.restored, jobSeq)
    }
    gauge.openJobs += jobs.length
    for (const key of Object.keys(failed)) delete failed[key as keyof typeof failed]
    Object.assign(failed, { mapping: job.mapping, matched: true, jobs: jobs.length })
    setRoute.run(JSON.stringify(detail), job.event_seq)
    return { state: 'queued', message }
  })
}

function prepareReplace(
  db: StoreContext['db'],
): (job: ActedJob, planned: PlannedJob, message: string, now: number) => void {
  const hasHead = prepareHasHead(db)
  const update = db.prepare(`
    update job
    set mapping_hash = ?, integration = ?, item_index = ?, item = ?, order_key = ?, state = 'queued', head = ?, delayed = ?,
      next_attempt_at = ?, expires_at = ?, attempts = 0, conflicts = 0, crashes = 0, reason = 'retried', message = ?,
      finished_at = null
    where seq = ?`)
  return ({ seq }, planned, message, now) => {
    const { mappingHash, integration, itemIndex, item, orderKey, runAt, expiresAt } = planned
    const delayed = runAt !== null && runAt > now
    const head = !delayed && !hasHead(integration, orderKey)
    const at = delayed ? runAt : now
    const flags = [head ? 1 : 0, delayed ? 1 : 0]
    update.run(mappingHash, integration, itemIndex, item, orderKey, ...flags, at, expiresAt, message, seq)
  }
}
