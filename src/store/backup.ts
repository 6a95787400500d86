/** `target`: a file that is written over where it is there; nobody else may write there meanwhile. */
export interface BackupRequest {
  target: string
  /** Gives the copy up; the promise is rejected then. */
  signal: AbortSignal
}

/** What is in a copy of the database. Found in the copy itself, after it was checked and forced to disk. */
export interface BackupFacts {
  bytes: number
  /** SHA-256 (hex) of the file. */
  sha256: string
  schemaVersion: number
  epoch: number
  /** Rows of each table. */
  rows: Readonly<Record<string, number>>
  /** The newest row of each, 0 where there is none. */
  last: { event: number; job: number; attempt: number }
  /** The newest audit entry and its hash (hex); null where there is none. */
  auditHead: { seq: number; hash: string } | null
}
