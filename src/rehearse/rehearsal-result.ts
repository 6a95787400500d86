/** What today's files make of one event and mapping, against what was made of it then. */
export type RehearsalVerdict = 'unchanged' | 'changed' | 'newly_matched' | 'no_longer_matched' | 'undecided'

/** One place where then and now differ; values as they may be printed. */
export interface RehearsalDifference {
  /** Element of `forEach`; 0 without one. */
  item: number
  /** The step and its operation; null where the job as a whole differs. */
  step: string | null
  operation: string | null
  /** `variables.content.price`, `order`, `integration`, `jobs`, `operation`, `outcome`. */
  path: string
  before: string
  after: string
}

export interface RehearsalResult {
  verdict: RehearsalVerdict
  eventId: string
  source: string
  type: string | null
  /** ISO 8601, UTC. */
  receivedAt: string
  mapping: string
  /** At most 20. */
  differences: RehearsalDifference[]
  /** Of a new match: what would be sent, as far as that is known. */
  sends: { operation: string; variables: string }[]
  /** Why it cannot be told for certain; null where it can. */
  undecided: string | null
}

/** Events of which nothing was compared, by reason. */
export type SkipReason = 'echo' | 'payload_pruned' | 'unreadable' | 'failed'

/** What one page of events came to. `unchanged` pairs are only counted. */
export interface RehearsedPage {
  events: number
  results: RehearsalResult[]
  unchanged: Record<string, number>
  skipped: Partial<Record<SkipReason, number>>
}
