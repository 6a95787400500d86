import type { StoreContext } from './context.ts'
import { OPEN } from './job-states.ts'

/** Prepares the question whether a job stands first in the order of a key; never so without a key. */
export function prepareHasHead(db: StoreContext['db']): (integration: string, orderKey: string | null) => boolean {
  const first = db.prepare<[string, string], { seq: number }>(`
    select seq
    from job
    where integration = ? and order_key = ? and delayed = 0 and state in ${OPEN} and head = 1
    limit 1`)
  return (integration, orderKey) => orderKey !== null && first.get(integration, orderKey) !== undefined
}
