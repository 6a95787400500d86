import type { AskFailure } from './ask-sender.ts'

/** Why a run ended before it had seen everything. */
export type StopReason =
  | AskFailure
  | 'rate_limited'
  | 'pages_max'
  | 'events_max'
  | 'stopping'
  | 'backlog_full'
  | 'store_unavailable'
export interface Stop {
  reason: StopReason
  message: string
  retryAfterSec: number | null
}

export const STOPPING: Stop = {
  reason: 'stopping',
  message: 'the service is stopping, or nobody waits for it',
  retryAfterSec: null,
}

/** Makes one. */
export function stop(reason: StopReason, message: string, retryAfterSec: number | null = null): Stop {
  return { reason, message, retryAfterSec }
}
