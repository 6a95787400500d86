import type { ProbeResult } from '../tokens.ts'
import type { StoreContext } from './context.ts'

/** Notes what a harmless query said of a refused token: accepted again, or still refused. */
export function recordProbe({ db }: StoreContext): (probe: ProbeResult) => void {
  const update = db.prepare(`
    update token
    set probed_at = @now,
      last_answer = @answer,
      state = case when @answer = 'ok' and state = 'refused' then 'active' else state end
    where integration = @integration and fingerprint = @token`)
  return probe => {
    update.run(probe)
  }
}
