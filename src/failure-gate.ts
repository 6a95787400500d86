import { BridgeError } from './errors.ts'

/** What @fastify/rate-limit says of an address. */
type Count = { isAllowed: true } | { isAllowed: false; remaining: number; isExceeded: boolean; ttlInSeconds: number }
/** Counts a failure of the address of a request; `increment: false` only looks. */
type CountFailure<R> = (request: R, options?: { increment: boolean }) => Promise<Count>

/** Keeps addresses that failed too often waiting. */
export interface FailureGate<R> {
  /** Throws `too_many_failures` where the address has to wait. */
  refuseFailing(request: R): Promise<void>
  /** Counts a failure; the one over the limit is already told to wait. */
  count(request: R): Promise<void>
}

/** Failures of an address are counted over this time; see app.ts. */
const FAILURE_WINDOW_MS = 60_000

/** Makes a gate over the counts of the application. While nobody has failed here lately it has nothing to look up. */
export function createFailureGate<R>(countFailure: CountFailure<R>): FailureGate<R> {
  let lastFailureAt = 0
  return {
    async refuseFailing(request) {
      if (Date.now() - lastFailureAt >= FAILURE_WINDOW_MS) return
      const seen = await countFailure(request, { increment: false })
      if (!seen.isAllowed && seen.remaining === 0 && seen.isExceeded) throw tooMany(seen.ttlInSeconds)
    },
    async count(request) {
      lastFailureAt = Date.now()
      const count = await countFailure(request)
      if (!count.isAllowed && count.isExceeded) throw tooMany(count.ttlInSeconds)
    },
  }
}

function tooMany(retryAfterSec: number): BridgeError {
  return new BridgeError('too_many_failures', 'Too many failed requests from this address', {
    retryAfterSec: Math.max(1, Math.ceil(retryAfterSec)),
  })
}
