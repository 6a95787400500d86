import type { SealedSecret } from '../sealed-secrets.ts'
import type { StoreContext } from './context.ts'

/** Reads every sealed secret, as it is sealed, by name. */
export function readSecrets({ db }: StoreContext): () => SealedSecret[] {
  const select = db.prepare<[], SealedSecret>(`
    select name, key_id as keyId, fingerprint, jwe, sealed_at as sealedAt
    from sealed_secret
    order by name`)
  return () => select.all()
}
