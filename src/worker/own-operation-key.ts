import { hash } from 'node:crypto'
import type { Effect } from '../store/attempts.ts'

/** Characters of a key of our own: as many as those of a UUID without its hyphens. */
const KEY_CHARS = 32

/**
 * The variables of an operation. A forced replay is meant to be done again, so the idempotency key of a `keyed` one is
 * another than that of the first time; within the replay it stays the same. Pure.
 */
export function withOwnKey(
  variables: Record<string, unknown>,
  effect: Effect,
  forcedReplay: string | null,
): Record<string, unknown> {
  const { idempotencyKey } = variables
  if (forcedReplay === null || effect !== 'keyed' || typeof idempotencyKey !== 'string') return variables
  const own = hash('sha256', `${forcedReplay} ${idempotencyKey}`, 'hex').slice(0, KEY_CHARS)
  return { ...variables, idempotencyKey: own }
}
