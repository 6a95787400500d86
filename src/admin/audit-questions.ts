import { z } from 'zod'
import type { AuditQuery } from '../store/audit.ts'
import { FILTER_CHARS_MAX, PAGE_ROWS_DEFAULT, page, text } from './question-parts.ts'
import { type PageRequest, readPage } from './read-page.ts'

/** What `/api/audit` is asked. */

const auditFilters = {
  actor: text('who did it: bridge, admin:<name of the key>, or admin:oidc:<subject of a person>, once'),
  action: z
    .string()
    .regex(/^[a-z_]+\.[a-z_]+(,[a-z_]+\.[a-z_]+)*$/)
    .max(FILTER_CHARS_MAX)
    .transform(value => value.split(','))
    .optional()
    .describe('one or more actions such as job.dead, with commas between'),
  source: page.source,
  integration: page.integration,
  mapping: page.mapping,
  event: text('the id of an event, once'),
  job: text('the id of a job, once'),
  target: text('what else it was done to (an operation, the fingerprint of a token, a route), once'),
  since: page.since,
  until: page.until,
  q: text('text to be found in the detail, once'),
}
/** Query of `GET audit`. */
export const auditQuery = z.strictObject({ ...auditFilters, cursor: page.cursor, limit: page.limit })
/** Query of `GET audit/export`. */
export const auditExportQuery = z.strictObject({
  ...auditFilters,
  format: z.enum(['ndjson', 'csv']).default('ndjson').describe('ndjson or csv'),
})

type AuditRequest = Omit<z.output<typeof auditExportQuery>, 'format'> & Partial<PageRequest>

/** Turns a query of the audit into what the store is asked. Throws `invalid_request`. */
export function readAuditQuery(schema: z.ZodObject, asked: AuditRequest, epoch: number, now: number): AuditQuery {
  const { type: _, ...page } = readPage(schema, { limit: PAGE_ROWS_DEFAULT, ...asked }, epoch, now)
  const { actor = null, action = null, event = null, job = null, target = null, q = null } = asked
  return { ...page, actor, actions: action, eventId: event, jobId: job, target, q }
}
