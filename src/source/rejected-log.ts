import type { RejectedBatch, RejectedSample } from '../store/store.ts'

const MINUTE_MS = 60_000
/** Refused deliveries kept in full per flush: a flood of them costs no more than this. */
const SAMPLES_PER_FLUSH_MAX = 20
/** Bytes of a refused body that are kept; what is larger cannot be verified again. */
const SAMPLE_BYTES_MAX = 65_536

/** Gathers refused deliveries in memory, so that nobody can make the disk work without a valid signature. */
export interface RejectedLog {
  add(sample: RejectedSample): void
  /** What gathered since the last time, or null where nothing did. */
  take(): RejectedBatch | null
}

/** Makes an empty log. */
export function createRejectedLog(): RejectedLog {
  let counts = new Map<string, RejectedBatch['counts'][number]>()
  let samples: RejectedSample[] = []
  return {
    add(sample) {
      const minuteAt = Math.floor(sample.receivedAt / MINUTE_MS) * MINUTE_MS
      const key = `${sample.source}\n${sample.reason}\n${minuteAt}`
      const known = counts.get(key)
      counts.set(key, { source: sample.source, reason: sample.reason, minuteAt, count: (known?.count ?? 0) + 1 })
      if (samples.length < SAMPLES_PER_FLUSH_MAX && sample.body.byteLength <= SAMPLE_BYTES_MAX) samples.push(sample)
    },
    take() {
      if (counts.size === 0) return null
      const batch = { counts: [...counts.values()], samples }
      counts = new Map()
      samples = []
      return batch
    },
  }
}
