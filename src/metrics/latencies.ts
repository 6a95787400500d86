/** Each bucket is so much wider than the one before: a percentile is at most this much too high. */
const GROWTH = 1.15
/** From 0.1 ms to more than a week. */
const SMALLEST_MS = 0.1
const BUCKETS = 160
/** Six parts of ten minutes: the last hour, or up to ten minutes less. */
const PART_MS = 600_000
const PARTS = 6

/** How long something took in the last hour, in memory: a restart forgets it. */
export interface Latencies {
  add(ms: number, at: number): void
  /** Percentiles in ms, at most 15 % above the true ones; null where nothing was measured. */
  read(at: number): LatencyPercentiles | null
}
export interface LatencyPercentiles {
  count: number
  p50Ms: number
  p95Ms: number
  p99Ms: number
}

/** Makes an empty measurement; each part of the hour takes its memory (640 bytes) when it is first used. */
export function createLatencies(): Latencies {
  const parts: ({ slot: number; counts: Uint32Array } | undefined)[] = new Array(PARTS)
  const logGrowth = Math.log(GROWTH)
  return {
    add(ms, at) {
      const slot = Math.floor(at / PART_MS)
      let part = parts[slot % PARTS]
      if (part?.slot !== slot) {
        part = { slot, counts: new Uint32Array(BUCKETS) }
        parts[slot % PARTS] = part
      }
      const bucket = ms <= SMALLEST_MS ? 0 : Math.ceil(Math.log(ms / SMALLEST_MS) / logGrowth)
      part.counts[Math.min(bucket, BUCKETS - 1)]!++
    },
    read(at) {
      const now = Math.floor(at / PART_MS)
      const sums = new Float64Array(BUCKETS)
      let count = 0
      for (const part of parts) {
        if (part === undefined || part.slot <= now - PARTS || part.slot > now) continue
        for (let i = 0; i < BUCKETS; i++) {
          sums[i]! += part.counts[i]!
          count += part.counts[i]!
        }
      }
      if (count === 0) return null
      const percentile = (share: number): number => {
        let bucket = 0
        for (let left = Math.ceil(count * share) - sums[0]!; left > 0; left -= sums[bucket]!) bucket++
        return Number((SMALLEST_MS * GROWTH ** bucket).toPrecision(3))
      }
      return { count, p50Ms: percentile(0.5), p95Ms: percentile(0.95), p99Ms: percentile(0.99) }
    },
  }
}
