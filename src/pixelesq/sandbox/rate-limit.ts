/** Highest limit per window; one 8-byte instant is kept per counted request. */
export const REQUESTS_PER_WINDOW_MAX = 1_000_000

const MINUTE_MS = 60_000
const DAY_MS = 86_400_000

export interface RateLimitSettings {
  perMinute?: number | undefined
  perDay?: number | undefined
  concurrent?: number | undefined
  /** Form of the `Retry-After` header; `none` sends no header. Pixelesq documents none of them; `seconds` is the default. */
  retryAfter?: 'seconds' | 'date' | 'none' | undefined
}

export type Admission = { ok: true; inFlight: number } | { ok: false; retryAfterMs: number }

export interface RateLimiter {
  /** Counts a request of the token named; `leave` must follow once for every admission. Refused requests do not count. */
  enter(tokenName: string, monotonicMs: number): Admission
  leave(tokenName: string): void
  change(settings: RateLimitSettings): void
  settings(): RateLimitSettings
  reset(): void
}

/** The last `max` admissions in a ring: one more fits when the oldest of them has left the window. Exact, and O(1). */
interface Window {
  ring: Float64Array
  next: number
  lengthMs: number
}

interface Usage {
  windows: Window[]
  inFlight: number
}

/** Sliding windows per token: at no instant do more than the limit lie in the last minute or day. */
export function createRateLimiter(initial: RateLimitSettings): RateLimiter {
  let settings: RateLimitSettings = { ...initial }
  const usages = new Map<string, Usage>()

  function usageOf(tokenName: string): Usage {
    let usage = usages.get(tokenName)
    if (usage === undefined) {
      usage = { windows: createWindows(settings), inFlight: 0 }
      usages.set(tokenName, usage)
    }
    return usage
  }

  return {
    enter(tokenName, monotonicMs) {
      const usage = usageOf(tokenName)
      if (settings.concurrent !== undefined && usage.inFlight >= settings.concurrent)
        return { ok: false, retryAfterMs: 1_000 }
      const waitMs = Math.max(0, ...usage.windows.map(window => waitFor(window, monotonicMs)))
      if (waitMs > 0) return { ok: false, retryAfterMs: waitMs }
      for (const window of usage.windows) count(window, monotonicMs)
      usage.inFlight += 1
      return { ok: true, inFlight: usage.inFlight }
    },
    leave(tokenName) {
      const usage = usages.get(tokenName)
      if (usage !== undefined) usage.inFlight = Math.max(0, usage.inFlight - 1)
    },
    change(next) {
      settings = { ...next }
      for (const usage of usages.values()) usage.windows = createWindows(settings)
    },
    settings: () => ({ ...settings }),
    reset() {
      settings = { ...initial }
      for (const usage of usages.values()) usage.windows = createWindows(settings)
    },
  }
}

function createWindows(settings: RateLimitSettings): Window[] {
  const limits = [
    { max: settings.perMinute, lengthMs: MINUTE_MS },
    { max: settings.perDay, lengthMs: DAY_MS },
  ]
  return limits.flatMap(({ max, lengthMs }) =>
    max === undefined ? [] : [{ ring: new Float64Array(max).fill(Number.NEGATIVE_INFINITY), next: 0, lengthMs }],
  )
}

function waitFor(window: Window, now: number): number {
  // A limit of 0 admits nothing, ever; the window's length is as good an answer as any.
  if (window.ring.length === 0) return window.lengthMs
  return Math.max(0, (window.ring[window.next] ?? 0) + window.lengthMs - now)
}

function count(window: Window, now: number): void {
  window.ring[window.next] = now
  window.next = (window.next + 1) % window.ring.length
}

/** Value of the `Retry-After` header, rounded up so that a caller who obeys is let in; null for none. */
export function formatRetryAfter(form: RateLimitSettings['retryAfter'], waitMs: number, now: number): string | null {
  if (form === 'none') return null
  if (form === 'date') return new Date(Math.ceil((now + waitMs) / 1_000) * 1_000).toUTCString()
  return String(Math.max(1, Math.ceil(waitMs / 1_000)))
}
