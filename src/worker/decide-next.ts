import { type Backoff, computeBackoff } from '../execute/backoff.ts'
import type { Classified } from '../execute/classify.ts'
import type { Effect } from '../store/attempts.ts'
import type { ClaimedJob, JobNext, JobProgress } from '../store/jobs.ts'

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
  /** The token was revoked while it was under way: whatever came of it is not the job's fault. */
  isRevoked?: boolean
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

/** Decides what becomes of a job after an attempt; the one place that says retry or not (semantics.md 4). */
export function decideNext(situation: Situation): Decision {
  const pausedUntil = pauseUntil(situation)
  return { next: nextOf(situation, pausedUntil), pausedUntil }
}

/** Until when no request carries the token: a 429 pauses it, and so does any answer that says when to come again. */
export function pauseUntil({
  classified,
  attempts,
  backoff,
  random,
  now,
}: Pick<Situation, 'classified' | 'attempts' | 'backoff' | 'random' | 'now'>): number | null {
  const { verdict, retryAfterMs } = classified
  if (verdict !== 'rate_limited') return retryAfterMs === null ? null : now + retryAfterMs
  // never sooner than the base: a target that says "0 seconds" would be asked in a hot loop
  return now + Math.max(backoff.baseMs, retryAfterMs ?? computeBackoff(attempts + 1, backoff, random))
}

function nextOf(situation: Situation, pausedUntil: number | null): JobNext {
  const { classified, effect, conflicts, settleMs, now } = situation
  const message = classified.message ?? classified.code ?? 'no reason given'
  switch (classified.verdict) {
    case 'applied':
      return { state: 'running' }
    case 'retry':
      return retryOrGiveUp(situation, classified.code ?? 'not_sent', message)
    case 'unauthorized':
      // the token is stopped; the job goes on by itself once a token is accepted again
      return wait('token_refused', TOKEN_REFUSED, now)
    case 'forbidden':
      return dead('forbidden', `The role of the token does not allow this (403): ${message}`)
    case 'rate_limited':
      return wait('rate_limited', 'The API asked to wait (429)', pausedUntil ?? now)
    case 'conflict':
      if (conflicts >= CONFLICTS_MAX) return dead('version_conflict', `Somebody else kept changing it: ${message}`)
      return { ...wait('version_conflict', message, now), conflict: true }
    case 'permanent':
      return dead('rejected', message)
    case 'schema_drift':
      return dead('schema_drift', `The API no longer knows what the operation uses: ${message}`)
    case 'unknown':
      if (effect === 'verify') {
        const asked = `${message}. The API will be asked whether the write arrived`
        return { state: 'in_doubt', nextAttemptAt: now + settleMs, reason: 'answer_lost', message: asked }
      }
      if (effect === 'once') {
        return {
          state: 'held',
          reason: 'in_doubt',
          message: `${message}. A person must say whether the write was applied`,
        }
      }
      return retryOrGiveUp(situation, 'answer_lost', message)
  }
}

export const TOKEN_REVOKED = 'The token was revoked: nothing is sent until another one is in force'
const TOKEN_REFUSED = 'The API refused the token (401): nothing is sent with it until it is accepted again'

function dead(reason: string, message: string): JobNext {
  return { state: 'dead', reason, message }
}

/** Back into the queue without counting as an attempt: nothing was wrong with the job. */
function wait(reason: string, message: string, nextAttemptAt: number): Extract<JobNext, { state: 'queued' }> {
  return { state: 'queued', nextAttemptAt, counts: false, reason, message }
}

function retryOrGiveUp(
  { attempts, attemptsMax, isRevoked, backoff, random, now }: Situation,
  reason: string,
  message: string,
): JobNext {
  if (isRevoked) return wait('token_revoked', TOKEN_REVOKED, now)
  const made = attempts + 1
  if (made >= attemptsMax) return usedUp(made, message)
  return { state: 'queued', nextAttemptAt: now + computeBackoff(made, backoff, random), counts: true, reason, message }
}

function usedUp(made: number, message: string): JobNext {
  return dead('attempts_used_up', `${made} attempts failed, the last one because: ${message}`)
}

/** After the API said for the last time that a write is not there: at once, for it has been waited for long enough. */
export function sendAgainOrGiveUp({
  attempts,
  attemptsMax,
  message,
  now,
}: Pick<Situation, 'attempts' | 'attemptsMax' | 'now'> & { message: string }): JobNext {
  const made = attempts + 1
  if (made >= attemptsMax) return usedUp(made, message)
  return { state: 'queued', nextAttemptAt: now, counts: true, reason: 'answer_lost', message }
}

/** What a job comes to whose time is over. */
export const EXPIRED = {
  state: 'dead',
  reason: 'expired',
  message: 'It had not succeeded when its time (expiresAfter) was over',
} as const satisfies JobNext

/** Whether the time of a job is over. A write in doubt is asked for all the same. */
export function isExpired(
  { expiresAt }: Pick<ClaimedJob, 'expiresAt'>,
  { doubt }: Pick<JobProgress, 'doubt'>,
  now: number,
): boolean {
  return expiresAt !== null && expiresAt <= now && doubt === null
}

export interface DoubtSituation {
  failures: number
  attemptsMax: number
  settleMs: number
  backoff: Backoff
  random: number
  now: number
}

/** After the API said that nothing is there: ask again with a growing gap, or null where the write is to be sent again. */
export function askAgainAt({ asked, settleMs, now }: { asked: number; settleMs: number; now: number }): number | null {
  return asked >= ASKS_MAX ? null : now + settleMs * 2 ** asked
}

/** After the API could not be asked: ask later, or null where a person must decide. */
export function askLaterAt({ failures, attemptsMax, settleMs, backoff, random, now }: DoubtSituation): number | null {
  return failures >= attemptsMax ? null : now + Math.max(settleMs, computeBackoff(failures, backoff, random))
}
