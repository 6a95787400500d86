import type { IntegrationState } from '../tokens.ts'
import type { StoreContext } from './context.ts'

/** Reads the token ledger: every token ever configured, newest first within its integration. */
export function readIntegrations({ db }: StoreContext): () => IntegrationState[] {
  const select = db.prepare<[], IntegrationState>(`
    select integration, fingerprint as token,
      case
        when state = 'retired' and exists (
          select 1
          from attempt
          where attempt.outcome is null and attempt.token = token.fingerprint and attempt.integration = token.integration)
        then 'retiring'
        else state end as state,
      purpose, owner, nullif(paused_until, 0) as pausedUntil, probed_at as probedAt, revoked_at as revokedAt,
      first_seen_at as firstSeenAt, last_used_at as lastUsedAt, uses, last_answer as lastAnswer
    from token
    order by integration, first_seen_at desc`)
  return () => select.all()
}
