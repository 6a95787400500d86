import { BRIDGE_ACTOR } from '../audit.ts'
import type { ProbeResult } from '../tokens.ts'
import type { StoreContext } from './context.ts'

/** Notes what a harmless query said of a refused token: accepted again, still refused, or nothing. */
export function recordProbe({ db, audit }: StoreContext): (probe: ProbeResult) => void {
  const isRefused = db.prepare<[string, string], 1>(
    `select 1 from token where integration = ? and fingerprint = ? and state = 'refused'`,
  )
  const update = db.prepare(`
    update token
    set probed_at = @now,
      last_answer = coalesce(@answer, last_answer),
      paused_until = max(coalesce(paused_until, 0), coalesce(@pausedUntil, 0)),
      state = case when @answer = 'ok' and state = 'refused' then 'active' else state end
    where integration = @integration and fingerprint = @token`)
  return probe => {
    const wasRefused = isRefused.get(probe.integration, probe.token) !== undefined
    update.run(probe)
    if (!wasRefused || probe.answer !== 'ok') return
    const { now: at, integration, token: target } = probe
    audit.append({ at, actor: BRIDGE_ACTOR, action: 'token.accepted', integration, target })
  }
}
