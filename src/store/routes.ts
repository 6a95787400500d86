/** Decisions of one batch; every event up to and including `throughSeq` counts as routed from then on. */
export interface Routes {
  decisions: readonly RouteDecision[]
  throughSeq: number
}

/** `echo`: our own write caused it, and no mapping wanted it all the same. */
export type RouteOutcome = 'matched' | 'unmatched' | 'quarantined' | 'echo'

export interface RouteDecision {
  eventSeq: number
  type: string | null
  outcome: RouteOutcome
  /** Why: one entry a mapping looked at, or the reason of the quarantine. Plain JSON, or its text. */
  detail: unknown
  jobs: readonly PlannedJob[]
  routedAt: number
  /** Numbers of the words in its payload (src/search), with spaces between; left out where payloads are not searched. */
  words?: string
  /** Asked where the source is the system we write to: then jobs are made only if the event is not our own doing. */
  echo?: EchoQuestion
}

/** Is this event the echo of a write of ours? Answered in the transaction that makes its jobs. */
export interface EchoQuestion {
  /** Ids the payload names. */
  objects: readonly string[]
  receivedAt: number
  /** Operations that cannot have caused an event of this type. */
  notBy: readonly string[]
}

export interface PlannedJob {
  mapping: string
  mappingHash: string
  integration: string
  orderKey: string | null
  itemIndex: number
  /** The element of `forEach`, as JSON; null without `forEach`. */
  item: string | null
  runAt: number | null
  expiresAt: number | null
  coalesce: boolean
  /** Why it cannot run: it is kept as a dead letter. */
  failed: { reason: string; message: string } | null
  /** `run`: made of an echo too. Left out = `skip`. */
  onEcho?: 'skip' | 'run'
}

export interface RoutesRecorded {
  jobs: number
  superseded: number
  /** Events found to be our own doing. */
  echoes: number
}
