import type { Bridge } from '../bridge.ts'
import type { AdminRole } from '../config/read-admin.ts'
import { TOKEN_CHARS_MAX } from '../verify/read-token.ts'
import type { Refusal } from '../verify/verification.ts'
import { type AdminKey, findAdminKey, KEY_CHARS_MAX, readBearerKey } from './admin-keys.ts'
import { looksLikeToken, verifyPerson } from './verify-person.ts'

/** Who asks; `key` null = a person by a token. */
export type Admitted =
  | { ok: true; name: string; role: AdminRole; key: AdminKey | null }
  | { ok: false; reason: 'admin_key_unknown' | Refusal; name: null }
  /** The issuer vouches for the person, who has no role here. */
  | { ok: false; reason: 'role_missing'; name: string }

/**
 * Finds out who asks `/api`: first among the admin keys, then, where `admin.oidc` is configured, whether it is the token
 * of a person. The configuration in force is looked at each time, so that a reload counts from the next request on.
 */
export async function admit(
  { live, adminKeys }: Pick<Bridge, 'live' | 'adminKeys'>,
  rawHeaders: readonly string[],
  now: number,
): Promise<Admitted> {
  const presented = readBearerKey(rawHeaders, TOKEN_CHARS_MAX)
  if (presented === null) return { ok: false, reason: 'credentials_missing', name: null }
  const key = presented.length <= KEY_CHARS_MAX ? findAdminKey(presented, adminKeys()) : null
  if (key !== null) return { ok: true, name: key.name, role: key.role, key }
  const { oidc } = live.setup.config
  if (oidc === null || !looksLikeToken(presented)) return { ok: false, reason: 'admin_key_unknown', name: null }
  const person = await verifyPerson(oidc, presented, now)
  if (!person.ok) return { ...person, name: null }
  const { name, role } = person
  return role === null ? { ok: false, reason: 'role_missing', name } : { ok: true, name, role, key: null }
}
