import type { z } from 'zod'
import { readMoment } from '../config/read-moment.ts'
import type { PageQuery } from '../store/reports.ts'
import { parseCursor } from './cursor.ts'
import type { filters, page } from './question-parts.ts'
import { refuseKey } from './read-request.ts'

export type PageRequest = z.output<z.ZodObject<typeof page>>

type Filters = Pick<PageQuery, 'sinceAt' | 'untilAt' | 'source' | 'type' | 'mapping' | 'integration'>

/** Turns what narrows a list down into what the store is asked; null = anything. Throws `invalid_request`. */
export function readFilters(
  schema: z.ZodObject,
  asked: Partial<z.output<z.ZodObject<typeof filters>>>,
  now: number,
): Filters {
  const momentOf = (key: 'since' | 'until'): number | null => {
    if (asked[key] === undefined) return null
    const at = readMoment(asked[key], now)
    if (at === null) throw refuseKey(schema, key)
    return at
  }
  const { source = null, type = null, mapping = null, integration = null } = asked
  return { sinceAt: momentOf('since'), untilAt: momentOf('until'), source, type, mapping, integration }
}

/** Turns the part of a query that all lists share into what the store is asked. Throws `invalid_request`. */
export function readPage(schema: z.ZodObject, asked: PageRequest, epoch: number, now: number): PageQuery {
  const beforeSeq = asked.cursor === undefined ? null : parseCursor(epoch, asked.cursor)
  if (asked.cursor !== undefined && beforeSeq === null) throw refuseKey(schema, 'cursor')
  return { beforeSeq, ...readFilters(schema, asked, now), limit: asked.limit }
}
