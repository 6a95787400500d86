import type { SecretUse } from '../tokens.ts'
import type { StoreContext } from './context.ts'

/** Notes when secrets last proved a delivery. */
export function recordSecretUses({ db }: StoreContext): (uses: readonly SecretUse[]) => void {
  const note = db.prepare(`
    insert into secret_use (source, fingerprint, verified_at)
    values (@source, @fingerprint, @verifiedAt)
    on conflict (source, fingerprint) do update set verified_at = max(verified_at, excluded.verified_at)`)
  return uses => {
    for (const use of uses) note.run(use)
  }
}

/** Reads when each secret that ever proved a delivery did so last. */
export function readSecretUses({ db }: StoreContext): () => SecretUse[] {
  const select = db.prepare<[], SecretUse>('select source, fingerprint, verified_at as verifiedAt from secret_use')
  return () => select.all()
}
