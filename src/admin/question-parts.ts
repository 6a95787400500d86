import { z } from 'zod'

/** What several queries and bodies of `/api` have: their schemas are the documentation, and what requests are read by. */

/** Rows of a page: at most, and where the request says nothing. */
const PAGE_ROWS_MAX = 200
export const PAGE_ROWS_DEFAULT = 50
/** Longest filter and cursor, in UTF-16 units. */
export const FILTER_CHARS_MAX = 200

export const text = (what: string) => z.string().min(1).max(FILTER_CHARS_MAX).optional().describe(what)
export const listOf = <const Values extends readonly [string, ...string[]]>(values: Values) =>
  z
    .string()
    .max(FILTER_CHARS_MAX)
    .transform(value => value.split(','))
    .pipe(z.array(z.enum(values)))
    .optional()
    .describe(`one or more of ${values.join(', ')}, with commas between`)

export const MOMENT = 'a duration such as "7d", or an instant such as "2026-11-24T00:00:00Z"'
export const page = {
  source: text('the name of a source, once'),
  type: text('an event type, once'),
  mapping: text('the name of a mapping, once'),
  integration: text('the name of an integration, once'),
  since: text(`${MOMENT}: from then on`),
  until: text(`${MOMENT}: before then`),
  cursor: text('what "next" of the page before says'),
  limit: z.coerce
    .number()
    .int()
    .min(1)
    .max(PAGE_ROWS_MAX)
    .default(PAGE_ROWS_DEFAULT)
    .describe(`a whole number from 1 to ${PAGE_ROWS_MAX}`),
}

export const fingerprint = z
  .string()
  .regex(/^[0-9a-f]{16}$/)
  .describe('the fingerprint of a token, 16 hex digits')

const { cursor: _, limit: __, ...pageFilters } = page
/** What narrows a list down. */
export const filters = pageFilters
const NAMED_MAX = 200
export const idsOf = (pattern: RegExp, example: string) =>
  z
    .array(z.string().regex(pattern))
    .min(1)
    .max(NAMED_MAX)
    .optional()
    .describe(`a list of 1 to ${NAMED_MAX} ids such as ${example}, in place of a filter`)

/** Query of routes that take none. */
export const noQuery = z.strictObject({})
/** Body of acts that take nothing. */
export const noBody = z.strictObject({})
