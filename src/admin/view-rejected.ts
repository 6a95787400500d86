import { isUtf8 } from 'node:buffer'
import type { z } from 'zod'
import { headerPairs } from '../source/redact-headers.ts'
import type { RejectedCount, RejectedDetail, RejectedLine } from '../store/reports.ts'
import type { rejectedAnswer, rejectedListAnswer, rejectedRetryAnswer } from './event-answers.ts'
import type { RejectedRetry } from './retry-rejected.ts'
import { toIso } from './view-job.ts'

type ListAnswer = z.output<typeof rejectedListAnswer>

/** A line of the list of refused deliveries, for people. */
export function viewRejectedLine({ seq: _, receivedAt, ...line }: RejectedLine): ListAnswer['rejected'][number] {
  return { ...line, receivedAt: toIso(receivedAt) }
}

/** How many were refused of a source for a reason, for people. */
export function viewRejectedCount({ firstAt, lastAt, ...count }: RejectedCount): ListAnswer['counts'][number] {
  return { ...count, firstAt: toIso(firstAt), lastAt: toIso(lastAt) }
}

/** A refused delivery, for people: what it was struck of is not told, in whatever form it is kept. */
export function viewRejected(rejected: RejectedDetail): z.output<typeof rejectedAnswer> {
  const { id, source, reason, receivedAt, method, type, query, headers } = rejected
  const body = Buffer.from(rejected.body)
  const isText = isUtf8(body)
  return {
    id,
    source,
    reason,
    receivedAt: toIso(receivedAt),
    method,
    type,
    bodyBytes: body.byteLength,
    query,
    headers: headerPairs(headers),
    body: isText ? body.toString('utf8') : null,
    bodyBase64: isText ? null : body.toString('base64'),
  }
}

/** What came of a retry, for people. */
export function viewRejectedRetry(id: string, retry: RejectedRetry): z.output<typeof rejectedRetryAnswer> {
  if (!retry.accepted) return { id, outcome: null, eventId: null, ...retry }
  return { id, reason: null, message: null, ...retry }
}
