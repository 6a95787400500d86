/** How a sender writes its timestamp: whole seconds, whole milliseconds, or ISO 8601. */
export type TimestampUnit = 's' | 'ms' | 'iso'

/** Tolerance where nothing else is said, both directions; what Stripe's and the Standard Webhooks libraries use. */
export const TOLERANCE_DEFAULT_MS = 300_000

// Number() also takes "", " 12", "0x10" and "1e9", so nothing is converted that has not one of these shapes.
const SECONDS = /^[0-9]{10}$/
const MILLISECONDS = /^[0-9]{13}$/
const ISO =
  /^([0-9]{4})-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]{1,9})?(Z|[+-]([01][0-9]|2[0-3]):[0-5][0-9])$/

/** Reads a timestamp strictly. Returns epoch milliseconds, or null where the text has not exactly the shape of its unit. */
export function parseSignedAt(text: string, unit: TimestampUnit): number | null {
  if (unit === 's') return SECONDS.test(text) ? Number(text) * 1_000 : null
  if (unit === 'ms') return MILLISECONDS.test(text) ? Number(text) : null
  const match = ISO.exec(text)
  if (match === null) return null
  // V8 reads the 30th of February as the 2nd of March.
  const daysInMonth = new Date(Date.UTC(Number(match[1]), Number(match[2]), 0)).getUTCDate()
  return Number(match[3]) <= daysInMonth ? Date.parse(text) : null
}

/** Writes an instant (epoch ms) as the sender would; seconds are cut off, not rounded. */
export function formatSignedAt(at: number, unit: TimestampUnit): string {
  if (unit === 's') return String(Math.floor(at / 1_000))
  return unit === 'ms' ? String(at) : new Date(at).toISOString()
}

/** Whether a signed instant is near enough to now, in both directions; always when the tolerance is off (null). */
export function isWithinTolerance(signedAt: number, now: number, toleranceMs: number | null): boolean {
  return toleranceMs === null || Math.abs(now - signedAt) <= toleranceMs
}
