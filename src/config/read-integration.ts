import type { z } from 'zod'
import type { integrationSchema } from './bridge-schema.ts'
import type { IntegrationConfig, Limits } from './load-config.ts'
import { parseDuration } from './parse-duration.ts'
import type { ConfigFinding } from './problem.ts'
import { type OpenedSecrets, resolveSecret } from './resolve-secret.ts'

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
  const found = resolveSecret(file.token, env, folder, false, opened)
  const isUnopened = !found.ok && found.isUnopened === true
  if (isUnopened) onUnopened(pointer)
  const token = isUnopened ? ({ ok: true, value: '' } as const) : found
  if (!token.ok) return { ok: false, problems: [{ pointer, expected: token.expected, found: token.found }] }
  // undici would refuse it with the token in the message (architecture.md 6)
  if (!isUnopened && !/^[\x21-\x7e]+$/.test(token.value)) {
    return {
      ok: false,
      problems: [
        { pointer, expected: `a token of visible ASCII characters in ${file.token}`, found: 'other characters' },
      ],
    }
  }
  return {
    ok: true,
    value: {
      name,
      token: token.value,
      purpose: file.purpose ?? null,
      owner: file.owner ?? null,
      caps: { perMinuteMax: file.rateLimit?.perMinute ?? null, perDayMax: file.rateLimit?.perDay ?? null },
      concurrencyMax: file.concurrency,
      attemptsMax: file.attempts ?? limits.attemptsMax,
      backoff: { baseMs: parseDuration(file.backoff?.base ?? '2s')!, capMs: parseDuration(file.backoff?.cap ?? '1h')! },
    },
  }
}
