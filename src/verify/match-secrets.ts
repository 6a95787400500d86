import type { Secret } from './scheme.ts'

/** Which secret matched; `expired` when none that is still valid did. */
export interface SecretMatch {
  index: number
  expired: boolean
}

/** Whether a secret is no secret at all. Node computes an HMAC with an empty key without complaint, so this must be asked. */
export function isBlank(secret: string | undefined): boolean {
  return typeof secret !== 'string' || secret.trim() === ''
}

/**
 * Tries every secret, also after a match, so that the time taken does not tell which one it was. A blank secret never matches.
 * Returns the first valid match, else the first expired one, else null.
 */
export function matchSecrets(
  secrets: readonly Secret[],
  now: number,
  matches: (secret: string) => boolean,
): SecretMatch | null {
  let valid = -1
  let expired = -1
  for (let i = 0; i < secrets.length; i++) {
    const { value, expiresAt } = secrets[i]!
    if (isBlank(value) || !matches(value)) continue
    if (expiresAt !== null && expiresAt <= now) {
      if (expired === -1) expired = i
    } else if (valid === -1) {
      valid = i
    }
  }
  if (valid !== -1) return { index: valid, expired: false }
  return expired === -1 ? null : { index: expired, expired: true }
}
