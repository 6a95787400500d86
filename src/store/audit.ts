import type { SignedCheckpoint } from '../audit/checkpoint.ts'
import type { ChainedRow } from '../audit/hash-entry.ts'
import type { PageQuery } from './reports.ts'

/**
 * Everything that is accounted for: `thing.what happened to it`. A closed list, so that whoever filters or alerts on one
 * can rely on its spelling; docs/operations.md says what each means.
 */
export type AuditAction =
  | 'event.mapped'
  | 'event.unmatched'
  | 'event.quarantined'
  | 'event.echo'
  | 'event.ignored'
  | 'event.id_conflict'
  | 'event.redelivered'
  | 'delivery.rejected'
  | 'attempt.applied'
  | 'attempt.rejected'
  | 'attempt.not_sent'
  | 'attempt.unknown'
  | 'job.succeeded'
  | 'job.superseded'
  | 'job.dead'
  | 'job.held'
  | 'job.in_doubt'
  | 'job.recovered'
  | 'job.retried'
  | 'job.discarded'
  | 'job.settled'
  | 'replay.started'
  | 'replay.cancelled'
  | 'replay.ended'
  | 'token.registered'
  | 'token.retired'
  | 'token.refused'
  | 'token.held'
  | 'token.accepted'
  | 'admin_key.made'
  | 'admin.requested'
  | 'admin.refused'
  | 'admin.unauthorized'
  | 'setup.reloaded'
  | 'setup.refused'
  | 'service.started'
  | 'service.stopped'
  | 'store.pruned'
  | 'store.backed_up'
  | 'store.restored'
  | 'audit.pruned'
  | 'audit.key_changed'
  | 'audit.anchor_failed'
  | 'audit.anchored_late'
  | 'audit.rolled_back'
  | 'secret.sealed'
  | 'secret.captured'
  | 'secret.deleted'
  | 'secret.resealed'
  | 'source.capture_opened'
  | 'source.paused'
  | 'source.resumed'
  | 'integration.paused'
  | 'integration.resumed'
  | 'mapping.paused'
  | 'mapping.resumed'
  | 'token.rotated'
  | 'token.revoked'
  | 'circuit.opened'
  | 'circuit.half_opened'
  | 'circuit.closed'

/** One thing that was done, as it is to be accounted for; what does not apply is left out. */
export interface NewAuditEntry {
  at: number
  /** `bridge` for what it does by itself, `admin:<name>` for who has that key, `admin:oidc:<subject>` for a person. */
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

/** Actor of what the bridge does by itself. */
export const BRIDGE_ACTOR = 'bridge'

/** The actor that whoever asks `/api` is, by the name of the key, or `oidc:<subject>` for a person by a token. */
export function adminActor(name: string): string {
  return `admin:${name}`
}

/** Null takes all; `eventId` and `jobId` of another database find nothing. */
export interface AuditQuery extends Omit<PageQuery, 'type'> {
  actor: string | null
  actions: readonly string[] | null
  eventId: string | null
  jobId: string | null
  target: string | null
  /** Text within `detail`; case does not matter in ASCII. */
  q: string | null
}

/** An audit entry as it is shown: ids instead of row numbers. */
export type AuditLine = Omit<ChainedRow, 'eventSeq' | 'jobSeq'> & { eventId: string | null; jobId: string | null }

/** As `EventPage`: may be short, or empty, while `nextSeq` says to ask on below it. */
export interface AuditPage {
  entries: readonly AuditLine[]
  nextSeq: number | null
}

/** Oldest first, after `afterSeq` up to `throughSeq`; `filters.beforeSeq` does not count. */
export interface AuditExportQuery {
  filters: AuditQuery
  afterSeq: number
  throughSeq: number
  limit: number
}

/** `nextSeq`: ask on after it; null = that was all. */
export interface AuditExportPage {
  entries: readonly AuditLine[]
  nextSeq: number | null
}

/** How far the chain has come, and which points of it are to be signed. */
export interface AuditHead {
  /** The newest row; null where there is none. */
  last: ChainPoint | null
  /** The newest checkpoint. */
  checkpoint: SignedCheckpoint | null
  /** Rows at whole multiples of the interval since that checkpoint, oldest first. */
  due: readonly ChainPoint[]
}

export interface ChainPoint {
  seq: number
  /** Hex. */
  hash: string
}

export interface AuditPruned {
  rows: number
  /** True where another segment is due: ask again soon. */
  more: boolean
}
