import { BRIDGE_ACTOR } from '../audit.ts'
import type { IntegrationState, TokenAnswer } from '../tokens.ts'
import type { StoreContext } from './context.ts'

/** So many refusals (403) in a row hold the whole integration: the role is wrong, not the job (semantics.md 4). */
const FORBIDDEN_IN_ROW_MAX = 5

export interface TokenUse {
  integration: string
  token: string
  tokenAnswer: TokenAnswer | null
  pausedUntil: number | null
  now: number
}

/** Keeps the ledger of a token: uses, last answer, refusals; 401 stops it, 429 pauses it. */
export function noteTokenAnswer({ db, audit }: StoreContext): (use: TokenUse) => void {
  const stateOf = db
    .prepare<[string, string], IntegrationState['state']>(
      'select state from token where integration = ? and fingerprint = ?',
    )
    .pluck()
  const update = db.prepare(`
    update token
    set last_used_at = @now,
      uses = uses + 1,
      last_answer = coalesce(@answer, last_answer),
      paused_until = max(coalesce(paused_until, 0), coalesce(@pausedUntil, 0)),
      forbidden_in_row = case @answer when 'forbidden' then forbidden_in_row + 1 when 'ok' then 0 else forbidden_in_row end,
      state = case
        when @answer = 'unauthorized' and state in ('active', 'held') then 'refused'
        when @answer = 'forbidden' and state = 'active' and forbidden_in_row + 1 >= ${FORBIDDEN_IN_ROW_MAX} then 'held'
        else state end
    where integration = @integration and fingerprint = @token`)
  return use => {
    const mayStop = use.tokenAnswer === 'unauthorized' || use.tokenAnswer === 'forbidden'
    const before = mayStop ? stateOf.get(use.integration, use.token) : undefined
    update.run({
      now: use.now,
      answer: use.tokenAnswer,
      pausedUntil: use.pausedUntil,
      integration: use.integration,
      token: use.token,
    })
    const state = mayStop ? stateOf.get(use.integration, use.token) : undefined
    if (state === before || (state !== 'refused' && state !== 'held')) return
    audit.append({
      at: use.now,
      actor: BRIDGE_ACTOR,
      action: `token.${state}`,
      integration: use.integration,
      target: use.token,
    })
  }
}
