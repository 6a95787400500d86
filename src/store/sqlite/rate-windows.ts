import type Database from 'better-sqlite3'
import type { Caps } from '../attempts.ts'

const MINUTE_MS = 60_000
const DAY_MS = 86_400_000
/** While every slot is taken by requests still under way, nothing says when one ends: ask again after this. */
const ASK_AGAIN_MS = 50

/**
 * Sliding windows of requests per integration. A slot is taken when the intent is recorded and freed a minute (a day)
 * after the request ENDED: its arrival at the target lies between the two, so no window of the target's own clock can
 * hold more than the cap. Ages are monotonic; what earlier processes sent is read back from the attempts.
 */
export interface RateWindows {
  /** null = a slot is free (take it with `take`); else which cap stands in the way and in how many ms to ask again. */
  blockedBy(integration: string, caps: Caps): { cap: 'minute_cap' | 'day_cap'; waitMs: number } | null
  take(integration: string, attemptSeq: number): void
  end(integration: string, attemptSeq: number): void
  /** Forgets everything, so that it is read from the database again: after a rollback. */
  reset(): void
}

interface Window {
  underWay: Set<number>
  /** Monotonic instants at which requests ended, ascending. */
  ended: number[]
  minuteFrom: number
  dayFrom: number
}

/** Builds the windows over one database; `wallNow` and `monotonicNow` are given so that tests can move time. */
export function createRateWindows(
  db: Database.Database,
  wallNow: () => number,
  monotonicNow: () => number,
): RateWindows {
  const windows = new Map<string, Window>()
  const read = db.prepare<[string, number], { seq: number; finished_at: number | null }>(`
    select seq, finished_at
    from attempt
    where integration = ? and sent_at > ?
    order by finished_at`)

  const windowOf = (integration: string): Window => {
    let window = windows.get(integration)
    if (window === undefined) {
      window = { underWay: new Set(), ended: [], minuteFrom: 0, dayFrom: 0 }
      const wall = wallNow()
      const monotonic = monotonicNow()
      // an hour more than the day: a request may have been under way for a while after it was sent
      for (const row of read.iterate(integration, wall - DAY_MS - 3_600_000)) {
        if (row.finished_at === null) window.underWay.add(row.seq)
        else window.ended.push(monotonic - Math.max(0, wall - row.finished_at))
      }
      windows.set(integration, window)
    }
    return window
  }

  return {
    blockedBy(integration, caps) {
      if (caps.perMinuteMax === null && caps.perDayMax === null) return null
      const window = windowOf(integration)
      const now = monotonicNow()
      dropOlder(window, now)
      const wait = (from: number, spanMs: number): number => {
        const oldest = window.ended[from]
        return oldest === undefined ? ASK_AGAIN_MS : Math.max(1, Math.ceil(oldest + spanMs - now))
      }
      const perDay = window.underWay.size + window.ended.length - window.dayFrom
      if (caps.perDayMax !== null && perDay >= caps.perDayMax)
        return { cap: 'day_cap', waitMs: wait(window.dayFrom, DAY_MS) }
      const perMinute = window.underWay.size + window.ended.length - window.minuteFrom
      if (caps.perMinuteMax !== null && perMinute >= caps.perMinuteMax)
        return { cap: 'minute_cap', waitMs: wait(window.minuteFrom, MINUTE_MS) }
      return null
    },
    take(integration, attemptSeq) {
      windows.get(integration)?.underWay.add(attemptSeq)
    },
    end(integration, attemptSeq) {
      const window = windows.get(integration)
      if (window?.underWay.delete(attemptSeq)) window.ended.push(monotonicNow())
    },
    reset() {
      windows.clear()
    },
  }
}

function dropOlder(window: Window, now: number): void {
  while (window.minuteFrom < window.ended.length && window.ended[window.minuteFrom]! <= now - MINUTE_MS)
    window.minuteFrom++
  while (window.dayFrom < window.ended.length && window.ended[window.dayFrom]! <= now - DAY_MS) window.dayFrom++
  if (window.dayFrom > 1_000) {
    window.ended.splice(0, window.dayFrom)
    window.minuteFrom -= window.dayFrom
    window.dayFrom = 0
  }
}
