import { z } from 'zod'
import { instant, state } from './answer-parts.ts'

/** What `/api/stats`, `/api/doctor` and `/api/alerts` answer: how the service is. */

const latency = z.strictObject({ count: z.int(), p50Ms: z.number(), p95Ms: z.number(), p99Ms: z.number() }).nullable()
const activity = {
  name: z.string(),
  counts: z.record(z.string(), z.int()).describe('how often, by outcome'),
  lastMinute: z.int(),
  lastHour: z.int(),
  lastDay: z.int(),
}
const waiting = {
  waiting: z.int().describe('its open jobs'),
  dead: z.int(),
  oldestJobAt: instant.nullable(),
}
export const statsAnswer = z.strictObject({
  jobs: z.partialRecord(state, z.int()).describe('open and dead jobs by state'),
  openJobs: z.int(),
  unroutedEvents: z.int(),
  oldestUnroutedAt: instant.nullable(),
  paused: z.array(
    z.strictObject({
      kind: z.enum(['source', 'integration', 'mapping']),
      name: z.string(),
      since: instant,
      by: z.string(),
      reason: z.string().nullable(),
    }),
  ),
  circuits: z
    .array(z.strictObject({ integration: z.string(), state: z.enum(['open', 'half_open']), openedAt: instant }))
    .describe('circuit breakers that are not closed'),
  since: instant.describe('from when on counts are; a restart begins anew'),
  oldestJobAt: instant.nullable().describe('when the oldest open job was made'),
  cut: z.array(state).describe('states of which there are more jobs than were counted by name'),
  sources: z.array(
    z.strictObject({
      ...activity,
      rejected: z.record(z.string(), z.int()).describe('refused deliveries by reason'),
      answer: latency.describe('headers of a delivery to its answer'),
      ...waiting,
    }),
  ),
  mappings: z.array(
    z.strictObject({
      ...activity,
      source: z.string().nullable(),
      done: latency.describe('receipt to success'),
      ...waiting,
    }),
  ),
  integrations: z.array(
    z.strictObject({ ...activity, attempt: latency.describe('one request to the API'), ...waiting }),
  ),
})
export const alertTestAnswer = z.strictObject({
  delivered: z.boolean(),
  status: z.int().nullable().describe('null = there was no answer'),
  reason: z.string().nullable().describe('why it was not delivered'),
})
export const doctorAnswer = z.strictObject({
  ok: z.boolean().describe('false where a check failed; warnings do not count'),
  checks: z.array(
    z.strictObject({
      name: z.string(),
      status: z.enum(['ok', 'warning', 'failed']),
      found: z.string(),
      todo: z.string().nullable(),
    }),
  ),
})
