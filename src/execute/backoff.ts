export interface Backoff {
  baseMs: number
  capMs: number
}

/**
 * How long to wait before the next attempt: full jitter below base × 2^attempts, capped (AWS Architecture Blog,
 * "Exponential Backoff and Jitter"). `attempts` counts those already made, `random` is in [0, 1). Whole milliseconds.
 */
export function computeBackoff(attempts: number, { baseMs, capMs }: Backoff, random: number): number {
  return Math.ceil(random * computeCeiling(attempts, { baseMs, capMs }))
}

/** The longest wait `computeBackoff` can give: what docs/backoff.md prints. */
export function computeCeiling(attempts: number, { baseMs, capMs }: Backoff): number {
  // 2^30 × 1 ms is above any cap; beyond that the power itself would stop being exact
  return Math.min(capMs, baseMs * 2 ** Math.min(Math.max(attempts - 1, 0), 30))
}
