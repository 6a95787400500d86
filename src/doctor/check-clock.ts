import { type Check, failed, ok, warning } from './check.ts'

/** What signatures with a timestamp tolerate by default: beyond it, deliveries are refused. */
const WRONG_MS = 300_000
/** An HTTP date has whole seconds, and the answer took its time. */
const DRIFTING_MS = 10_000

export interface Clocks {
  /** Wall clock now. */
  now: number
  /** What it would be had it only run on since the process began. */
  steadyNow: number
  /** Wall clock of the endpoint, in epoch ms; null where it does not say. */
  endpointNow: number | null
  newestEventAt: number | null
}

/** Does the wall clock tell the time? Signatures, retention and schedules go by it. Pure. */
export function checkClock({ now, steadyNow, endpointNow, newestEventAt }: Clocks): Check {
  const todo = 'set the clock and keep it with NTP: signatures with a timestamp are judged by it'
  if (newestEventAt !== null && newestEventAt - now > DRIFTING_MS)
    return failed('clock', `the newest event is of ${seconds(newestEventAt - now)} from now`, todo)
  if (Math.abs(now - steadyNow) > DRIFTING_MS)
    return warning('clock', `set by ${seconds(now - steadyNow)} since the process began`, todo)
  if (endpointNow === null)
    return warning('clock', 'the endpoint did not say what time it is', 'compare the clock with another machine')
  const apart = now - endpointNow
  const found = `${seconds(apart)} apart from the endpoint's`
  if (Math.abs(apart) > WRONG_MS) return failed('clock', found, todo)
  return Math.abs(apart) > DRIFTING_MS ? warning('clock', found, todo) : ok('clock', found)
}

function seconds(ms: number): string {
  return `${Math.round(ms / 1_000)} s`
}
