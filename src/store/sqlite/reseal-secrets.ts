import type { Resealing } from '../sealed-secrets.ts'
import type { StoreContext } from './context.ts'

/** Puts all sealed secrets under another master key; or none, where one was set or deleted since they were read: false. */
export function resealSecrets({ db, audit }: StoreContext): (resealing: Resealing) => boolean {
  const read = db.prepare<[], { name: string; jwe: string; keyId: string }>(
    'select name, jwe, key_id as keyId from sealed_secret',
  )
  const update = db.prepare<[string, string, string]>('update sealed_secret set key_id = ?, jwe = ? where name = ?')
  return ({ keyId, secrets, actor, now }) => {
    const present = read.all()
    const before = new Map(secrets.map(secret => [secret.name, secret.before]))
    if (present.length !== before.size || present.some(({ name, jwe }) => before.get(name) !== jwe)) return false
    for (const { name, after } of secrets) update.run(keyId, after, name)
    const detail = { secrets: present.length, before: present[0]?.keyId ?? null }
    audit.append({ at: now, actor, action: 'secret.resealed', target: keyId, detail })
    return true
  }
}
