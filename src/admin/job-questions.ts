import { z } from 'zod'
import type { JobState } from '../store/jobs.ts'
import { eventsQuery } from './event-questions.ts'
import { filters, fingerprint, idsOf, listOf, MOMENT, page, text } from './question-parts.ts'

/** What `/api/jobs` and `/api/replays` are asked. */

export const JOB_STATES = [
  'queued',
  'running',
  'succeeded',
  'dead',
  'in_doubt',
  'held',
  'superseded',
] as const satisfies readonly JobState[]

/** Query of `GET jobs`. */
export const jobsQuery = z.strictObject({
  ...page,
  state: listOf(JOB_STATES),
  reason: text('the reason of a job, such as mapping_changed, once'),
  token: fingerprint.optional().describe(fingerprint.description!),
  replay: text('the id of a replay, once: the jobs it made'),
})

/** Events or jobs a second, at most: what a replay may ask for, and the usual pace. */
const REPLAY_PER_SECOND_MAX = 100
const REPLAY_PER_SECOND_DEFAULT = 10
/** Body of `POST replays`. */
export const replayBody = z.strictObject({
  of: z
    .enum(['events', 'jobs'])
    .default('events')
    .describe('"events" (with outcome) or "jobs" (with state and reason), made anew by the mappings of today'),
  ids: idsOf(/^(evt|job)_[0-9a-z]{1,6}_[0-9a-z]{1,10}$/, 'evt_1_a or job_1_a'),
  ...filters,
  since: page.since.describe(`${MOMENT}: from then on; it is needed where there are no ids`),
  outcome: eventsQuery.shape.outcome,
  state: jobsQuery.shape.state,
  reason: jobsQuery.shape.reason,
  dryRun: z.boolean().default(false).describe('true or false: only count, and say what would become of the first'),
  force: z
    .boolean()
    .default(false)
    .describe('true or false: also what may undo newer work or repeat a write, with operation keys of its own'),
  perSecond: z
    .int()
    .min(1)
    .max(REPLAY_PER_SECOND_MAX)
    .default(REPLAY_PER_SECOND_DEFAULT)
    .describe(`a whole number from 1 to ${REPLAY_PER_SECOND_MAX}: events or jobs a second, at most`),
})

const version = z
  .string()
  .regex(/^[0-9a-f]{16}$/)
  .optional()
  .describe('the "version" of the job as it was read; the act is refused if the job has moved since')
const force = z
  .boolean()
  .default(false)
  .describe('true or false: although a newer job of its order key has succeeded, whose work it may undo')

/** Bodies of the acts on a job. */
export const retryBody = z.strictObject({
  version,
  force,
  fromStart: z
    .boolean()
    .default(false)
    .describe('true or false: forget what was done; writes that were applied are sent again'),
})
export const discardBody = z.strictObject({ version })
export const settleBody = z.strictObject({
  applied: z.boolean().describe('true (the write arrived) or false (it did not)'),
  version,
  force,
  result: z
    .record(z.string(), z.json())
    .optional()
    .describe('an object: what the write would have answered, where later steps read it'),
})

const many = {
  ids: idsOf(/^job_[0-9a-z]{1,6}_[0-9a-z]{1,10}$/, 'job_1_a'),
  ...filters,
  state: listOf(JOB_STATES).describe(`one or more of ${JOB_STATES.join(', ')}; it is needed where there are no ids`),
  reason: jobsQuery.shape.reason,
  dryRun: z.boolean().default(false).describe('true or false: only count them'),
  cursor: page.cursor.describe('what "next" of the call before says'),
}

/** Bodies of the acts on many jobs. */
export const retryManyBody = z.strictObject({ ...many, force, fromStart: retryBody.shape.fromStart })
export const discardManyBody = z.strictObject(many)
