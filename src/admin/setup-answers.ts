import { z } from 'zod'
import { instant } from './answer-parts.ts'

/** What is answered about sources, mappings, integrations, keys and secrets. */

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
      schemaDrift: z
        .strictObject({ jobId: z.string(), diedAt: instant.nullable(), message: z.string().nullable() })
        .nullable()
        .describe('the newest job that died because the API no longer knows what an operation uses; null = none'),
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
