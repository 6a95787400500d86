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
