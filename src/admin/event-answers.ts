import { z } from 'zod'
import { instant, next, state } from './answer-parts.ts'
import { EVENT_OUTCOMES } from './event-questions.ts'

/** What `/api/events` and `/api/rejected` answer. */

const eventLine = z.strictObject({
  id: z.string(),
  source: z.string(),
  type: z.string().nullable(),
  receivedAt: instant,
  outcome: z.enum(EVENT_OUTCOMES),
  bodyBytes: z.int(),
  redeliveries: z.int(),
  jobs: z.partialRecord(state, z.int()).describe('how many jobs are in each state'),
})
export const eventsAnswer = z.strictObject({
  events: z.array(eventLine),
  next,
  searchedSince: instant
    .nullable()
    .optional()
    .describe('with q: events that were routed before that are not searched; null = none was kept for it yet'),
})
export const jobOfEvent = z.strictObject({
  id: z.string(),
  mapping: z.string(),
  integration: z.string(),
  orderKey: z.string().nullable(),
  itemIndex: z.int(),
  state,
  reason: z.string().nullable(),
  message: z.string().nullable(),
  attempts: z.int().describe('attempts that count; see the job for all of them'),
  nextAttemptAt: instant.nullable(),
})
const headerPairs = z
  .array(z.tuple([z.string(), z.string()]))
  .describe('names and values in order; credentials are struck out')
const payload = z
  .discriminatedUnion('kind', [
    z.strictObject({ kind: z.literal('json'), json: z.unknown() }),
    z.strictObject({ kind: z.literal('text'), text: z.string() }),
    z.strictObject({ kind: z.literal('binary') }),
    z.strictObject({ kind: z.literal('too_large') }),
    z.strictObject({ kind: z.literal('pruned') }),
  ])
  .describe('the body as JSON or text; the bytes as they came are at events/{id}/payload')
export const eventAnswer = z.strictObject({
  id: z.string(),
  source: z.string(),
  type: z.string().nullable(),
  urlType: z.string().nullable().describe('the event type in its URL'),
  key: z.string().describe('its idempotency key'),
  receivedAt: instant,
  receipt: z.enum(['recorded', 'ignored', 'id_conflict']),
  scheme: z.string().nullable().describe('how its source is verified now; null = the source is configured no more'),
  redeliveries: z.int(),
  fetchedFrom: z
    .string()
    .nullable()
    .describe('the API it was fetched from: not signed, vouched for by TLS and the API token; null = it was delivered'),
  outcome: z.enum(EVENT_OUTCOMES),
  reason: z.string().nullable().describe('of a quarantine or an echo'),
  message: z.string().nullable(),
  mappings: z
    .array(z.looseObject({ mapping: z.string(), matched: z.boolean() }))
    .describe('every mapping of its source: matched or not, and why not'),
  method: z.string(),
  query: z.string(),
  headers: headerPairs,
  bodyBytes: z.int(),
  payload,
  jobs: z.array(jobOfEvent),
})
const rejectedLine = z.strictObject({
  id: z.string(),
  source: z.string(),
  reason: z.string(),
  receivedAt: instant,
  method: z.string(),
  type: z.string().nullable().describe('the event type in its URL'),
  bodyBytes: z.int(),
})
export const rejectedListAnswer = z.strictObject({
  rejected: z.array(rejectedLine).describe('refused deliveries that are kept in full, newest first'),
  counts: z
    .array(
      z.strictObject({
        source: z.string(),
        reason: z.string(),
        count: z.int(),
        firstAt: instant.describe('the minute of the first one'),
        lastAt: instant.describe('the minute of the last one'),
      }),
    )
    .describe('all that were refused, kept in full or not'),
  countsSince: instant.nullable().describe('from when on was counted; null = all that was asked for'),
  next,
})
export const rejectedAnswer = z.strictObject({
  ...rejectedLine.shape,
  query: z.string().describe('credentials are struck out'),
  headers: headerPairs,
  body: z.string().nullable().describe('null where it is not UTF-8'),
  bodyBase64: z.string().nullable().describe('the body where it is not UTF-8'),
})
const rejectedRetry = z.strictObject({
  id: z.string(),
  accepted: z.boolean(),
  outcome: z
    .enum(['recorded', 'duplicate', 'ignored', 'replayed', 'id_conflict'])
    .nullable()
    .describe('what it came to; null = refused, or a dry run'),
  eventId: z.string().nullable(),
  reason: z.string().nullable().describe('why it is still refused'),
  message: z.string().nullable(),
})
export const rejectedRetryAnswer = rejectedRetry
export const rejectedRetriesAnswer = z.strictObject({
  dryRun: z.boolean(),
  accepted: z.int(),
  refused: z.int(),
  results: z.array(rejectedRetry).describe('in the order in which they were received'),
})
