import { z } from 'zod'
import { readMoment } from '../config/read-moment.ts'
import { SECRET_BYTES_MAX, SECRET_BYTES_MIN } from '../config/resolve-secret.ts'
import type { AuditQuery } from '../store/audit.ts'
import type { JobState } from '../store/jobs.ts'
import type { EventOutcome, PageQuery } from '../store/reports.ts'
import { parseCursor } from './cursor.ts'
import { refuseKey } from './read-request.ts'

/** Rows of a page: at most, and where the request says nothing. */
const PAGE_ROWS_MAX = 200
const PAGE_ROWS_DEFAULT = 50
/** Longest filter and cursor, in UTF-16 units. */
const FILTER_CHARS_MAX = 200

export const JOB_STATES = [
  'queued',
  'running',
  'succeeded',
  'dead',
  'in_doubt',
  'held',
  'superseded',
] as const satisfies readonly JobState[]
export const EVENT_OUTCOMES = [
  'unrouted',
  'matched',
  'unmatched',
  'quarantined',
  'echo',
  'ignored',
  'id_conflict',
] as const satisfies readonly EventOutcome[]

const text = (what: string) => z.string().min(1).max(FILTER_CHARS_MAX).optional().describe(what)
const listOf = <const Values extends readonly [string, ...string[]]>(values: Values) =>
  z
    .string()
    .max(FILTER_CHARS_MAX)
    .transform(value => value.split(','))
    .pipe(z.array(z.enum(values)))
    .optional()
    .describe(`one or more of ${values.join(', ')}, with commas between`)

const MOMENT = 'a duration such as "7d", or an instant such as "2026-11-24T00:00:00Z"'
const page = {
  source: text('the name of a source, once'),
  type: text('an event type, once'),
  mapping: text('the name of a mapping, once'),
  integration: text('the name of an integration, once'),
  since: text(`${MOMENT}: from then on`),
  until: text(`${MOMENT}: before then`),
  cursor: text('what "next" of the page before says'),
  limit: z.coerce
    .number()
    .int()
    .min(1)
    .max(PAGE_ROWS_MAX)
    .default(PAGE_ROWS_DEFAULT)
    .describe(`a whole number from 1 to ${PAGE_ROWS_MAX}`),
}

const fingerprint = z
  .string()
  .regex(/^[0-9a-f]{16}$/)
  .describe('the fingerprint of a token, 16 hex digits')

/** Words that are looked for at once. */
export const SEARCH_WORDS_MAX = 20
/** Query of `GET events`. */
export const eventsQuery = z.strictObject({
  ...page,
  outcome: listOf(EVENT_OUTCOMES),
  q: text(
    `1 to ${SEARCH_WORDS_MAX} words of letters or digits in at most ${FILTER_CHARS_MAX} characters, once: events with all of them in the payload`,
  ),
})
/** Query of `GET jobs`. */
export const jobsQuery = z.strictObject({
  ...page,
  state: listOf(JOB_STATES),
  reason: text('the reason of a job, such as mapping_changed, once'),
  token: fingerprint.optional(),
  replay: text('the id of a replay, once: the jobs it made'),
})
/** Query of `GET rejected`. */
export const rejectedQuery = z.strictObject({
  source: page.source,
  reason: text('why it was refused, such as signature_mismatch, once'),
  since: page.since,
  until: page.until,
  cursor: page.cursor,
  limit: page.limit,
})
const auditFilters = {
  actor: text('who did it: bridge, admin:<name of the key>, or admin:oidc:<subject of a person>, once'),
  action: z
    .string()
    .regex(/^[a-z_]+\.[a-z_]+(,[a-z_]+\.[a-z_]+)*$/)
    .max(FILTER_CHARS_MAX)
    .transform(value => value.split(','))
    .optional()
    .describe('one or more actions such as job.dead, with commas between'),
  source: page.source,
  integration: page.integration,
  mapping: page.mapping,
  event: text('the id of an event, once'),
  job: text('the id of a job, once'),
  target: text('what else it was done to (an operation, the fingerprint of a token, a route), once'),
  since: page.since,
  until: page.until,
  q: text('text to be found in the detail, once'),
}
/** Query of `GET audit`. */
export const auditQuery = z.strictObject({ ...auditFilters, cursor: page.cursor, limit: page.limit })
/** Query of `GET audit/export`. */
export const auditExportQuery = z.strictObject({
  ...auditFilters,
  format: z.enum(['ndjson', 'csv']).default('ndjson').describe('ndjson or csv'),
})
/** Query of routes that take none. */
export const noQuery = z.strictObject({})

const { cursor: _, limit: __, ...filters } = page
const NAMED_MAX = 200
const idsOf = (pattern: RegExp, example: string) =>
  z
    .array(z.string().regex(pattern))
    .min(1)
    .max(NAMED_MAX)
    .optional()
    .describe(`a list of 1 to ${NAMED_MAX} ids such as ${example}, in place of a filter`)

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
/** Longest name and value of a header of a trial, in characters. */
const HEADER_NAME = /^[a-zA-Z0-9-]{1,100}$/
const HEADER_CHARS_MAX = 8_192
/** Body of `POST mappings/try`. */
export const tryBody = z.strictObject({
  mapping: z.string().min(1).max(FILTER_CHARS_MAX).describe('the name of a mapping in force'),
  payload: z.json().describe('the payload, any JSON'),
  type: text('an event type, such as workflow_run.completed'),
  headers: z
    .record(z.string().regex(HEADER_NAME), z.string().max(HEADER_CHARS_MAX))
    .default({})
    .describe('an object of header names and values, both text'),
})

/** Bodies of the acts on many jobs. */
export const retryManyBody = z.strictObject({ ...many, force, fromStart: retryBody.shape.fromStart })
export const discardManyBody = z.strictObject(many)

/** Body of `POST sources/:name/reconcile`. */
export const reconcileBody = z.strictObject({
  dryRun: z.boolean().default(true).describe('true (tell what is missing) or false (record it)'),
  since: z.string().min(1).max(FILTER_CHARS_MAX).default('3d').describe(`${MOMENT}: from then on`),
})

const dryRun = z.boolean().default(false).describe('true or false: only say what would be taken')
/** Bodies of the retries of refused deliveries: of one, and of those that are named or meet the filter. */
export const retryRejectedBody = z.strictObject({ dryRun })
export const retryManyRejectedBody = z.strictObject({
  dryRun,
  ids: z
    .array(z.string().regex(/^rej_[0-9a-z]{1,6}_[0-9a-z]{1,10}$/))
    .min(1)
    .max(PAGE_ROWS_MAX)
    .optional()
    .describe(`a list of 1 to ${PAGE_ROWS_MAX} ids such as rej_1_a, in place of a filter`),
  source: page.source,
  reason: rejectedQuery.shape.reason,
  since: page.since,
  until: page.until,
})

const VALUE_EXPECTED = `text of ${SECRET_BYTES_MIN} to ${SECRET_BYTES_MAX} bytes that is not blank`
/** Body of `PUT secrets/:name`. */
export const sealBody = z.strictObject({
  value: z
    .string()
    .refine(value => {
      const bytes = Buffer.byteLength(value)
      return bytes >= SECRET_BYTES_MIN && bytes <= SECRET_BYTES_MAX && value.trim() !== '' && value.isWellFormed()
    })
    .describe(VALUE_EXPECTED),
})

/** Longest window in which a secret is taken over, and the usual one, in minutes. */
const CAPTURE_MINUTES_MAX = 60
const CAPTURE_MINUTES_DEFAULT = 10
/** Body of `POST sources/:name/capture`. */
export const captureBody = z.strictObject({
  minutes: z
    .int()
    .min(1)
    .max(CAPTURE_MINUTES_MAX)
    .default(CAPTURE_MINUTES_DEFAULT)
    .describe(`a whole number from 1 to ${CAPTURE_MINUTES_MAX}: how long it waits`),
  replace: z
    .boolean()
    .default(false)
    .describe('true or false: although the source has a secret, which no longer counts then'),
})

/** Body of acts that take nothing. */
export const noBody = z.strictObject({})
/** Bodies of the acts on a source, an integration, a mapping, a token. */
export const pauseBody = z.strictObject({
  reason: z.string().min(1).max(500).optional().describe('why, in 1 to 500 characters'),
})
export const revokeBody = z.strictObject({ token: fingerprint.optional() })

type PageRequest = Pick<z.output<typeof eventsQuery>, keyof typeof page>
type AuditRequest = Omit<z.output<typeof auditExportQuery>, 'format'> & Partial<PageRequest>

/** Turns a query of the audit into what the store is asked. Throws `invalid_request`. */
export function readAuditQuery(schema: z.ZodObject, asked: AuditRequest, epoch: number, now: number): AuditQuery {
  const { type: _, ...page } = readPage(schema, { limit: PAGE_ROWS_DEFAULT, ...asked }, epoch, now)
  const { actor = null, action = null, event = null, job = null, target = null, q = null } = asked
  return { ...page, actor, actions: action, eventId: event, jobId: job, target, q }
}

/** Turns the part of a query that all lists share into what the store is asked. Throws `invalid_request`. */
export function readPage(schema: z.ZodObject, asked: PageRequest, epoch: number, now: number): PageQuery {
  const momentOf = (key: 'since' | 'until'): number | null => {
    if (asked[key] === undefined) return null
    const at = readMoment(asked[key], now)
    if (at === null) throw refuseKey(schema, key)
    return at
  }
  const beforeSeq = asked.cursor === undefined ? null : parseCursor(epoch, asked.cursor)
  if (asked.cursor !== undefined && beforeSeq === null) throw refuseKey(schema, 'cursor')
  const { source = null, type = null, mapping = null, integration = null, limit } = asked
  return {
    beforeSeq,
    sinceAt: momentOf('since'),
    untilAt: momentOf('until'),
    source,
    type,
    mapping,
    integration,
    limit,
  }
}
