import type { PlannedJob } from '../routes.ts'

/** A plan as a person's act carries it out: an expiry that is over is forgotten, for the person's word is younger. */
export function withoutPastExpiry<P extends PlannedJob>(planned: P, now: number): P {
  return planned.expiresAt !== null && planned.expiresAt <= now ? { ...planned, expiresAt: null } : planned
}
