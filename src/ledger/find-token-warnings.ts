import type { IntegrationState } from '../store/tokens.ts'

/** A token nobody has used for so long is a door nobody watches: 90 days (semantics.md 5). */
export const UNUSED_MS = 7_776_000_000

/**
 * What should be seen of a token: `rotation_due` (older than `rotateAfter`), `shared` (another integration has it too),
 * `unused` for 90 days, `refused` by the API, `held` after five 403 in a row, `revoked` and nothing in its place.
 */
export type TokenWarning = 'rotation_due' | 'shared' | 'unused' | 'refused' | 'held' | 'revoked'

/** What is configured of an integration, as far as warnings need it. */
export interface WatchedIntegration {
  /** Fingerprint of the token that is configured. */
  token: string
  rotateAfterMs: number | null
}

/**
 * Finds what should be seen of a token in the ledger; nothing of those that are configured no more. `others` are the
 * fingerprints of the tokens of all integrations, this one's among them. Pure.
 */
export function findTokenWarnings(
  state: IntegrationState,
  configured: WatchedIntegration | undefined,
  others: readonly string[],
  now: number,
): TokenWarning[] {
  if (configured === undefined || configured.token !== state.token) return []
  const warnings: TokenWarning[] = []
  const dueAt = rotateBy(state, configured)
  if (dueAt !== null && dueAt <= now) warnings.push('rotation_due')
  if (others.filter(other => other === state.token).length > 1) warnings.push('shared')
  if (now - (state.lastUsedAt ?? state.firstSeenAt) > UNUSED_MS) warnings.push('unused')
  if (state.state === 'refused' || state.state === 'held' || state.state === 'revoked') warnings.push(state.state)
  return warnings
}

/** The instant by which a token is to be replaced: its age counts from when the ledger first saw it. Null = never. */
export function rotateBy(
  { firstSeenAt, token }: IntegrationState,
  configured: WatchedIntegration | undefined,
): number | null {
  if (configured === undefined || configured.token !== token || configured.rotateAfterMs === null) return null
  return firstSeenAt + configured.rotateAfterMs
}
