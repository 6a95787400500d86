import { fail, spend } from './evaluation-budget.ts'
import { toInstant } from './to-instant.ts'

/** The wall clock of one instant in one zone; `offset` in minutes east of UTC, `weekday` 0 = Sunday. */
export interface WallClock {
  year: number
  month: number
  day: number
  hour: number
  minute: number
  second: number
  millisecond: number
  weekday: number
  offset: number
}

const MONTHS = 'January February March April May June July August September October November December'.split(' ')
const WEEKDAYS = 'Sunday Monday Tuesday Wednesday Thursday Friday Saturday'.split(' ')

const pad = (value: number, width: number) => String(value).padStart(width, '0')

/** The tokens of `formatDate`, those of Java and of CLDR; names are English. `XXX` gives `Z` for UTC, `xxx` never. */
const TOKENS: Readonly<Record<string, (clock: WallClock) => string>> = {
  yyyy: clock => pad(clock.year, 4),
  yy: clock => pad(clock.year % 100, 2),
  MMMM: clock => MONTHS[clock.month - 1]!,
  MMM: clock => MONTHS[clock.month - 1]!.slice(0, 3),
  MM: clock => pad(clock.month, 2),
  M: clock => String(clock.month),
  dd: clock => pad(clock.day, 2),
  d: clock => String(clock.day),
  EEEE: clock => WEEKDAYS[clock.weekday]!,
  EEE: clock => WEEKDAYS[clock.weekday]!.slice(0, 3),
  HH: clock => pad(clock.hour, 2),
  H: clock => String(clock.hour),
  hh: clock => pad(clock.hour % 12 || 12, 2),
  h: clock => String(clock.hour % 12 || 12),
  mm: clock => pad(clock.minute, 2),
  m: clock => String(clock.minute),
  ss: clock => pad(clock.second, 2),
  s: clock => String(clock.second),
  SSS: clock => pad(clock.millisecond, 3),
  a: clock => (clock.hour < 12 ? 'AM' : 'PM'),
  XXX: clock => (clock.offset === 0 ? 'Z' : formatOffset(clock.offset)),
  xxx: clock => formatOffset(clock.offset),
}

/** Longest pattern of `formatDate`, in UTF-16 units. */
const PATTERN_UNITS_MAX = 200

export type DatePattern =
  | { ok: true; parts: readonly (string | ((clock: WallClock) => string))[] }
  | { ok: false; message: string }

/** Reads a pattern: runs of one letter are tokens, text in single quotes is literal (`''` is a quote), the rest too. */
export function parseDatePattern(pattern: string): DatePattern {
  if (pattern.length > PATTERN_UNITS_MAX)
    return { ok: false, message: `the date pattern is longer than ${PATTERN_UNITS_MAX} characters` }
  const parts: (string | ((clock: WallClock) => string))[] = []
  for (const [piece] of pattern.matchAll(/'(?:[^']|'')*'|'|([A-Za-z])\1*|[^A-Za-z']+/g)) {
    if (piece === "'") return { ok: false, message: 'the date pattern has a quote that does not end' }
    if (piece.startsWith("'")) parts.push(piece === "''" ? "'" : piece.slice(1, -1).replaceAll("''", "'"))
    else if (!/[A-Za-z]/.test(piece)) parts.push(piece)
    else if (Object.hasOwn(TOKENS, piece)) parts.push(TOKENS[piece]!)
    else
      return {
        ok: false,
        message: `the date pattern has an unknown token "${piece}"; known: ${Object.keys(TOKENS).join(' ')}`,
      }
  }
  return { ok: true, parts }
}

const patterns = new Map<string, DatePattern>()
const zones = new Map<string, Intl.DateTimeFormat | null>()

/** Patterns and zones kept; beyond it all are dropped, since a payload may supply them. */
const KEPT_MAX = 500

function keep<T>(cache: Map<string, T>, key: string, make: () => T): T {
  const present = cache.get(key)
  if (present !== undefined) return present
  if (cache.size >= KEPT_MAX) cache.clear()
  const made = make()
  cache.set(key, made)
  return made
}

/** Formats a time (see `toInstant`) by a pattern in an IANA zone (default UTC). Throws `invalid_value`. */
export function formatDate(time: unknown, pattern: string, zone = 'UTC'): string {
  spend(5)
  const parsed = keep(patterns, pattern, () => parseDatePattern(pattern))
  if (!parsed.ok) return fail('invalid_value', parsed.message)
  const clock = readWallClock(toInstant(time), zone)
  return parsed.parts.map(part => (typeof part === 'string' ? part : part(clock))).join('')
}

/** `YYYY-MM-DD` in the zone (default UTC). */
export function date(time: unknown, zone = 'UTC'): string {
  return formatDate(time, 'yyyy-MM-dd', zone)
}

/** `YYYY-MM-DDThh:mm:ss+hh:mm` in the zone (default UTC): a numeric offset, never `Z`, which Pixelesq refuses. */
export function dateTimeOffset(time: unknown, zone = 'UTC'): string {
  return formatDate(time, "yyyy-MM-dd'T'HH:mm:ssxxx", zone)
}

/** Says whether a name is a time zone Intl knows (IANA, or an offset such as `+02:00`). */
export function isTimeZone(zone: string): boolean {
  return zone.length <= 64 && zoneFormat(zone) !== null
}

function zoneFormat(zone: string): Intl.DateTimeFormat | null {
  return keep(zones, zone, () => {
    try {
      return new Intl.DateTimeFormat('en-US', { timeZone: zone, timeZoneName: 'longOffset', year: 'numeric' })
    } catch {
      return null
    }
  })
}

export function readWallClock(at: number, zone: string): WallClock {
  const offset = zone === 'UTC' ? 0 : offsetMinutes(at, zone)
  const shifted = new Date(at + offset * 60_000)
  return {
    year: shifted.getUTCFullYear(),
    month: shifted.getUTCMonth() + 1,
    day: shifted.getUTCDate(),
    hour: shifted.getUTCHours(),
    minute: shifted.getUTCMinutes(),
    second: shifted.getUTCSeconds(),
    millisecond: shifted.getUTCMilliseconds(),
    weekday: shifted.getUTCDay(),
    offset,
  }
}

/** Intl writes the offset as `GMT`, `GMT+2` or `GMT-05:30` (historical ones with seconds, which are dropped). */
function offsetMinutes(at: number, zone: string): number {
  const format = isTimeZone(zone) ? zoneFormat(zone) : null
  if (format === null) return fail('invalid_value', 'unknown time zone')
  const name = format.formatToParts(at).find(part => part.type === 'timeZoneName')?.value ?? 'GMT'
  const parts = /^GMT([+-])(\d{1,2})(?::(\d{2}))?/.exec(name)
  if (parts === null) return 0
  const minutes = Number(parts[2]) * 60 + Number(parts[3] ?? 0)
  return parts[1] === '-' ? -minutes : minutes
}

function formatOffset(offset: number): string {
  const minutes = Math.abs(offset)
  return `${offset < 0 ? '-' : '+'}${pad(Math.floor(minutes / 60), 2)}:${pad(minutes % 60, 2)}`
}
