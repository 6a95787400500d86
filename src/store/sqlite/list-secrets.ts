import type { SecretLine } from '../sealed-secrets.ts'
import type { StoreContext } from './context.ts'

/** Lists the sealed secrets by name, without what is sealed. */
export function listSecrets({ db }: StoreContext): () => SecretLine[] {
  const select = db.prepare<[], SecretLine>(`
    select name, key_id as keyId, fingerprint, sealed_at as sealedAt
    from sealed_secret
    order by name`)
  return () => select.all()
}
