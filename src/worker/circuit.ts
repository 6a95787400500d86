import type { Classified } from '../execute/classify.ts'

/** When an integration stops sending by itself, and for how long (`integrations.*.circuitBreaker`). */
export interface CircuitRules {
  /** Share of failed attempts from which on it opens, above 0 up to 1. */
  failureRatio: number
  /** The last so many attempts are looked at; with fewer it stays closed. */
  attemptsMin: number
  /** Older attempts say nothing any more. */
  windowMs: number
  /** How long nothing is claimed before one job tries again. */
  openMs: number
}

/**
 * `closed`: all is claimed. `open`: nothing is, until an instant. `half_open`: one job at a time, and the next attempt that
 * ends decides.
 */
export type Circuit =
  | { state: 'closed'; outcomes: readonly CircuitOutcome[] }
  | { state: 'open'; openedAt: number; until: number; failures: number }
  | { state: 'half_open'; openedAt: number }

export interface CircuitOutcome {
  at: number
  failed: boolean
}

/** A circuit nothing is known of yet. */
export const CLOSED: Circuit = { state: 'closed', outcomes: [] }

/** What a circuit becomes by the end of an attempt. Pure. */
export function noteOutcome(circuit: Circuit, outcome: CircuitOutcome, rules: CircuitRules): Circuit {
  const { at, failed } = outcome
  switch (circuit.state) {
    case 'open':
      // sent before it opened: says nothing new
      return circuit
    case 'half_open':
      return failed ? { state: 'open', openedAt: circuit.openedAt, until: at + rules.openMs, failures: 1 } : CLOSED
    case 'closed': {
      const outcomes = [...circuit.outcomes.filter(known => known.at > at - rules.windowMs), outcome].slice(
        -rules.attemptsMin,
      )
      const failures = outcomes.filter(known => known.failed).length
      const isFailing = outcomes.length >= rules.attemptsMin && failures >= rules.failureRatio * outcomes.length
      // opened by a failure only: a success that pushes out another says that the API answers
      return failed && isFailing
        ? { state: 'open', openedAt: at, until: at + rules.openMs, failures }
        : { state: 'closed', outcomes }
    }
  }
}

/** What a circuit becomes by the passing of time. Pure. */
export function passTime(circuit: Circuit, now: number): Circuit {
  return circuit.state === 'open' && circuit.until <= now ? { state: 'half_open', openedAt: circuit.openedAt } : circuit
}

/** Codes of answers that came and could not be judged, or were too large: the API is there. */
const ANSWERED: ReadonlySet<string | null> = new Set(['no_data', 'success_unclear', 'oversize'])

/**
 * Whether an attempt says that the API is not there: it could not be reached, failed (5xx), or no answer came. A refusal, also
 * 401, 403 and 429, is an answer, and has a stop of its own. Null where the cause was on this side.
 */
export function isFailure({ outcome, code }: Pick<Classified, 'outcome' | 'code'>): boolean | null {
  if (outcome === 'not_sent') return code === 'local' ? null : true
  return outcome === 'unknown' && !ANSWERED.has(code)
}
