import { z } from 'zod'
import { WAITS } from './find-wait.ts'
import { EVENT_OUTCOMES, JOB_STATES } from './questions.ts'
import { REPLAY_SKIPS } from './replay-skips.ts'

/** Answers of `/api`: their schemas are the documentation, and the types of what the routes give. */

const instant = z.iso.datetime()
const state = z.enum(JOB_STATES)
const next = z.string().nullable().describe('the cursor of the page after this one; null = that was all')

export const errorAnswer = z.strictObject({
  error: z.strictObject({ code: z.string(), message: z.string(), requestId: z.string() }),
})

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

const jobOfEvent = z.strictObject({
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
  headers: z.array(z.tuple([z.string(), z.string()])).describe('names and values in order; credentials are struck out'),
  bodyBytes: z.int(),
  payload,
  jobs: z.array(jobOfEvent),
})

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
  headers: z.array(z.tuple([z.string(), z.string()])).describe('names and values in order; credentials are struck out'),
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

export const pausedAnswer = z
  .strictObject({ since: instant, by: z.string(), reason: z.string().nullable() })
  .nullable()
  .describe('null = it is not paused')
export const pauseAnswer = z.strictObject({
  name: z.string(),
  state: z.enum(['paused', 'running']),
  message: z.string(),
})
export const tokenActAnswer = z.strictObject({
  name: z.string(),
  fingerprint: z.string(),
  state: z.enum(['active', 'revoked']),
  message: z.string(),
})

export const auditEntry = z.strictObject({
  seq: z.int().describe('without gaps'),
  at: instant,
  actor: z.string().describe('bridge, admin:<name of the key>, or admin:oidc:<subject of a person>'),
  action: z.string(),
  source: z.string().nullable(),
  integration: z.string().nullable(),
  mapping: z.string().nullable(),
  eventId: z.string().nullable(),
  jobId: z.string().nullable(),
  target: z.string().nullable(),
  detail: z.unknown(),
  payloadHash: z.string().nullable().describe('SHA-256 of the body, in hex'),
  hash: z.string().describe('SHA-256 over the hash of the row before and this row, in hex'),
})
export const auditAnswer = z.strictObject({ entries: z.array(auditEntry), next })
export const verdictAnswer = z.strictObject({
  ok: z.boolean(),
  problem: z
    .strictObject({ seq: z.int(), code: z.string(), message: z.string() })
    .nullable()
    .describe('the first bad row, and what is wrong'),
  rows: z.int(),
  fromSeq: z.int(),
  throughSeq: z.int(),
  prunedThroughSeq: z
    .int()
    .describe('rows up to this one were removed by retention, as the audit itself says; 0 = none'),
  checkpoints: z.int(),
  anchors: z.int().nullable().describe('lines of the file of checkpoints'),
  signedThroughSeq: z.int().describe('the last row that a checkpoint vouches for'),
  unanchored: z.int().describe('checkpoints that are not in the file yet'),
  restores: z.array(z.strictObject({ at: instant, seq: z.int(), lostFromSeq: z.int(), lostThroughSeq: z.int() })),
  keys: z.array(z.strictObject({ fingerprint: z.string(), sinceSeq: z.int() })),
})

export const integrationsAnswer = z.strictObject({
  integrations: z.array(
    z.strictObject({
      name: z.string(),
      configured: z.boolean(),
      purpose: z.string().nullable(),
      owner: z.string().nullable(),
      tokenReference: z.string().nullable().describe('where the token is read from'),
      perMinute: z.int().nullable(),
      perDay: z.int().nullable(),
      concurrency: z.int().nullable(),
      paused: pausedAnswer,
      circuit: z.strictObject({
        state: z.enum(['closed', 'open', 'half_open', 'off']),
        openedAt: instant.nullable(),
        until: instant.nullable().describe('when one job tries again'),
      }),
      tokens: z.array(
        z.strictObject({
          fingerprint: z.string(),
          state: z.enum(['active', 'refused', 'held', 'retiring', 'retired', 'revoked']),
          purpose: z.string().nullable(),
          owner: z.string().nullable(),
          firstSeenAt: instant,
          lastUsedAt: instant.nullable(),
          rotateBy: instant.nullable().describe('when it is due for rotation: rotateAfter from firstSeenAt on'),
          uses: z.int(),
          lastAnswer: z.enum(['ok', 'unauthorized', 'forbidden', 'rate_limited']).nullable(),
          pausedUntil: instant.nullable(),
          probedAt: instant.nullable(),
          revokedAt: instant.nullable(),
          warnings: z.array(z.enum(['rotation_due', 'shared', 'unused', 'refused', 'held', 'revoked'])),
          writes: z
            .array(z.strictObject({ mapping: z.string(), operation: z.string(), writes: z.int(), lastAt: instant }))
            .describe('writes that were applied'),
        }),
      ),
    }),
  ),
})
export const mappingsAnswer = z.strictObject({
  mappings: z.array(
    z.strictObject({
      name: z.string(),
      description: z.string().nullable(),
      source: z.string(),
      on: z.array(z.string()).nullable(),
      integration: z.string(),
      action: z.string().nullable(),
      operations: z.array(z.string()),
      hash: z.string(),
      paused: pausedAnswer,
    }),
  ),
  problems: z.int().describe('of files that are not in force; /health/ready names them'),
})
export const triedAnswer = z.strictObject({
  mapping: z.string(),
  type: z.string().nullable().describe('the event type that was found'),
  match: z.looseObject({ matched: z.boolean() }).describe('matched, or the reason why not'),
  explanation: z.looseObject({}).describe('part by part, with values of the payload'),
  plan: z.looseObject({ ok: z.boolean() }).nullable().describe('the jobs, or why there are none; null = not matched'),
  jobs: z.array(z.array(z.looseObject({ step: z.string() }))).describe('steps of each job, as far as they go'),
})
export const sourcesAnswer = z.strictObject({
  sources: z.array(
    z.strictObject({
      name: z.string(),
      scheme: z.string(),
      retired: z.boolean(),
      methods: z.array(z.string()),
      bodyBytesMax: z.int(),
      paused: pausedAnswer,
      secrets: z.array(
        z.strictObject({
          position: z.int().describe('from 1, as bridge.json has them: newest first'),
          fingerprint: z.string().nullable().describe('null = too short a secret to say anything of it'),
          expiresAt: instant.nullable(),
          lastVerifiedAt: instant.nullable().describe('when it last proved a delivery; null = never'),
        }),
      ),
    }),
  ),
})
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

const inForce = {
  inForce: z.boolean().describe('false: the files on disk are not valid; it counts once they are'),
  problems: z.array(z.string()).describe('what stands in the way'),
}
export const keysAnswer = z.strictObject({
  keys: z.array(
    z.strictObject({
      name: z.string(),
      role: z.enum(['viewer', 'operator', 'admin']),
      fingerprint: z.string().describe('the start of its SHA-256'),
      lastUsedAt: instant.nullable().describe('to the minute; null = never, as far as it is known'),
    }),
  ),
})
export const secretsAnswer = z.strictObject({
  secrets: z.array(
    z.strictObject({
      name: z.string().describe('"source:<name>" = captured for that source'),
      fingerprint: z.string().describe('the start of its SHA-256, as in the ledger of tokens'),
      keyId: z.string().describe('which master key it is sealed with'),
      sealedAt: instant,
      inUse: z.boolean().describe('whether the configuration names it'),
    }),
  ),
})
export const sealedAnswer = z.strictObject({ name: z.string(), fingerprint: z.string(), ...inForce })
export const deletedAnswer = z.strictObject({ name: z.string(), ...inForce })
export const resealedAnswer = z.strictObject({ secrets: z.int(), keyId: z.string() })
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
