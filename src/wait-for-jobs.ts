import type { EventResult } from './store/reports.ts'
import type { Store } from './store/store.ts'

/** Deliveries that may wait at once. Each asks the store four times a second. */
const WAITERS_MAX = 64
/** Between two looks: short at first, because most jobs end in less than a second. */
const LOOK_MS_MIN = 10
const LOOK_MS_MAX = 250

/** Lets senders wait for what their event leads to. */
export interface Waiting {
  /**
   * Waits until the event is routed and none of its jobs will go on by itself, `waitMs` at most. `late`: that did not
   * happen in time, or `isOver` says that nobody waits any more. `full`: too many wait already. Never rejects.
   */
  wait(eventId: string, waitMs: number, isOver: () => boolean): Promise<Waited>
}

export type Waited = { kind: 'ended'; outcome: EventResult } | { kind: 'late' } | { kind: 'full' }

/** Makes it. The event is on disk before anybody waits for it, so that a wait which breaks off loses nothing. */
export function createWaiting(store: Pick<Store, 'readOutcome'>): Waiting {
  let waiters = 0
  return {
    async wait(eventId, waitMs, isOver) {
      if (waiters >= WAITERS_MAX) return { kind: 'full' }
      waiters++
      try {
        return await look(store, eventId, performance.now() + waitMs, isOver)
      } finally {
        waiters--
      }
    },
  }
}

async function look(
  store: Pick<Store, 'readOutcome'>,
  eventId: string,
  endAt: number,
  isOver: () => boolean,
): Promise<Waited> {
  for (let pauseMs = LOOK_MS_MIN; ; pauseMs = Math.min(pauseMs * 2, LOOK_MS_MAX)) {
    // the event is taken: that it cannot be read now is no failure of the delivery
    const outcome = await store.readOutcome(eventId).catch(() => null)
    if (outcome !== null && isAtRest(outcome)) return { kind: 'ended', outcome }
    const leftMs = endAt - performance.now()
    if (leftMs <= 0 || isOver()) return { kind: 'late' }
    await new Promise(resolve => setTimeout(resolve, Math.min(pauseMs, leftMs)))
  }
}

/** A job in doubt is settled by asking, and a queued one is tried again: both go on. A held one waits for a person. */
function isAtRest({ outcome, jobs }: EventResult): boolean {
  return (
    outcome !== 'unrouted' &&
    jobs.every(({ state }) => state !== 'queued' && state !== 'running' && state !== 'in_doubt')
  )
}

/** Whether what the event asked for was not done, and will not be without a person. */
export function hasFailed({ outcome, jobs }: EventResult): boolean {
  return outcome === 'quarantined' || jobs.some(({ state }) => state === 'dead' || state === 'held')
}
