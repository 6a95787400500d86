import type { z } from 'zod'
import { readMoment } from '../config/read-moment.ts'
import type { PageQuery } from '../store/reports.ts'
import { parseCursor } from './cursor.ts'
import type { page } from './question-parts.ts'
import { refuseKey } from './read-request.ts'

export type PageRequest = z.output<z.ZodObject<typeof page>>

/** Turns the part of a query that all lists share into what the store is asked. Throws `invalid_request`. */
export function readPage(schema: z.ZodObject, asked: PageRequest, epoch: number, now: number): PageQuery {
  const momentOf = (key: 'since' | 'until'): number | null => {
    if (asked[key] === undefined) return null
    const at = readMoment(asked[key], now)
    if (at === null) throw refuseKey(schema, key)
    return at
  }
  const beforeSeq = asked.cursor === undefined ? null : parseCursor(epoch, asked.cursor)
  if (asked.cursor !== undefined && beforeSeq === null) throw refuseKey(schema, 'cursor')
  const { source = null, type = null, mapping = null, integration = null, limit } = asked
  return {
    beforeSeq,
    sinceAt: momentOf('since'),
    untilAt: momentOf('until'),
    source,
    type,
    mapping,
    integration,
    limit,
  }
}
