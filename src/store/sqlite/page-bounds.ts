import type { PageQuery } from '../reports.ts'
import type { StoreContext } from './context.ts'
import { prepareFindFirst } from './find-first.ts'

/** Rows looked at a call, so that no delivery waits long for it. */
export const PAGE_ROWS_LOOKED_AT_MAX = 2_000
/** Rows are appended nearly in the order of their instants: so many beyond a bound are looked at too. */
const SKEW_ROWS = 500

/** Which rows a page may come from: `from` up to but without `before`. */
export function preparePageBounds(
  db: StoreContext['db'],
  table: 'event' | 'job' | 'audit_entry',
): (query: Pick<PageQuery, 'beforeSeq' | 'sinceAt' | 'untilAt'>) => { from: number; before: number } {
  const last = db.prepare<[], number>(`select coalesce(max(seq), 0) from ${table}`).pluck()
  const findFirst = prepareFindFirst(db, table)
  return ({ beforeSeq, sinceAt, untilAt }) => {
    const lastSeq = last.get()!
    const until = untilAt === null ? lastSeq + 1 : Math.min(lastSeq + 1, findFirst(untilAt, lastSeq) + SKEW_ROWS)
    return {
      from: sinceAt === null ? 1 : Math.max(1, findFirst(sinceAt, lastSeq) - SKEW_ROWS),
      before: Math.min(beforeSeq ?? lastSeq + 1, until),
    }
  }
}

/** Whether an instant lies in the time asked for. */
export function isWithin(at: number, { sinceAt, untilAt }: Pick<PageQuery, 'sinceAt' | 'untilAt'>): boolean {
  return (sinceAt === null || at >= sinceAt) && (untilAt === null || at < untilAt)
}
