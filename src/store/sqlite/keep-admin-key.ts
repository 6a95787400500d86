import { BRIDGE_ACTOR } from '../audit.ts'
import type { StoreContext } from './context.ts'

/** Keeps the hash of an admin key, unless one is kept already; gives the one that is kept. */
export function keepAdminKey({ db, audit }: StoreContext): (key: { hash: string; now: number }) => { hash: string } {
  const read = db.prepare<[], { hash: string }>('select hash from admin_key limit 1')
  const insert = db.prepare('insert into admin_key (hash, made_at) values (?, ?)')
  return ({ hash, now }) => {
    const kept = read.get()
    if (kept !== undefined) return kept
    insert.run(hash, now)
    audit.append({ at: now, actor: BRIDGE_ACTOR, action: 'admin_key.made' })
    return { hash }
  }
}
