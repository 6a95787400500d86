import { computeCeiling } from '../../src/execute/backoff.ts'

/** The defaults: `integrations.*.backoff` and `limits.attempts`. */
const BACKOFF = { baseMs: 2_000, capMs: 3_600_000 }
const ATTEMPTS_MAX = 12

/** The rows of the table in docs/backoff.md: a job that fails every time waits between its attempts, not after the last. */
export function backoffTable(): string[][] {
  const rows: string[][] = []
  let longestMs = 0
  for (let made = 1; made < ATTEMPTS_MAX; made++) {
    const ceilingMs = computeCeiling(made, BACKOFF)
    longestMs += ceilingMs
    rows.push([String(made), ...[ceilingMs / 2, ceilingMs, longestMs / 2, longestMs].map(formatSeconds)])
  }
  return rows
}

function formatSeconds(ms: number): string {
  const seconds = Math.round(ms / 1_000)
  const parts = [
    [Math.floor(seconds / 3_600), 'h'],
    [Math.floor(seconds / 60) % 60, 'min'],
    [seconds % 60, 's'],
  ] as const
  return parts
    .filter(([count]) => count > 0)
    .map(([count, unit]) => `${count} ${unit}`)
    .join(' ')
}
