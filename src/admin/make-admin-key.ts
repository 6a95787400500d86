import { randomBytes } from 'node:crypto'
import type { Store } from '../store/store.ts'
import { type AdminKey, hashKey } from './admin-keys.ts'

/** Random bytes of a key that is made. */
const KEY_BYTES = 32

/**
 * Makes the first admin key where a database has none; `key` is the key itself, once, null where one was made before.
 * Only its hash is kept (interface.md 2).
 */
export async function makeAdminKey(store: Store, now: number): Promise<{ key: string | null; adminKey: AdminKey }> {
  const key = `pxb_${randomBytes(KEY_BYTES).toString('base64url')}`
  const made = hashKey(key)
  const { hash } = await store.keepAdminKey({ hash: made, now })
  return {
    key: hash === made ? key : null,
    adminKey: { name: 'first', role: 'admin', digest: Buffer.from(hash, 'hex') },
  }
}
