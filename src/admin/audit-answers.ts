import { z } from 'zod'
import { instant, next } from './answer-parts.ts'

/** What `/api/audit` answers. */

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
