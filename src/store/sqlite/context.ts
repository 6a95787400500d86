import type Database from 'better-sqlite3'
import type { AuditLog } from './audit-log.ts'
import type { BodyBlocks } from './body-blocks.ts'
import type { Epochs } from './epochs.ts'
import type { EventHashes } from './event-hashes.ts'
import type { PayloadWords } from './payload-words.ts'
import type { RateWindows } from './rate-windows.ts'
import type { ReceivedEvents } from './received-events.ts'

/** What the operations on one open database share. */
export interface StoreContext {
  db: Database.Database
  statements: { begin: Database.Statement<[]>; commit: Database.Statement<[]> }
  epoch: Epochs
  gauge: Gauge
  blocks: BodyBlocks
  windows: RateWindows
  audit: AuditLog
  hashes: EventHashes
  received: ReceivedEvents
  words: PayloadWords
  /** Free bytes below which nothing is recorded any more. */
  diskFreeMinBytes: number
  file: string
}

/** Counts kept beside the rows, so that no delivery waits for a `count(*)`. */
export interface Gauge {
  openJobs: number
  routedSeq: number
  lastSeq: number
  /** Whether any own write is noted (own-writes.ts): without one, no outcome needs a look at them. */
  hasOwnWrites: boolean
}

/** Reads the counts from the rows: at start, and after a rollback. */
export function readGauge(db: Database.Database): Gauge {
  const one = (sql: string): number => db.prepare(sql).pluck().get() as number
  const routedSeq = one(`select value from meta where name = 'routed_seq'`)
  return {
    openJobs: one(`select count(*) from job where state in ('queued', 'running', 'in_doubt', 'held')`),
    routedSeq,
    // retention may have removed the newest rows
    lastSeq: Math.max(routedSeq, one('select coalesce(max(seq), 0) from event')),
    hasOwnWrites: one('select exists (select 1 from own_write)') === 1,
  }
}
