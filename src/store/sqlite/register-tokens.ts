import type { TokenRegistration } from '../tokens.ts'
import type { StoreContext } from './context.ts'

/** Enters the tokens in force into the ledger; one that is configured no more is retired, its history stays. */
export function registerTokens({ db }: StoreContext): (registration: TokenRegistration) => void {
  const insert = db.prepare(`
    insert into token (fingerprint, integration, state, purpose, owner, first_seen_at)
    values (@fingerprint, @integration, 'active', @purpose, @owner, @now)
    on conflict (integration, fingerprint) do update
    set purpose = excluded.purpose,
      owner = excluded.owner,
      forbidden_in_row = case when state = 'held' and @resume = 1 then 0 else forbidden_in_row end,
      state = case when state = 'retired' or (state = 'held' and @resume = 1) then 'active' else state end`)
  const retire = db.prepare(`
    update token
    set state = 'retired'
    where integration = ? and fingerprint <> ? and state <> 'retired'`)
  const retireOthers = db.prepare(`
    update token
    set state = 'retired'
    where state <> 'retired' and integration not in (select value from json_each(?))`)
  return ({ now, resumeHeld, tokens }) => {
    for (const token of tokens) {
      insert.run({ ...token, now, resume: resumeHeld ? 1 : 0 })
      retire.run(token.integration, token.fingerprint)
    }
    retireOthers.run(JSON.stringify(tokens.map(token => token.integration)))
  }
}
