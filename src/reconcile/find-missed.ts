import { headerMap } from '../source/redact-headers.ts'
import type { Source } from '../source/source.ts'
import type { Store } from '../store/store.ts'
import type { Attempt } from './sender-api.ts'

/** Events that could not be delivered, kept in memory until all pages are read. */
export const MISSED_MAX = 1_000
/** Bytes of payloads kept with them. */
export const MISSED_BYTES_MAX = 67_108_864

/** What the pages read so far come to. */
export interface Missed {
  /** Adds a page of attempts, newest first; false where it is full, and older ones must wait for another run. */
  add(attempts: readonly Attempt[]): Promise<boolean>
  counts: { attempts: number; undelivered: number; present: number }
  /** Events that are not here, oldest first. */
  list(): Attempt[]
}

export interface MissedContext {
  source: Source
  store: Pick<Store, 'findKeys'>
  sinceAt: number
  /** Events with these keys, received after this instant, count as present. */
  receivedAfter: number
}

/**
 * Gathers the events of which no attempt arrived and which are not here. What is here already is let go of at once, so that
 * a second run comes further than the first.
 */
export function createMissed({ source, store, sinceAt, receivedAfter }: MissedContext): Missed {
  /** Events that an attempt delivered, or that are here: whatever older pages say of them. */
  const settled = new Set<string>()
  const missed = new Map<string, Attempt>()
  const counts = { attempts: 0, undelivered: 0, present: 0 }
  let bytes = 0

  const sizeOf = ({ content }: Attempt): number => (content.kind === 'body' ? content.body.byteLength : 0)
  const drop = (event: string): void => {
    const known = missed.get(event)
    if (known === undefined) return
    bytes -= sizeOf(known)
    missed.delete(event)
  }
  const addOne = (attempt: Attempt, present: ReadonlySet<string>): boolean => {
    const { event } = attempt
    counts.attempts++
    if (attempt.isDelivered) {
      if (missed.has(event)) counts.undelivered--
      drop(event)
      settled.add(event)
      return true
    }
    if (settled.has(event) || missed.has(event)) return true
    if (present.has(event)) {
      counts.undelivered++
      counts.present++
      settled.add(event)
      return true
    }
    if (missed.size >= MISSED_MAX || bytes + sizeOf(attempt) > MISSED_BYTES_MAX) return false
    counts.undelivered++
    bytes += sizeOf(attempt)
    missed.set(event, attempt)
    return true
  }

  return {
    counts,
    async add(attempts) {
      const recent = attempts.filter(({ at }) => at === null || at >= sinceAt)
      const keys = new Map(recent.flatMap(attempt => (attempt.isDelivered ? [] : keyOf(attempt, source))))
      const found =
        keys.size === 0 ? [] : await store.findKeys({ source: source.name, keys: [...keys.keys()], receivedAfter })
      const present = new Set(found.map(key => keys.get(key)!))
      return recent.every(attempt => addOne(attempt, present))
    },
    list: () => [...missed.values()].reverse(),
  }
}

/** Its idempotency key with the event it is of, as far as it can be told without a body that is yet to be fetched. */
function keyOf({ event, headers, content }: Attempt, source: Source): [string, string][] {
  const found = source.keyOf({
    method: 'POST',
    query: '',
    headers: headerMap(headers),
    contentType: 'application/json',
    body: content.kind === 'body' ? content.body : Buffer.from('{}'),
  })
  return found.ok && found.key !== null ? [[found.key, event]] : []
}
