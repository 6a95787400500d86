import type { BridgeFile } from './bridge-schema.ts'
import { parseDuration } from './parse-duration.ts'

export interface Limits {
  bodyBytesMax: number
  jsonDepthMax: number
  backlogJobsMax: number
  attemptsMax: number
  jobsPerEventMax: number
  requestTimeoutMs: number
  responseBytesMax: number
  settleMs: number
  failedAuthPerMinuteMax: number
  apiPerMinuteMax: number
  diskFreeMinBytes: number
}

/** Reads `limits`. */
export function readLimits({ limits }: BridgeFile): Limits {
  return {
    bodyBytesMax: limits.bodyBytes,
    jsonDepthMax: limits.jsonDepth,
    backlogJobsMax: limits.backlogJobs,
    attemptsMax: limits.attempts,
    jobsPerEventMax: limits.jobsPerEvent,
    requestTimeoutMs: parseDuration(limits.requestTimeout)!,
    responseBytesMax: limits.responseBytes,
    settleMs: parseDuration(limits.settle)!,
    failedAuthPerMinuteMax: limits.failedAuthPerMinute,
    apiPerMinuteMax: limits.apiPerMinute,
    diskFreeMinBytes: limits.diskFreeBytes,
  }
}
