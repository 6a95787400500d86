import { adminActor } from '../audit.ts'
import type { Revocation, RevocationAnswer } from '../tokens.ts'
import type { StoreContext } from './context.ts'

/**
 * Revokes a token for good, in every integration that has it: no intent with it is granted from then on, whatever is
 * configured. Its jobs wait in their queue until another token is in force.
 */
export function revokeToken({ db, audit }: StoreContext): (revocation: Revocation) => RevocationAnswer {
  const find = db.prepare<{ integration: string; token: string | null }, { fingerprint: string; state: string }>(`
    select fingerprint, state
    from token
    where integration = @integration
      and (fingerprint = @token or (@token is null and state <> 'retired'))
    order by state = 'revoked', revoked_at desc
    limit 1`)
  const sharing = db
    .prepare<[string], string>('select integration from token where fingerprint = ? order by integration')
    .pluck()
  const revoke = db.prepare<[number, string]>(`
    update token
    set state = 'revoked', revoked_at = ?
    where fingerprint = ? and state <> 'revoked'`)

  return ({ integration, token, actor, now }) => {
    const found = find.get({ integration, token })
    if (found === undefined) return { ok: false, reason: 'not_found' }
    const { fingerprint } = found
    const integrations = sharing.all(fingerprint)
    const changed = revoke.run(now, fingerprint).changes > 0
    if (changed)
      for (const integration of integrations)
        audit.append({ at: now, actor: adminActor(actor), action: 'token.revoked', integration, target: fingerprint })
    return { ok: true, token: fingerprint, integrations, changed }
  }
}
