export interface Backlog {
  openJobs: number
  unroutedEvents: number
  oldestUnroutedAt: number | null
  /** The last row that was routed, and the newest there is. */
  routedSeq: number
  lastSeq: number
}

export interface StoreHealth {
  writable: boolean
  diskFreeBytes: number
  diskFreeMinBytes: number
  reason: string | null
}

export interface PruneRequest {
  now: number
  payloadMs: number
  eventMs: number
  idempotencyKeyMs: number
  rowsMax: number
}

export interface Pruned {
  payloads: number
  events: number
  /** True where rows are left that are due: ask again soon. */
  more: boolean
}

/** States whose jobs wait for something, or for somebody. */
export type BacklogState = 'queued' | 'running' | 'in_doubt' | 'held' | 'dead'

export interface BacklogQuery {
  states: readonly BacklogState[]
  /** Jobs of each state that are looked at, at most. */
  rowsMax: number
}

/** Jobs of one state that one mapping made for one integration. */
export interface BacklogShare {
  state: BacklogState
  mapping: string
  integration: string
  count: number
  /** When the oldest of them was made. */
  oldestAt: number
}

/** `cut`: states of which there may be more than were looked at. */
export interface JobShares {
  shares: readonly BacklogShare[]
  cut: readonly BacklogState[]
}
