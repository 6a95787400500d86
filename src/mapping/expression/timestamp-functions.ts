import { fail, spend } from './evaluation-budget.ts'
import { readWallClock, type WallClock } from './format-date.ts'
import { toInstant } from './to-instant.ts'

const DAY_MS = 86_400_000

/** A CEL timestamp of what senders call a time (see `toInstant`). */
export function timestamp(time: unknown): Date {
  return new Date(toInstant(time))
}

/** Parts of a timestamp as CEL counts them: months and days from 0, but for `getDate`. */
const PARTS: Readonly<Record<string, (clock: WallClock) => number>> = {
  getFullYear: clock => clock.year,
  getMonth: clock => clock.month - 1,
  getDate: clock => clock.day,
  getDayOfMonth: clock => clock.day - 1,
  getDayOfWeek: clock => clock.weekday,
  getDayOfYear: dayOfYear,
  getHours: clock => clock.hour,
  getMinutes: clock => clock.minute,
  getSeconds: clock => clock.second,
  getMilliseconds: clock => clock.millisecond,
}

export const TIMESTAMP_PARTS = Object.keys(PARTS)

/** Reads one part in a time zone. cel-js's own go through the server's zone, which moves hours and days in its summer. */
export function readPart(name: string, time: Date, zone = 'UTC'): bigint {
  spend(5)
  if (Number.isNaN(time.getTime())) fail('invalid_value', 'the timestamp is out of range')
  return BigInt(PARTS[name]!(readWallClock(time.getTime(), zone)))
}

function dayOfYear({ year, month, day }: WallClock): number {
  // Not Date.UTC: it reads the years 0 to 99 as 1900 to 1999.
  const first = new Date(0).setUTCFullYear(year, 0, 1)
  return (new Date(0).setUTCFullYear(year, month - 1, day) - first) / DAY_MS
}
