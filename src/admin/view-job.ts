import type { z } from 'zod'
import type { JobDetail, JobLine, JobReport } from '../store/reports.ts'
import { findRemedy } from './find-remedy.ts'
import { findWait, type Stops } from './find-wait.ts'
import type { jobAnswer, jobsAnswer } from './job-answers.ts'

type JobAnswer = z.output<typeof jobAnswer>
type Line = z.output<typeof jobsAnswer>['jobs'][number]

/** An instant as ISO 8601 in UTC. */
export function toIso(at: number): string
export function toIso(at: number | null): string | null
export function toIso(at: number | null): string | null {
  return at === null ? null : new Date(at).toISOString()
}

/** A job as a part of its event. */
export function viewJobOfEvent(job: Omit<JobDetail, 'history'>) {
  const { id, mapping, integration, orderKey, itemIndex, state, reason, message, attempts } = job
  const waits = state === 'queued' || state === 'in_doubt'
  const nextAttemptAt = waits ? toIso(job.nextAttemptAt) : null
  return { id, mapping, integration, orderKey, itemIndex, state, reason, message, attempts, nextAttemptAt }
}

/** A line of the list of jobs, for people. */
export function viewJobLine(job: JobLine, stops: Stops): Line {
  const { eventId, source, type, createdAt, finishedAt } = job
  return {
    ...viewJobOfEvent(job),
    eventId,
    source,
    type,
    createdAt: toIso(createdAt),
    finishedAt: toIso(finishedAt),
    waitsFor: findWait(job, stops),
    remedy: findRemedy(job.state, job.reason),
  }
}

/** A job with all that is known of it, for people. */
export function viewJob(job: JobReport, stops: Stops): JobAnswer {
  const { version, conflicts, doubt, historyOmitted } = job
  return {
    ...viewJobLine(job, stops),
    version,
    receivedAt: toIso(job.receivedAt),
    expiresAt: toIso(job.expiresAt),
    item: job.item === null ? null : JSON.parse(job.item),
    replay: job.replay,
    replayOf: job.replayOf,
    conflicts,
    can: actsOn(job),
    done: [...job.done],
    doubt: doubt === null ? null : { step: doubt.step, operation: doubt.operation, variables: doubt.variables },
    payloadKept: job.isPayloadKept,
    history: job.history.map(({ variables, sentAt, finishedAt, ...attempt }) => ({
      ...attempt,
      variables: variables === null ? null : JSON.parse(variables),
      sentAt: toIso(sentAt),
      finishedAt: toIso(finishedAt),
    })),
    historyOmitted,
  }
}

/** What may be done, as far as the job itself says it. */
function actsOn({ state, doubt, history }: JobReport): JobAnswer['can'] {
  const acts: JobAnswer['can'] = []
  // the API can be asked again whether a write arrived, but not whether one of the effect `once` did
  const write = history.findLast(({ step, effect }) => step === doubt?.step && effect !== 'read')
  if ((state === 'dead' || state === 'held') && write?.effect !== 'once') acts.push('retry')
  if (state === 'queued' || state === 'held' || state === 'in_doubt') acts.push('discard')
  if (doubt !== null && (state === 'dead' || state === 'held' || state === 'in_doubt')) acts.push('settle')
  return acts
}
