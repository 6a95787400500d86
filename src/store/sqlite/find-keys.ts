import type { KeysQuery } from '../reports.ts'
import type { StoreContext } from './context.ts'
import { hashKey } from './record-event.ts'

/** Finds which idempotency keys of a source have an event already. */
export function findKeys({ db, hashes }: StoreContext): (query: KeysQuery) => string[] {
  const select = db.prepare<[number, string, string, number], { seq: number }>(`
    select seq
    from event
    where seq = ? and source = ? and idempotency_key = ? and received_at > ?`)
  return ({ source, keys, receivedAfter }) =>
    keys.filter(key =>
      hashes.find(hashKey(source, key)).some(seq => select.get(seq, source, key, receivedAfter) !== undefined),
    )
}
