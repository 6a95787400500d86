import type { PausedKind } from './pauses.ts'

/**
 * Everything that is accounted for: `thing.what happened to it`. A closed list, so that whoever filters or alerts on one
 * can rely on its spelling; docs/operations.md says what each means.
 */
export type AuditAction =
  | 'job.retried'
  | 'job.discarded'
  | 'job.settled'
  | 'secret.sealed'
  | 'secret.captured'
  | 'secret.deleted'
  | 'secret.resealed'
  | 'source.capture_opened'
  | `${PausedKind}.${'paused' | 'resumed'}`
  | 'token.rotated'
  | 'token.revoked'
  | 'circuit.opened'
  | 'circuit.half_opened'
  | 'circuit.closed'

/** One thing that was done, as it is to be accounted for; what does not apply is left out. */
export interface NewAuditEntry {
  at: number
  /** `bridge` for what it does by itself, `admin:<name>` for a person with that key. */
  actor: string
  action: AuditAction
  source?: string
  integration?: string
  mapping?: string
  eventSeq?: number
  jobSeq?: number
  /** What else it was done to: an operation, a token's fingerprint, a file. */
  target?: string
  /** Small, and without secrets or payload. */
  detail?: Record<string, unknown>
  /** SHA-256 (hex) of the body. */
  payloadHash?: string
}
