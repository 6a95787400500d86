import type { RecordedEvent } from '../store/receipts.ts'

/** Bytes of bodies kept in memory for routing; beyond it routing reads from the store. */
const BYTES_MAX = 32 * 1024 * 1024

/** Events on their way from custody to judgement, so that routing need not read back what was just written. */
export interface FreshEvents {
  push(event: RecordedEvent): void
  /**
   * The events right after a row number, up to `limit`; empty where there is nothing newer, null where memory has a gap
   * and the store must be read.
   */
  takeAfter(seq: number, limit: number): RecordedEvent[] | null
}

/** Makes the queue; `lastSeq` is the newest row there was before this process began. */
export function createFreshEvents(lastSeq: number): FreshEvents {
  let events: RecordedEvent[] = []
  let bytes = 0
  /** Newest row this process knows to exist. */
  let newestSeq = lastSeq

  return {
    push(event) {
      newestSeq = Math.max(newestSeq, event.seq)
      if (bytes + event.body.bytes.byteLength > BYTES_MAX) return
      bytes += event.body.bytes.byteLength
      events.push(event)
    },
    takeAfter(seq, limit) {
      if (seq >= newestSeq) return []
      const first = events.findIndex(event => event.seq > seq)
      if (first === -1 || events[first]!.seq !== seq + 1) {
        forget(seq)
        return null
      }
      let end = first + 1
      while (end < events.length && end - first < limit && events[end]!.seq === events[end - 1]!.seq + 1) end++
      const taken = events.slice(first, end)
      forget(taken.at(-1)!.seq)
      return taken
    },
  }

  function forget(throughSeq: number): void {
    events = events.filter(event => event.seq > throughSeq)
    bytes = events.reduce((sum, event) => sum + event.body.bytes.byteLength, 0)
  }
}
