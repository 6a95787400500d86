import type { SecretDeletion } from '../sealed-secrets.ts'
import type { StoreContext } from './context.ts'

/** Removes a sealed secret; false where there is none of this name. */
export function deleteSecret({ db, audit }: StoreContext): (deletion: SecretDeletion) => boolean {
  const remove = db.prepare<[string], string>('delete from sealed_secret where name = ? returning fingerprint').pluck()
  return ({ name, actor, now }) => {
    const fingerprint = remove.get(name)
    if (fingerprint === undefined) return false
    audit.append({ at: now, actor, action: 'secret.deleted', target: name, detail: { fingerprint } })
    return true
  }
}
