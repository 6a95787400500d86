import type { KeysQuery } from '../reports.ts'
import type { StoreContext } from './context.ts'
import { hashKey } from './record-event.ts'

/** Finds which idempotency keys of a source have an event already. */
export function findKeys({ db }: StoreContext): (query: KeysQuery) => string[] {
  const byKey = db.prepare<[number, string, string, number], { seq: number }>(`
    select seq
    from event
    where key_hash = ? and source = ? and idempotency_key = ? and received_at > ?
    limit 1`)
  return ({ source, keys, receivedAfter }) =>
    keys.filter(key => byKey.get(hashKey(source, key), source, key, receivedAfter) !== undefined)
}
