import { BRIDGE_ACTOR } from '../audit.ts'
import type { TokenRegistration } from '../tokens.ts'
import type { StoreContext } from './context.ts'

interface Known {
  fingerprint: string
  state: string
}
interface RetiredRow {
  integration: string
  fingerprint: string
}

/**
 * Enters the tokens in force into the ledger; one that is configured no more is retired, its history stays. A revoked token
 * stays revoked, here and in every other integration. What changes is accounted for.
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
  const retire = db.prepare<[string, string], RetiredRow>(`
    update token
    set state = 'retired'
    where integration = ? and fingerprint <> ? and state not in ('retired', 'revoked')
    returning integration, fingerprint`)
  const retireOthers = db.prepare<[string], RetiredRow>(`
    update token
    set state = 'retired'
    where state not in ('retired', 'revoked') and integration not in (select value from json_each(?))
    returning integration, fingerprint`)
  const account = (
    at: number,
    action: 'token.registered' | 'token.retired',
    { integration, fingerprint }: RetiredRow,
  ) => audit.append({ at, actor: BRIDGE_ACTOR, action, integration, target: fingerprint })
  return ({ now, resumeHeld, tokens, actor = BRIDGE_ACTOR }) => {
    for (const token of tokens) {
      const before = known.all(token.integration)
      const was = before.find(({ fingerprint }) => fingerprint === token.fingerprint)
      insert.run({ ...token, now, resume: resumeHeld ? 1 : 0 })
      if (was === undefined || was.state === 'retired') account(now, 'token.registered', token)
      for (const retired of retire.all(token.integration, token.fingerprint)) account(now, 'token.retired', retired)
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
    const gone = retireOthers.all(JSON.stringify(tokens.map(token => token.integration)))
    for (const retired of gone) account(now, 'token.retired', retired)
  }
}

/** The token whose place another one takes; null where that was in force already, or is the first. */
function findReplaced(before: readonly Known[], fingerprint: string): string | null {
  const others = before.filter(token => token.fingerprint !== fingerprint)
  const was = before.find(token => token.fingerprint === fingerprint)
  if (was !== undefined && was.state !== 'retired') return null
  return (others.find(token => token.state !== 'retired') ?? others[0])?.fingerprint ?? null
}
