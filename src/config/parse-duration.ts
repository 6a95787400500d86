const UNIT_MS = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const

/** Longest duration accepted: 100 years in milliseconds; above it a date computed from it leaves the range of `Date`. */
const DURATION_MAX_MS = 100 * 365 * UNIT_MS.d

/**
 * Reads a duration such as `250ms`, `30s`, `5m`, `12h`, `180d`.
 * Returns whole milliseconds, or null where the text is not a duration or is longer than 100 years.
 */
export function parseDuration(text: string): number | null {
  const match = /^(0|[1-9][0-9]{0,11})(ms|s|m|h|d)$/.exec(text)
  if (match === null) return null
  const ms = Number(match[1]) * UNIT_MS[match[2] as keyof typeof UNIT_MS]
  return ms <= DURATION_MAX_MS ? ms : null
}
