import { z } from 'zod'
import { instant, next, state } from './answer-parts.ts'
import { jobOfEvent } from './event-answers.ts'
import { WAITS } from './find-wait.ts'
import { REPLAY_SKIPS } from './replay-skips.ts'

/** What `/api/jobs` and `/api/replays` answer. */

const jobLine = z.strictObject({
  ...jobOfEvent.shape,
  eventId: z.string(),
  source: z.string(),
  type: z.string().nullable(),
  createdAt: instant,
  finishedAt: instant.nullable(),
  waitsFor: z.enum(WAITS).nullable().describe('why it is not claimed although it may be due; see docs/operations.md'),
  remedy: z.string().nullable().describe('what can be done about it, in words; null = nothing needs to be'),
})
export const jobsAnswer = z.strictObject({ jobs: z.array(jobLine), next })
const attempt = z.strictObject({
  step: z.string().describe('"<step>?" asks whether the write of a step arrived'),
  operation: z.string(),
  effect: z.enum(['read', 'set', 'keyed', 'verify', 'once']),
  token: z.string().describe('the fingerprint of the token'),
  variables: z.unknown().describe('null where they are larger than 64 KB'),
  sentAt: instant,
  finishedAt: instant.nullable(),
  outcome: z.enum(['not_sent', 'rejected', 'applied', 'unknown']).nullable(),
  status: z.int().nullable(),
  code: z.string().nullable(),
  message: z.string().nullable(),
  response: z.string().nullable().describe('what the API answered where it did not do it, up to 2 KB'),
})
const doneStep = z.strictObject({ id: z.string(), operation: z.string().nullable(), data: z.unknown() })
export const jobAnswer = z.strictObject({
  ...jobLine.shape,
  version: z.string(),
  receivedAt: instant,
  expiresAt: instant.nullable(),
  item: z.unknown().describe('the element of forEach; null without'),
  replay: z.string().nullable().describe('the replay that made it'),
  replayOf: z.string().nullable().describe('the job it was made after'),
  conflicts: z.int(),
  can: z.array(z.enum(['retry', 'discard', 'settle'])).describe('what may be done with it now'),
  done: z.array(doneStep).describe('steps that will not run again'),
  doubt: z
    .strictObject({ step: z.string(), operation: z.string(), variables: z.unknown() })
    .nullable()
    .describe('the write whose answer was lost'),
  payloadKept: z.boolean(),
  history: z.array(attempt),
  historyOmitted: z.int().describe('older attempts that are not shown'),
})
export const actAnswer = z.strictObject({ id: z.string(), state, message: z.string() })
export const jobsActedAnswer = z.strictObject({
  dryRun: z.boolean(),
  total: z.int().nullable().describe('of a dry run: jobs that are meant, some of which may be refused'),
  more: z.boolean().describe('of a dry run: there are more than were counted'),
  done: z.int(),
  refused: z.record(z.string(), z.int()).describe('how many were refused, by code'),
  results: z
    .array(
      z.strictObject({
        id: z.string(),
        state: state.nullable().describe('what it is now; null = refused'),
        code: z.string().nullable(),
        message: z.string(),
      }),
    )
    .describe('in the order of their age, oldest first'),
  next: z.string().nullable().describe('the cursor of the next call; null = that was all'),
})
const skip = z.enum(REPLAY_SKIPS)
const replay = z.strictObject({
  id: z.string(),
  state: z.enum(['running', 'ended', 'cancelled']),
  of: z.enum(['events', 'jobs']),
  filter: z.record(z.string(), z.unknown()).describe('what was asked for; "named" = how many ids'),
  force: z.boolean(),
  perSecond: z.int(),
  actor: z.string().describe('the admin key that started it, or oidc:<subject of a person>'),
  total: z.int().nullable().describe('events or jobs it was started for; null = more than are counted'),
  taken: z.int().describe('of them, those that were looked at'),
  jobs: z.int().describe('jobs that were made: GET jobs?replay= lists them'),
  openJobs: z.int().describe('of them, those that are queued or running'),
  skipped: z.partialRecord(skip, z.int()).describe('how many were skipped, by reason'),
  startedAt: instant,
  endedAt: instant.nullable(),
})
export const replayAnswer = replay
export const replaysAnswer = z.strictObject({ replays: z.array(replay).describe('newest first, 100 at most') })
export const replayStartAnswer = z.strictObject({
  dryRun: z.boolean(),
  total: z.int().describe('events or jobs that are meant'),
  more: z.boolean().describe('true: there are more than were counted'),
  sample: z
    .array(
      z.strictObject({
        id: z.string(),
        eventId: z.string(),
        source: z.string(),
        type: z.string().nullable(),
        receivedAt: instant,
        mapping: z.string().nullable(),
        itemIndex: z.int().nullable(),
        skip: skip.nullable().describe('why no job would be made; null = one would'),
        message: z.string().nullable(),
      }),
    )
    .describe('of a dry run: what would become of the first of them'),
  replay: replay.nullable().describe('null = a dry run, or nothing is meant'),
})
