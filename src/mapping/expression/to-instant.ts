import { fail } from './evaluation-budget.ts'

/** Numbers below it are epoch seconds (until the year 5138), from it on epoch milliseconds (since March 1973). */
const EPOCH_MS_MIN = 100_000_000_000

/** Years a date may have; ISO 8601 needs four digits. */
const INSTANT_MIN_AT = -62_135_596_800_000
const INSTANT_MAX_AT = 253_402_300_799_999

const ISO =
  /^(\d{4})-(\d{2})-(\d{2})(?:[Tt ](\d{2}):(\d{2})(?::(\d{2})(?:[.,](\d{1,9}))?)?(?: ?([Zz]|UTC|[+-]\d{2}:?(?:\d{2})?))?)?$/

/**
 * Reads what senders call a time: ISO 8601 text, epoch seconds or milliseconds (number), or a CEL timestamp.
 * Text without an offset is UTC, never the server's zone. Returns epoch milliseconds; throws `invalid_value` otherwise.
 */
export function toInstant(time: unknown): number {
  const at = parseTime(time)
  return at >= INSTANT_MIN_AT && at <= INSTANT_MAX_AT
    ? at
    : fail('invalid_value', 'not a time between the years 1 and 9999')
}

/** As `toInstant`, for text and numbers outside an evaluation: null where they are no time. */
export function readInstant(time: string | number): number | null {
  try {
    return toInstant(time)
  } catch {
    return null
  }
}

function parseTime(time: unknown): number {
  if (time instanceof Date) return time.getTime()
  if (typeof time === 'string') return parseIso(time)
  const number = Number(time)
  return Math.abs(number) < EPOCH_MS_MIN ? Math.trunc(number * 1_000) : Math.trunc(number)
}

function parseIso(text: string): number {
  const parts = ISO.exec(text)
  if (parts === null) return fail('invalid_value', 'not an ISO 8601 date or time')
  const [, year, month, day, hour = '0', minute = '0', second = '0', fraction = '', zone = 'Z'] = parts
  const milliseconds = Number(fraction.padEnd(3, '0').slice(0, 3))
  const at = new Date(0)
  // Not Date.UTC: it reads the years 0 to 99 as 1900 to 1999.
  at.setUTCFullYear(Number(year), Number(month) - 1, Number(day))
  at.setUTCHours(Number(hour), Number(minute), Number(second), milliseconds)
  const exists = at.getUTCMonth() === Number(month) - 1 && at.getUTCDate() === Number(day)
  if (!exists || Number(hour) > 23 || Number(minute) > 59 || Number(second) > 59) {
    return fail('invalid_value', 'no such date or time')
  }
  return at.getTime() - parseOffset(zone) * 60_000
}

/** Minutes east of UTC. */
function parseOffset(zone: string): number {
  if (!/^[+-]/.test(zone)) return 0
  const digits = zone.slice(1).replace(':', '').padEnd(4, '0')
  const [hours, minutes] = [Number(digits.slice(0, 2)), Number(digits.slice(2))]
  if (hours > 23 || minutes > 59) return fail('invalid_value', 'no such offset from UTC')
  return (zone.startsWith('-') ? -1 : 1) * (hours * 60 + minutes)
}
