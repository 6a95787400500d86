import { type Backoff, computeBackoff } from '../execute/backoff.ts'
import type { Classified } from '../execute/classify.ts'
import type { Effect, JobNext } from '../store/store.ts'

/** A flow starts over with fresh reads so many times before a version conflict is given up (semantics.md 4). */
export const CONFLICTS_MAX = 5
/** An answer that found nothing is asked for so many times, with growing gaps, before the write is sent again. */
export const ASKS_MAX = 3

export interface Situation {
  classified: Classified
  effect: Effect
  /** Attempts of the job that counted before this one. */
  attempts: number
  attemptsMax: number
  conflicts: number
  backoff: Backoff
  settleMs: number
  random: number
  now: number
}

export interface Decision {
  next: JobNext
  /** No request carries the token before this instant. */
  pausedUntil: number | null
}

/** Decides what becomes of a job after an attempt that did not simply succeed; the one place that says retry or not. */
export function decideNext(situation: Situation): Decision {
  const { classified, effect, now, settleMs } = situation
  const message = classified.message ?? classified.code ?? 'no reason given'
  switch (classified.verdict) {
    case 'applied':
      return { next: { state: 'running' }, pausedUntil: null }
    case 'retry':
      return { next: retryOrGiveUp(situation, classified.code ?? 'not_sent', message), pausedUntil: null }
    case 'unauthorized':
      // the token is stopped; the job goes on by itself once a token is accepted again
      return {
        next: {
          state: 'queued',
          nextAttemptAt: now,
          counts: false,
          reason: 'token_refused',
          message: 'The API refused the token (401): nothing is sent with it until it is accepted again',
        },
        pausedUntil: null,
      }
    case 'forbidden':
      return {
        next: {
          state: 'dead',
          reason: 'forbidden',
          message: `The role of the token does not allow this (403): ${message}`,
        },
        pausedUntil: null,
      }
    case 'rate_limited': {
      const wait =
        classified.retryAfterMs ??
        Math.max(situation.backoff.baseMs, computeBackoff(situation.attempts + 1, situation.backoff, situation.random))
      const pausedUntil = now + Math.max(wait, 1)
      return {
        next: {
          state: 'queued',
          nextAttemptAt: pausedUntil,
          counts: false,
          reason: 'rate_limited',
          message: 'The API asked to wait (429)',
        },
        pausedUntil,
      }
    }
    case 'conflict':
      if (situation.conflicts >= CONFLICTS_MAX)
        return {
          next: { state: 'dead', reason: 'version_conflict', message: `Somebody else kept changing it: ${message}` },
          pausedUntil: null,
        }
      return {
        next: {
          state: 'queued',
          nextAttemptAt: now,
          counts: false,
          conflict: true,
          reason: 'version_conflict',
          message,
        },
        pausedUntil: null,
      }
    case 'permanent':
      return { next: { state: 'dead', reason: 'rejected', message }, pausedUntil: null }
    case 'schema_drift':
      return {
        next: {
          state: 'dead',
          reason: 'schema_drift',
          message: `The API no longer knows what the operation uses: ${message}`,
        },
        pausedUntil: null,
      }
    case 'unknown':
      if (effect === 'verify')
        return {
          next: {
            state: 'in_doubt',
            nextAttemptAt: now + settleMs,
            reason: 'answer_lost',
            message: `${message}. The API will be asked whether the write arrived`,
          },
          pausedUntil: null,
        }
      if (effect === 'once')
        return {
          next: {
            state: 'held',
            reason: 'in_doubt',
            message: `${message}. A person must say whether the write was applied`,
          },
          pausedUntil: null,
        }
      return { next: retryOrGiveUp(situation, 'answer_lost', message), pausedUntil: null }
  }
}

function retryOrGiveUp(
  { attempts, attemptsMax, backoff, random, now }: Situation,
  reason: string,
  message: string,
): JobNext {
  const made = attempts + 1
  if (made >= attemptsMax)
    return {
      state: 'dead',
      reason: 'attempts_used_up',
      message: `${made} attempts failed, the last one because: ${message}`,
    }
  return { state: 'queued', nextAttemptAt: now + computeBackoff(made, backoff, random), counts: true, reason, message }
}

export interface DoubtSituation {
  asked: number
  failures: number
  attemptsMax: number
  settleMs: number
  backoff: Backoff
  random: number
  now: number
}

/** After the API said that nothing is there: ask again with a growing gap, or null where the write is to be sent again. */
export function askAgainAt({
  asked,
  settleMs,
  now,
}: Pick<DoubtSituation, 'asked' | 'settleMs' | 'now'>): number | null {
  return asked >= ASKS_MAX ? null : now + settleMs * 2 ** asked
}

/** After the API could not be asked: ask later, or null where a person must decide. */
export function askLaterAt({ failures, attemptsMax, backoff, settleMs, random, now }: DoubtSituation): number | null {
  return failures >= attemptsMax ? null : now + Math.max(settleMs, computeBackoff(failures, backoff, random))
}
