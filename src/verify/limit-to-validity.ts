import type { Secret } from './scheme.ts'

/**
 * Lets certificates count only until they say so, whatever the source says; each secret keeps its place in the list.
 * When a certificate begins is left to whoever put it into the source.
 */
export function limitToValidity(
  secrets: readonly Secret[],
  validUntilAt: ((secret: string) => number | null) | undefined,
): readonly Secret[] {
  if (validUntilAt === undefined) return secrets
  return secrets.map(secret => {
    const untilAt = validUntilAt(secret.value)
    if (untilAt === null) return secret
    return { value: secret.value, expiresAt: Math.min(secret.expiresAt ?? Number.POSITIVE_INFINITY, untilAt) }
  })
}
