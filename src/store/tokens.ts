export type TokenAnswer = 'ok' | 'unauthorized' | 'forbidden' | 'rate_limited'

export interface TokenRegistration {
  now: number
  /** A start is a person's act: an integration held after refusals (403) may try again. */
  resumeHeld: boolean
  tokens: readonly { integration: string; fingerprint: string; purpose: string | null; owner: string | null }[]
}

export interface ProbeResult {
  integration: string
  token: string
  answer: TokenAnswer
  now: number
}

export interface IntegrationState {
  integration: string
  token: string
  state: 'active' | 'refused' | 'held' | 'retired'
  pausedUntil: number | null
  probedAt: number | null
  firstSeenAt: number
  lastUsedAt: number | null
  uses: number
  lastAnswer: TokenAnswer | null
}
