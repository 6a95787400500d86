import { z } from 'zod'
import type { EventOutcome } from '../store/reports.ts'
import { FILTER_CHARS_MAX, idsOf, listOf, page, text } from './question-parts.ts'

/** What `/api/events` and `/api/rejected` are asked. */

export const EVENT_OUTCOMES = [
  'unrouted',
  'matched',
  'unmatched',
  'quarantined',
  'echo',
  'ignored',
  'id_conflict',
] as const satisfies readonly EventOutcome[]

/** Words that are looked for at once. */
export const SEARCH_WORDS_MAX = 20
/** Query of `GET events`. */
export const eventsQuery = z.strictObject({
  ...page,
  outcome: listOf(EVENT_OUTCOMES),
  q: text(
    `1 to ${SEARCH_WORDS_MAX} words of letters or digits in at most ${FILTER_CHARS_MAX} characters, once: events with all of them in the payload`,
  ),
})

/** Query of `GET rejected`. */
export const rejectedQuery = z.strictObject({
  source: page.source,
  reason: text('why it was refused, such as signature_mismatch, once'),
  since: page.since,
  until: page.until,
  cursor: page.cursor,
  limit: page.limit,
})

const dryRun = z.boolean().default(false).describe('true or false: only say what would be taken')
/** Bodies of the retries of refused deliveries: of one, and of those that are named or meet the filter. */
export const retryRejectedBody = z.strictObject({ dryRun })
export const retryManyRejectedBody = z.strictObject({
  dryRun,
  ids: idsOf(/^rej_[0-9a-z]{1,6}_[0-9a-z]{1,10}$/, 'rej_1_a'),
  source: page.source,
  reason: rejectedQuery.shape.reason,
  since: page.since,
  until: page.until,
})
