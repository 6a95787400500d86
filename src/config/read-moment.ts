import { parseDuration } from './parse-duration.ts'

/** Reads an instant (ISO 8601 with a zone), or a duration before now such as `7d`; null for anything else. Gives epoch ms. */
export function readMoment(text: string, now: number): number | null {
  const durationMs = parseDuration(text)
  if (durationMs !== null) return now - durationMs
  const at = /^\d{4}-\d{2}-\d{2}T[\d:.]+(Z|[+-]\d{2}:\d{2})$/.test(text) ? Date.parse(text) : Number.NaN
  return Number.isNaN(at) ? null : at
}
