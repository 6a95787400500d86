import type { Effect } from '../../../src/store/attempts.ts'
import type { JobDetail } from '../../../src/store/reports.ts'

export type State = JobDetail['state']

/** What a job should be, kept beside the database in the simplest way there is. */
export interface ModelJob {
  seq: number
  eventId: string
  mapping: string
  integration: string
  key: string | null
  state: State
  /** Stands in the order of its key; false while it waits for its `runAt`. */
  entered: boolean
  nextAt: number
  attempts: number
  crashes: number
  inDoubt: boolean
  /** Has a write behind it that a person said was applied. */
  hasDone: boolean
  /** Was told to wait for a cap, and is not sending yet. */
  waits: boolean
  leaseUntil: number
  attempt: { seq: number; effect: Effect } | null
}

export interface ModelRequest {
  integration: string
  attemptSeq: number
  sentAt: number
  endedAt: number | null
}

export interface Model {
  now: number
  boot: number
  jobs: ModelJob[]
  /** The job of each order that stands first. */
  heads: Map<string, number>
  requests: ModelRequest[]
}

const OPEN: readonly State[] = ['queued', 'running', 'in_doubt', 'held']

export function isOpen(job: ModelJob): boolean {
  return OPEN.includes(job.state)
}

export function orderOf(job: ModelJob): string {
  return `${job.integration}/${job.key}`
}

/** Names who stands first in an order where nobody does: the oldest that is open. */
export function settleHead(model: Model, order: string): void {
  const inOrder = model.jobs.filter(job => job.key !== null && orderOf(job) === order && job.entered && isOpen(job))
  if (inOrder.some(job => job.seq === model.heads.get(order))) return
  const oldest = inOrder[0]
  if (oldest === undefined) model.heads.delete(order)
  else model.heads.set(order, oldest.seq)
}

/** The jobs a claim must give out, in its order; lets delayed ones in first, as a claim does. */
export function planClaim(model: Model, integration: string, max: number): ModelJob[] {
  const due = model.jobs.filter(job => job.state === 'queued' && !job.entered && job.nextAt <= model.now)
  for (const job of due.sort((a, b) => a.nextAt - b.nextAt || a.seq - b.seq)) {
    job.entered = true
    if (job.key !== null) settleEntered(model, job)
  }
  return model.jobs
    .filter(job => job.integration === integration && (job.state === 'queued' || job.state === 'in_doubt'))
    .filter(job => job.entered && job.nextAt <= model.now)
    .filter(job => job.key === null || model.heads.get(orderOf(job)) === job.seq)
    .sort((a, b) => a.nextAt - b.nextAt || a.seq - b.seq)
    .slice(0, max)
}

function settleEntered(model: Model, job: ModelJob): void {
  if (!model.heads.has(orderOf(job))) model.heads.set(orderOf(job), job.seq)
}

export function moveModelJob(model: Model, job: ModelJob, state: State, nextAt = job.nextAt): void {
  job.state = state
  job.nextAt = nextAt
  job.attempt = null
  if (job.key !== null && !isOpen(job)) settleHead(model, orderOf(job))
}

/** What recovery must make of a job whose lease has ended. */
export function recoverModelJob(model: Model, job: ModelJob, settleMs: number, crashesMax: number): void {
  const effect = job.attempt?.effect
  for (const request of model.requests) if (request.attemptSeq === job.attempt?.seq) request.endedAt ??= model.now
  if (!job.waits) job.crashes++
  job.waits = false
  if (effect === 'once') moveModelJob(model, job, 'held')
  else if (effect === 'verify' || job.inDoubt) {
    if (job.crashes >= crashesMax) moveModelJob(model, job, 'held')
    else moveModelJob(model, job, 'in_doubt', model.now + settleMs)
  } else if (job.crashes >= crashesMax) moveModelJob(model, job, 'dead')
  else moveModelJob(model, job, 'queued', model.now)
}
