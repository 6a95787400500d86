import type { IntegrationState, TokenAnswer } from '../tokens.ts'
import type { StoreContext } from './context.ts'

interface TokenRow {
  integration: string
  fingerprint: string
  state: IntegrationState['state']
  paused_until: number | null
  probed_at: number | null
  first_seen_at: number
  last_used_at: number | null
  uses: number
  last_answer: TokenAnswer | null
}

/** Reads the token ledger: every token ever configured, newest first within its integration. */
export function readIntegrations({ db }: StoreContext): () => IntegrationState[] {
  const select = db.prepare<[], TokenRow>(`
    select integration, fingerprint, state, paused_until, probed_at, first_seen_at, last_used_at, uses, last_answer
    from token
    order by integration, first_seen_at desc`)
  return () =>
    select.all().map(row => ({
      integration: row.integration,
      token: row.fingerprint,
      state: row.state,
      pausedUntil: row.paused_until === 0 ? null : row.paused_until,
      probedAt: row.probed_at,
      firstSeenAt: row.first_seen_at,
      lastUsedAt: row.last_used_at,
      uses: row.uses,
      lastAnswer: row.last_answer,
    }))
}
