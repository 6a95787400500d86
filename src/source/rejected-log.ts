import type { RejectedBatch, RejectedSample } from '../store/receipts.ts'

const MINUTE_MS = 60_000
/** The last refused deliveries of a source kept in full per flush: a flood of them costs no more, and hides no other source's. */
const SAMPLES_PER_SOURCE_MAX = 5
/** Bytes of a refused body that are kept; what is larger cannot be verified again. */
export const SAMPLE_BYTES_MAX = 65_536

/** Gathers refused deliveries in memory, so that nobody can make the disk work without a valid signature. */
export interface RejectedLog {
  /** `body: null` = it did not come whole: the delivery is counted only. */
  add(sample: Omit<RejectedSample, 'body'> & { body: Uint8Array | null }): void
  /** What gathered since the last time, or null where nothing did. */
  take(): RejectedBatch | null
  /** Takes a batch back that could not be written. */
  giveBack(batch: RejectedBatch): void
}

/** Makes an empty log. */
export function createRejectedLog(): RejectedLog {
  let counts = new Map<string, RejectedBatch['counts'][number]>()
  let samples = new Map<string, RejectedSample[]>()
  const keep = (sample: RejectedSample): void => {
    const kept = samples.get(sample.source) ?? []
    samples.set(sample.source, [...kept.slice(1 - SAMPLES_PER_SOURCE_MAX), sample])
  }
  const count = (row: RejectedBatch['counts'][number]): void => {
    const key = `${row.source}\n${row.reason}\n${row.minuteAt}`
    counts.set(key, { ...row, count: (counts.get(key)?.count ?? 0) + row.count })
  }
  return {
    add({ body, ...sample }) {
      const { source, reason, receivedAt } = sample
      count({ source, reason, minuteAt: Math.floor(receivedAt / MINUTE_MS) * MINUTE_MS, count: 1 })
      if (body !== null && body.byteLength <= SAMPLE_BYTES_MAX) keep({ ...sample, body })
    },
    take() {
      if (counts.size === 0) return null
      const batch = { counts: [...counts.values()], samples: [...samples.values()].flat() }
      counts = new Map()
      samples = new Map()
      return batch
    },
    giveBack(batch) {
      for (const row of batch.counts) count(row)
      const newer = [...samples.values()].flat()
      samples = new Map()
      for (const sample of [...batch.samples, ...newer]) keep(sample)
    },
  }
}
