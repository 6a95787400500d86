import type { z } from 'zod'
import type { integrationSchema } from './integration-schema.ts'
import { parseDuration } from './parse-duration.ts'
import type { ConfigFinding } from './problem.ts'
import type { Limits } from './read-limits.ts'
import { type OpenedSecrets, resolveSecret, type UnresolvedSecret } from './resolve-secret.ts'

export interface IntegrationConfig {
  name: string
  /** The API token itself. Never logged, stored or put into a message. Empty where it is sealed and was not opened. */
  token: string
  purpose: string | null
  owner: string | null
  /** Where the token comes from, as bridge.json says it. */
  tokenReference: string
  /** A token older than this is due for rotation; null = it is never said. */
  rotateAfterMs: number | null
  caps: { perMinuteMax: number | null; perDayMax: number | null }
  concurrencyMax: number
  attemptsMax: number
  backoff: { baseMs: number; capMs: number }
  /** null = switched off. */
  circuit: { failureRatio: number; attemptsMin: number; windowMs: number; openMs: number } | null
}

export interface ReadContext {
  env: Readonly<Record<string, string | undefined>>
  folder: string
  limits: Limits
  /** Null = the store is not open; then what is sealed is left out, and its place is told to `onUnopened`. */
  opened: OpenedSecrets | null
  onUnopened: (pointer: string) => void
}

type IntegrationFile = z.infer<typeof integrationSchema>

/** Reads one integration: its token is fetched, its limits are given numbers. */
export function readIntegration(
  name: string,
  file: IntegrationFile,
  { env, folder, limits, opened, onUnopened }: ReadContext,
): { ok: true; value: IntegrationConfig } | { ok: false; problems: ConfigFinding[] } {
  const pointer = `/integrations/${name}/token`
  const found = readToken(file.token, env, folder, opened)
  const isUnopened = !found.ok && found.isUnopened === true
  if (isUnopened) onUnopened(pointer)
  const read = isUnopened ? ({ ok: true, token: '' } as const) : found
  if (!read.ok) return { ok: false, problems: [{ pointer, expected: read.expected, found: read.found }] }
  return {
    ok: true,
    value: {
      name,
      token: read.token,
      tokenReference: file.token,
      purpose: file.purpose ?? null,
      owner: file.owner ?? null,
      rotateAfterMs: file.rotateAfter === undefined ? null : parseDuration(file.rotateAfter),
      caps: { perMinuteMax: file.rateLimit?.perMinute ?? null, perDayMax: file.rateLimit?.perDay ?? null },
      concurrencyMax: file.concurrency,
      attemptsMax: file.attempts ?? limits.attemptsMax,
      backoff: { baseMs: parseDuration(file.backoff?.base ?? '2s')!, capMs: parseDuration(file.backoff?.cap ?? '1h')! },
      circuit:
        file.circuitBreaker === false
          ? null
          : {
              failureRatio: file.circuitBreaker.failureRatio,
              attemptsMin: file.circuitBreaker.attempts,
              windowMs: parseDuration(file.circuitBreaker.window)!,
              openMs: parseDuration(file.circuitBreaker.open)!,
            },
    },
  }
}

/** Fetches the token a reference points at. Neither the token nor a part of it is ever in the answer of a failure. */
export function readToken(
  reference: string,
  env: ReadContext['env'],
  folder: string,
  opened: OpenedSecrets | null,
): { ok: true; token: string } | UnresolvedSecret {
  const token = resolveSecret(reference, env, folder, false, opened)
  if (!token.ok) return token
  // undici would refuse it with the token in the message (architecture.md 6)
  if (!/^[\x21-\x7e]+$/.test(token.value))
    return { ok: false, expected: `a token of visible ASCII characters in ${reference}`, found: 'other characters' }
  return { ok: true, token: token.value }
}
