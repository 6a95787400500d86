import fc from 'fast-check'
import type { Effect } from '../../../src/store/attempts.ts'
import type { JobNext, JobProgress } from '../../../src/store/jobs.ts'
import { finishFor, intentFor, planJob } from '../../fixtures/drive-store.ts'
import { makeEvent } from '../../fixtures/make-event.ts'
import { type Model, type ModelJob, moveModelJob, orderOf, settleHead } from './job-model.ts'
import {
  bootOf,
  CAPS,
  checkAll,
  claimBoth,
  crash,
  expectThat,
  INTEGRATIONS,
  type Integration,
  LEASE_MS,
  pass,
  recoverBoth,
  type Stage,
} from './store-stage.ts'

type Command = fc.AsyncCommand<Model, Stage>
type Planned = {
  key: string | null
  integration: Integration
  mapping: string
  delayMs: number | null
  coalesce: boolean
}
type Act = 'retry' | 'discard' | 'applied' | 'not_applied'
type Ending = 'succeeded' | 'dead' | 'held' | 'queued' | 'queued_free' | 'in_doubt' | 'running'

const MINUTE_MS = 60_000
const ANY_JOB = {
  limit: 1,
  sinceAt: null,
  untilAt: null,
  source: null,
  type: null,
  mapping: null,
  integration: null,
  states: null,
  reason: null,
}
const DAY_MS = 86_400_000

function command(name: string, run: (stage: Stage) => void): Command {
  return {
    check: () => true,
    run: async (_model, stage) => {
      run(stage)
      checkAll(stage)
    },
    toString: () => name,
  }
}

/** The commands; `seen` counts what they came across, so that a test of nothing is noticed. */
export function storeCommands(seen: Map<string, number>): fc.Arbitrary<Command>[] {
  const note = (name: string): void => void seen.set(name, (seen.get(name) ?? 0) + 1)
  const integration = fc.constantFrom(...INTEGRATIONS)
  const planned = fc.record({
    key: fc.constantFrom('x', 'x', 'y', null),
    integration,
    mapping: fc.constantFrom('m', 'n'),
    delayMs: fc.option(fc.integer({ min: 1, max: 120_000 }), { freq: 3 }),
    coalesce: fc.boolean(),
  })
  const pick = fc.nat({ max: 20 })
  const effect = fc.constantFrom<Effect>('read', 'set', 'keyed', 'verify', 'verify', 'once')
  const ending = fc.constantFrom<Ending>('succeeded', 'dead', 'held', 'queued', 'queued_free', 'in_doubt', 'running')
  const named = (name: string, run: (stage: Stage) => void): Command =>
    command(name, stage => {
      note(name.split(' ')[0]!)
      run(stage)
    })
  const record = planned.map(plan => named(`record ${JSON.stringify(plan)}`, stage => recordBoth(stage, plan, note)))
  const claim = fc
    .tuple(integration, fc.integer({ min: 0, max: 4 }))
    .map(([name, max]) => named(`claim ${name} ${max}`, stage => void claimBoth(stage, name, max)))
  const intent = fc
    .tuple(pick, effect)
    .map(([nth, effect]) => named(`intent ${nth} ${effect}`, stage => intentBoth(stage, nth, effect, note)))
  const finish = fc
    .tuple(pick, ending, fc.integer({ min: 0, max: 100_000 }))
    .map(([nth, end, ms]) => named(`finish ${nth} ${end} ${ms}`, stage => finishBoth(stage, nth, end, ms, note)))
  const act = fc
    .tuple(pick, fc.constantFrom<Act>('retry', 'discard', 'applied', 'not_applied'))
    .map(([nth, act]) => named(`act ${nth} ${act}`, stage => actBoth(stage, nth, act, note)))
  return [
    ...Array(5).fill(record),
    ...Array(5).fill(claim),
    ...Array(7).fill(intent),
    ...Array(5).fill(finish),
    ...Array(3).fill(act),
    fc.integer({ min: 1, max: 20_000 }).map(ms => named(`pass ${ms}`, stage => pass(stage, ms))),
    fc.constant(
      named('crash', stage => {
        crash(stage)
        for (const job of stage.model.jobs) if (job.state === 'dead' && job.crashes >= 3) note('poison')
      }),
    ),
    fc.integer({ min: 1, max: 50_000 }).map(ms => named(`pass ${ms}`, stage => pass(stage, ms))),
    fc.integer({ min: MINUTE_MS, max: DAY_MS }).map(ms => named(`pass ${ms}`, stage => pass(stage, ms))),
    fc.constant(
      named('expire', stage => {
        pass(stage, LEASE_MS + 1)
        recoverBoth(stage, false)
      }),
    ),
  ]
}

function recordBoth({ store, model }: Stage, plan: Planned, note: (name: string) => void): void {
  const { eventId, eventSeq } = store.call('recordEvent', makeEvent({ receivedAt: model.now }))
  const runAt = plan.delayMs === null ? null : model.now + plan.delayMs
  const job = planJob({ ...plan, orderKey: plan.key, runAt })
  const decision = { eventSeq: eventSeq!, type: null, outcome: 'matched', detail: [], routedAt: model.now } as const
  const answer = store.call('recordRoutes', { decisions: [{ ...decision, jobs: [job] }], throughSeq: eventSeq! })
  const seq = store.call('readEvent', eventId)!.jobs[0]!.seq
  const added: ModelJob = {
    seq,
    eventId,
    mapping: plan.mapping,
    integration: plan.integration,
    key: plan.key,
    state: 'queued',
    entered: runAt === null,
    nextAt: runAt ?? model.now,
    attempts: 0,
    crashes: 0,
    inDoubt: false,
    hasDone: false,
    waits: false,
    leaseUntil: 0,
    attempt: null,
  }
  let superseded = 0
  if (plan.coalesce && plan.key !== null) {
    const same = model.jobs.filter(other => orderOf(other) === orderOf(added) && other.mapping === plan.mapping)
    for (const other of same.filter(other => other.state === 'queued' && other.attempts === 0 && !other.hasDone)) {
      moveModelJob(model, other, 'superseded')
      superseded++
      note('superseded')
    }
  }
  expectThat(answer.superseded === superseded, `superseded ${answer.superseded}, expected ${superseded}`)
  model.jobs.push(added)
  if (added.key !== null && added.entered) settleHead(model, orderOf(added))
}

function runningJob(model: Model, nth: number, withAttempt: boolean): ModelJob | undefined {
  const running = model.jobs.filter(job => job.state === 'running' && (job.attempt !== null) === withAttempt)
  return running[nth % Math.max(1, running.length)]
}

function intentBoth({ store, model }: Stage, nth: number, effect: Effect, note: (name: string) => void): void {
  const job = runningJob(model, nth, false)
  if (job === undefined) return
  const caps = CAPS[job.integration as Integration]
  const progress = effect === 'verify' || job.inDoubt ? doubtful(job) : null
  const intent = { bootId: bootOf(model), integration: job.integration, token: 'fp', effect, caps, now: model.now }
  const answer = store.call('recordIntent', intentFor(job, { ...intent, progress }))
  note(answer.granted ? 'granted' : answer.reason)
  const said = answer.granted ? null : answer.reason
  // after a restart what was sent more than 25 h ago is not counted any more, although its end was found only now
  const allowed: (string | null)[] = [blockedBy(model, job, 0), blockedBy(model, job, model.now - DAY_MS - 3_600_000)]
  expectThat(allowed.includes(said), `the intent of job ${job.seq} was answered ${said}, expected ${allowed[0]}`)
  job.waits = !answer.granted
  if (!answer.granted) return
  job.attempt = { seq: answer.attemptSeq, effect }
  if (progress !== null) job.hasDone = false
  job.inDoubt ||= effect === 'verify'
  model.requests.push({ integration: job.integration, attemptSeq: answer.attemptSeq, sentAt: model.now, endedAt: null })
}

/** The cap that stands in the way where requests count that ended within its span and were sent after an instant. */
function blockedBy(model: Model, { integration }: ModelJob, sentAfter: number): 'day_cap' | 'minute_cap' | null {
  const { perMinuteMax, perDayMax } = CAPS[integration as Integration]
  const counted = (spanMs: number): number =>
    model.requests.filter(
      request =>
        request.integration === integration &&
        request.sentAt > sentAfter &&
        (request.endedAt === null || request.endedAt > model.now - spanMs),
    ).length
  if (perDayMax !== null && counted(DAY_MS) >= perDayMax) return 'day_cap'
  return perMinuteMax !== null && counted(MINUTE_MS) >= perMinuteMax ? 'minute_cap' : null
}

function doubtful(job: ModelJob): JobProgress {
  return {
    done: [],
    doubt: { step: 's', operation: 'op', variables: { seq: job.seq }, before: [], asked: 0, failures: 0 },
  }
}

function finishBoth({ store, model }: Stage, nth: number, end: Ending, ms: number, note: (name: string) => void): void {
  const job = runningJob(model, nth, true) ?? runningJob(model, nth, false)
  if (job === undefined) return
  const staysInDoubt = end === 'in_doubt' || (end === 'held' && job.inDoubt)
  // what a run has behind it changed: the intent of a write left a doubt, and now there is none
  const settles = !staysInDoubt && (job.inDoubt || job.hasDone || job.attempt?.effect === 'verify')
  const progress = staysInDoubt ? doubtful(job) : { done: [], doubt: null }
  const change = { bootId: bootOf(model), now: model.now, next: nextFor(end, model.now + ms), progress }
  const request = model.requests.find(other => other.attemptSeq === job.attempt?.seq)
  const answer =
    job.attempt === null
      ? store.call('finishJob', { jobSeq: job.seq, ...change })
      : store.call(
          'finishAttempt',
          finishFor(job, job.attempt.seq, {
            ...change,
            integration: job.integration,
            token: 'fp',
            outcome: outcomeOf(end),
          }),
        )
  expectThat(answer.ok, `job ${job.seq} could not be finished`)
  const stale = store.call('finishJob', { jobSeq: job.seq, ...change, bootId: 'boot-0' })
  expectThat(!stale.ok, `a process that holds no lease ended job ${job.seq}`)
  if (request !== undefined) request.endedAt = model.now
  job.inDoubt = staysInDoubt
  job.hasDone = false
  note(end.replace('_free', ''))
  if (end === 'running') {
    job.attempt = null
    if (settles) job.crashes = 0
    return
  }
  job.waits = false
  const waits = end === 'queued' || end === 'queued_free' || end === 'in_doubt'
  if (waits) job.crashes = 0
  if (end === 'queued') job.attempts++
  moveModelJob(model, job, end === 'queued_free' ? 'queued' : end, waits ? model.now + ms : job.nextAt)
}

const ACTABLE: Readonly<Record<Act, readonly ModelJob['state'][]>> = {
  retry: ['held', 'dead'],
  discard: ['held', 'in_doubt', 'queued'],
  applied: ['held', 'in_doubt', 'dead'],
  not_applied: ['held', 'in_doubt', 'dead'],
}

/** A person acts on any job, also on one that nobody may act on. */
function actBoth({ store, model }: Stage, nth: number, act: Act, note: (name: string) => void): void {
  const stopped = model.jobs.filter(({ state }) => state === 'held' || state === 'in_doubt' || state === 'dead')
  const pool = nth % 3 === 0 || stopped.length === 0 ? model.jobs : stopped
  const job = pool[nth % Math.max(1, pool.length)]
  if (job === undefined) return
  const report = store.call('listJobs', { ...ANY_JOB, beforeSeq: job.seq + 1 }).jobs[0]!
  const ask = { jobId: report.id, version: null, actor: 'ops', now: model.now, force: true }
  const answer =
    act === 'retry'
      ? store.call('retryJob', { ...ask, fromStart: false })
      : act === 'discard'
        ? store.call('discardJob', ask)
        : store.call('settleJob', { ...ask, applied: act === 'applied', result: null })
  const expected = planAct(job, act, report.reason)
  const found = answer.ok ? answer.state : answer.reason === 'in_doubt' ? 'in_doubt!' : answer.reason
  expectThat(found === expected, `${act} of job ${job.seq} (${job.state}) was answered ${found}, expected ${expected}`)
  note(answer.ok ? act : 'refused')
  if (!answer.ok) return
  if (act === 'discard') {
    job.entered = true
    moveModelJob(model, job, 'dead')
    return
  }
  job.attempts = 0
  job.crashes = 0
  job.waits = false
  job.inDoubt = answer.state === 'in_doubt'
  job.hasDone ||= act === 'applied'
  moveModelJob(model, job, answer.state, model.now)
  if (job.key !== null) settleHead(model, orderOf(job))
}

function planAct(job: ModelJob, act: Act, reason: string | null): string {
  if (!ACTABLE[act].includes(job.state)) return 'wrong_state'
  if (act === 'discard') return 'dead'
  if (act !== 'retry') return job.inDoubt ? 'queued' : 'not_in_doubt'
  return job.inDoubt ? 'in_doubt' : reason === 'in_doubt' ? 'in_doubt!' : 'queued'
}

function nextFor(end: Ending, at: number): JobNext {
  const why = { reason: 'r', message: 'm' }
  if (end === 'queued' || end === 'queued_free')
    return { state: 'queued', nextAttemptAt: at, counts: end === 'queued', ...why }
  if (end === 'in_doubt') return { state: 'in_doubt', nextAttemptAt: at, ...why }
  return end === 'succeeded' || end === 'running' ? { state: end } : { state: end, ...why }
}

function outcomeOf(end: Ending): 'not_sent' | 'rejected' | 'applied' | 'unknown' {
  if (end === 'succeeded' || end === 'running') return 'applied'
  if (end === 'dead') return 'rejected'
  return end === 'queued' ? 'not_sent' : 'unknown'
}
