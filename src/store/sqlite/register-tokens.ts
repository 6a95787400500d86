import type { TokenRegistration } from '../tokens.ts'
import type { StoreContext } from './context.ts'

interface Known {
  fingerprint: string
  state: string
}

/**
 * Enters the tokens in force into the ledger; one that is configured no more is retired, its history stays. A revoked token
 * stays revoked, here and in every other integration. That one takes the place of another is accounted for.
 */
export function registerTokens({ db, audit }: StoreContext): (registration: TokenRegistration) => void {
  const known = db.prepare<[string], Known>(
    'select fingerprint, state from token where integration = ? order by first_seen_at desc',
  )
  const insert = db.prepare(`
    insert into token (fingerprint, integration, state, purpose, owner, first_seen_at, revoked_at)
    select @fingerprint, @integration, case when revoked_at is null then 'active' else 'revoked' end, @purpose, @owner, @now,
      revoked_at
    from (select max(revoked_at) as revoked_at from token where fingerprint = @fingerprint)
    where true
    on conflict (integration, fingerprint) do update
    set purpose = excluded.purpose,
      owner = excluded.owner,
      forbidden_in_row = case when state = 'held' and @resume = 1 then 0 else forbidden_in_row end,
      state = case when state = 'retired' or (state = 'held' and @resume = 1) then 'active' else state end`)
  const retire = db.prepare(`
    update token
    set state = 'retired'
    where integration = ? and fingerprint <> ? and state not in ('retired', 'revoked')`)
  const retireOthers = db.prepare(`
    update token
    set state = 'retired'
    where state not in ('retired', 'revoked') and integration not in (select value from json_each(?))`)
  return ({ now, resumeHeld, tokens, actor = 'bridge' }) => {
    for (const token of tokens) {
      const before = known.all(token.integration)
      insert.run({ ...token, now, resume: resumeHeld ? 1 : 0 })
      retire.run(token.integration, token.fingerprint)
      const from = findReplaced(before, token.fingerprint)
      if (from !== null)
        audit.append({
          at: now,
          actor,
          action: 'token.rotated',
          integration: token.integration,
          target: token.fingerprint,
          detail: { from },
        })
    }
    retireOthers.run(JSON.stringify(tokens.map(token => token.integration)))
  }
}

/** The token whose place another one takes; null where that was in force already, or is the first. */
function findReplaced(before: readonly Known[], fingerprint: string): string | null {
  const others = before.filter(token => token.fingerprint !== fingerprint)
  const was = before.find(token => token.fingerprint === fingerprint)
  if (was !== undefined && was.state !== 'retired') return null
  return (others.find(token => token.state !== 'retired') ?? others[0])?.fingerprint ?? null
}
