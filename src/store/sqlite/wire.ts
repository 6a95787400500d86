import type { ErrorCode } from '../../errors.ts'
import type { Call, Reply } from './group-commit.ts'

/** What the two sides of the store's thread say to each other. */
export type ToStore = { kind: 'calls'; calls: readonly Call[] } | { kind: 'close' }
export type FromStore =
  | { kind: 'open'; epoch: number }
  | { kind: 'failed'; error: WireError }
  | { kind: 'replies'; replies: readonly Reply[] }
  | { kind: 'closed' }

export interface StoreThreadData {
  file: string
  diskFreeMinBytes: number
  /** See src/failpoint.ts; undefined outside tests. */
  failpoint: string | undefined
}

/** An error as plain data; `code` null = a bug, not one of the bridge's own answers. */
export interface WireError {
  code: ErrorCode | null
  message: string
  retryAfterSec: number | null
  /** The process must end: what was acknowledged is safe, what comes next would not be. */
  fatal: boolean
  detail: string | null
}
