import type { ClaimedJob, JobProgress, Recovered } from '../../../src/store/jobs.ts'
import { type Clock, type InProcessStore, openInProcess } from '../../fixtures/open-in-process.ts'
import { isOpen, type Model, type ModelJob, moveModelJob, planClaim, recoverModelJob } from './job-model.ts'

const SUSPECT_GAP_MS = 1_000

export const CAPS = {
  a: { perMinuteMax: 2, perDayMax: null },
  b: { perMinuteMax: null, perDayMax: 3 },
} as const
export type Integration = keyof typeof CAPS
export const INTEGRATIONS: readonly Integration[] = ['a', 'b']
export const LEASE_MS = 60_000
export const SETTLE_MS = 30_000
export const CRASHES_MAX = 3

/** The store under test and the model of what it should be. */
export interface Stage {
  file: string
  clock: Clock
  store: InProcessStore
  model: Model
}

export function bootOf(model: Model): string {
  return `boot-${model.boot}`
}

export function openStage(file: string): Stage {
  const clock = { wallAt: 1_800_000_000_000, monotonicMs: 0 }
  const stage = {
    file,
    clock,
    store: openInProcess(file, clock),
    model: { now: clock.wallAt, boot: 1, jobs: [], heads: new Map(), requests: [] },
  }
  stage.store.call('registerTokens', {
    now: clock.wallAt,
    resumeHeld: true,
    tokens: INTEGRATIONS.map(integration => ({ integration, fingerprint: 'fp', purpose: null, owner: null })),
  })
  return stage
}

/** Throws where a statement about the product does not hold. */
export function expectThat(holds: boolean, statement: string): void {
  if (!holds) throw new Error(statement)
}

export function pass({ clock, model }: Stage, ms: number): void {
  clock.wallAt += ms
  clock.monotonicMs += ms
  model.now += ms
}

/** Claims, compares with the model, and leases there too. */
export function claimBoth({ store, model }: Stage, integration: string, max: number): ClaimedJob[] {
  const expected = planClaim(model, integration, max)
  const claimed = store.call('claimJobs', {
    bootId: bootOf(model),
    now: model.now,
    leaseExpiresAt: model.now + LEASE_MS,
    room: [{ integration, max }],
  })
  const seqs = (jobs: readonly { seq: number }[]): string => jobs.map(job => job.seq).join(' ')
  expectThat(seqs(claimed) === seqs(expected), `claimed ${seqs(claimed)}, expected ${seqs(expected)}`)
  for (const job of expected) {
    expectThat(job.state !== 'running', `job ${job.seq} was leased twice`)
    const rival = model.jobs.find(other => other.state === 'running' && isSameOrder(other, job))
    expectThat(rival === undefined, `jobs ${rival?.seq} and ${job.seq} of one key run at once`)
    moveModelJob(model, job, 'running')
    job.leaseUntil = model.now + LEASE_MS
  }
  return claimed
}

function isSameOrder(a: ModelJob, b: ModelJob): boolean {
  return a.key !== null && a.key === b.key && a.integration === b.integration
}

/** Ends leases of other boots and leases that ran out, in both. */
export function recoverBoth({ store, model }: Stage, bootChanged: boolean): void {
  const lost = model.jobs.filter(job => job.state === 'running' && (bootChanged || job.leaseUntil < model.now))
  let suspects = 0
  for (const job of lost) {
    recoverModelJob(model, job, SETTLE_MS, CRASHES_MAX)
    // what was at work twice when the process died runs one after another
    if (job.crashes === CRASHES_MAX - 1 && job.state !== 'held') job.nextAt += SUSPECT_GAP_MS * suspects++
  }
  const recovered: Recovered = store.call('recoverJobs', {
    bootId: bootOf(model),
    now: model.now,
    settleMs: SETTLE_MS,
    crashesMax: CRASHES_MAX,
  })
  const total = recovered.requeued + recovered.inDoubt + recovered.held + recovered.dead
  expectThat(total === lost.length, `recovered ${total}, expected ${lost.length}`)
}

export function crash(stage: Stage): void {
  stage.store.close()
  stage.clock.monotonicMs = 0
  stage.store = openInProcess(stage.file, stage.clock)
  stage.model.boot++
  recoverBoth(stage, true)
}

/** Compares every job with the model, and the rows with what must hold of any. */
export function checkAll({ store, model }: Stage): void {
  const { db } = store.context
  const describe = (jobs: readonly { seq: number; state: string; attempts: number; nextAt: number }[]): string =>
    jobs.map(({ seq, state, attempts, nextAt }) => `${seq} ${state} ${attempts} ${nextAt}`).join('\n')
  const rows = db.prepare('select seq, state, attempts, next_attempt_at as nextAt from job order by seq').all()
  const found = describe(rows as ModelJob[])
  expectThat(found === describe(model.jobs), `found\n${found}\nexpected\n${describe(model.jobs)}`)
  const twoHeads = db
    .prepare(
      `select 1 from job where head = 1 and order_key is not null and state in ('queued', 'running', 'in_doubt', 'held')
       group by integration, order_key having count(*) > 1`,
    )
    .all()
  expectThat(twoHeads.length === 0, 'a key has more than one head')
  const open = model.jobs.filter(isOpen).length
  expectThat(store.call('readBacklog', undefined).openJobs === open, `the backlog is not ${open}`)
}

/** Lets everything end: what is neither held nor behind a held one must come to its end. */
export function drain(stage: Stage): void {
  crash(stage)
  const progress: JobProgress = { done: [], doubt: null }
  for (let idle = 0; idle < 2; ) {
    pass(stage, 3_600_000)
    const claimed = INTEGRATIONS.flatMap(integration => claimBoth(stage, integration, 5))
    idle = claimed.length === 0 ? idle + 1 : 0
    for (const { seq } of claimed) {
      const finish = { jobSeq: seq, bootId: bootOf(stage.model), now: stage.model.now, progress }
      const answer = stage.store.call('finishJob', { ...finish, next: { state: 'succeeded' } })
      expectThat(answer.ok, `job ${seq} could not be finished`)
      moveModelJob(stage.model, stage.model.jobs.find(job => job.seq === seq)!, 'succeeded')
    }
  }
  checkAll(stage)
  for (const job of stage.model.jobs.filter(job => isOpen(job) && job.state !== 'held')) {
    const blocker = stage.model.jobs.find(other => isSameOrder(other, job) && other.state === 'held')
    expectThat(blocker !== undefined, `job ${job.seq} is left ${job.state} although nothing stands before it`)
  }
}
