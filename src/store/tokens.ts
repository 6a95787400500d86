export type TokenAnswer = 'ok' | 'unauthorized' | 'forbidden' | 'rate_limited'

export interface TokenRegistration {
  now: number
  /** A start is a person's act: an integration held after refusals (403) may try again. */
  resumeHeld: boolean
  tokens: readonly { integration: string; fingerprint: string; purpose: string | null; owner: string | null }[]
  /** Whose act it is (`admin:<name>`); left out = the bridge found the files changed. */
  actor?: string
}

/** `answer`: null where none came. */
export interface ProbeResult {
  integration: string
  token: string
  answer: TokenAnswer | null
  /** The API asked to wait until then. */
  pausedUntil: number | null
  now: number
}

/**
 * `retiring`: another one is in force, and an attempt under way still carries this one. `revoked`: never sent again, also
 * where it is configured.
 */
export type TokenState = 'active' | 'refused' | 'held' | 'retiring' | 'retired' | 'revoked'

export interface IntegrationState {
  integration: string
  token: string
  state: TokenState
  purpose: string | null
  owner: string | null
  pausedUntil: number | null
  probedAt: number | null
  revokedAt: number | null
  firstSeenAt: number
  lastUsedAt: number | null
  uses: number
  lastAnswer: TokenAnswer | null
}

/** How often a token wrote: mutations that the API applied, also those that were found applied after a lost answer. */
export interface TokenWrites {
  integration: string
  token: string
  mapping: string
  operation: string
  writes: number
  lastAt: number
}

export interface Revocation {
  integration: string
  /** Fingerprint; null = the token in force. */
  token: string | null
  /** Whose key it was. */
  actor: string
  now: number
}

/** `integrations`: every one that has the token. `changed`: false where it was revoked before. */
export type RevocationAnswer =
  | { ok: true; token: string; integrations: readonly string[]; changed: boolean }
  | { ok: false; reason: 'not_found' }

/** When a secret last proved a delivery of its source, by its fingerprint. */
export interface SecretUse {
  source: string
  fingerprint: string
  verifiedAt: number
}
