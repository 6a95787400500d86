/** How the connection that writes is set, and whether the counts it keeps are those of the rows. */
export interface StoreInspection {
  sqliteVersion: string
  /** By name, as SQLite says them. */
  pragmas: Readonly<Record<string, string | number>>
  gauge: { openJobs: number; routedSeq: number; lastSeq: number }
  rows: { openJobs: number; routedSeq: number; lastSeq: number }
}

/** What contradicts itself in the database: how many rows of each kind, and what was looked at. */
export interface StoreExam {
  /** What `quick_check` says; "ok" where nothing is wrong. */
  integrity: string
  jobsWithoutEvent: number
  /** Order keys with open jobs of which not exactly one stands first. */
  keysWithoutHead: number
  /** Jobs that stand first and have ended, or have no order key and do not stand first. */
  strayHeads: number
  /** Requests without an outcome whose job nobody works on. */
  strayAttempts: number
  /** Processes that hold leases: one at most while a service runs. */
  leaseOwners: number
  blocksRead: number
  /** Sequence numbers of events whose content cannot be read back as it was received. */
  unreadable: readonly number[]
  newestEventAt: number | null
}
