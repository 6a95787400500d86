import type { StoreContext } from './context.ts'

/** Admin keys whose last use is kept: those used last. */
const KEYS_MAX = 1_000

/** Notes that an admin key was used. */
export function noteKeyUse({ db }: StoreContext): (use: { fingerprint: string; now: number }) => void {
  const note = db.prepare(`
    insert into admin_key_use (fingerprint, used_at) values (?, ?)
    on conflict (fingerprint) do update set used_at = max(used_at, excluded.used_at)`)
  const forget = db.prepare(`
    delete from admin_key_use
    where fingerprint not in (select fingerprint from admin_key_use order by used_at desc limit ${KEYS_MAX})`)
  return ({ fingerprint, now }) => {
    note.run(fingerprint, now)
    forget.run()
  }
}

/** Lists when admin keys were last used. */
export function listKeyUses({ db }: StoreContext): () => { fingerprint: string; usedAt: number }[] {
  const select = db.prepare<[], { fingerprint: string; usedAt: number }>(
    'select fingerprint, used_at as usedAt from admin_key_use',
  )
  return () => select.all()
}
