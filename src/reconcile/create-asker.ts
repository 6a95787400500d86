import { askSender, type SenderAnswer } from './ask-sender.ts'
import type { ReconcileConfig } from './reconcile-config.ts'
import type { ApiAnswer, SenderApi } from './sender-api.ts'
import { STOPPING, type Stop, stop } from './stop.ts'

/** Longest wait where the sender asks for one, and how many waits a run takes; beyond it the run ends, to be begun again later. */
export const LIMITED_WAIT_MS_MAX = 60_000
export const LIMITED_WAITS_MAX = 5
/** While it waits, it says so this often: well within the time for which a connection may be silent. */
const TOLD_EVERY_MS = 1_000

/** Asks for a path below the endpoint; while it has to wait, it gives lines of progress. */
export type Asker = <Line>(path: string, progress: () => Line) => AsyncGenerator<Line, ApiAnswer | Stop, void>

interface AskerContext {
  api: SenderApi
  config: ReconcileConfig
  signal: AbortSignal
  now: () => number
}

/** Asks as often as the sender lets us: its waits are kept, a bounded number of them. */
export function createAsker({ api, config, signal, now }: AskerContext): Asker {
  let waits = 0
  return async function* ask<Line>(path: string, progress: () => Line) {
    // by hand, because a path that begins with "/" would replace that of the endpoint
    const url = new URL(config.endpoint)
    const [pathname, query = ''] = path.split('?') as [string, string?]
    url.pathname = url.pathname.replace(/\/+$/, '') + pathname
    url.search = query
    for (;;) {
      if (signal.aborted) return STOPPING
      const answer: SenderAnswer = await askSender(url, await api.headersFor(config, now()), signal)
      if (answer.kind === 'answer') return answer
      if (signal.aborted) return STOPPING
      const origin = config.endpoint.origin
      if (answer.kind === 'failed') return stop(answer.reason, `${origin}: ${answer.message}`)
      if (answer.retryAfterMs > LIMITED_WAIT_MS_MAX || waits++ >= LIMITED_WAITS_MAX) {
        const retryAfterSec = Math.ceil(answer.retryAfterMs / 1_000)
        return stop(
          'rate_limited',
          `${origin} takes no more requests now: run it again in ${retryAfterSec} s`,
          retryAfterSec,
        )
      }
      const endAt = performance.now() + answer.retryAfterMs
      for (let left = answer.retryAfterMs; left > 0 && !signal.aborted; left = endAt - performance.now()) {
        yield progress()
        await rest(Math.min(left, TOLD_EVERY_MS))
      }
    }
  }
}

function rest(ms: number): Promise<void> {
  return new Promise(resolve => setTimeout(resolve, ms))
}
