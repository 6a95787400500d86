import { hash, timingSafeEqual } from 'node:crypto'
import type { AdminKeyConfig, AdminRole } from '../config/read-admin.ts'

/** A key as it is compared: only its hash is at hand. */
export interface AdminKey {
  name: string
  role: AdminRole
  /** SHA-256. A key is a long random text, so that nothing slower is needed. */
  digest: Buffer
}

/** Longest key, in characters. */
export const KEY_CHARS_MAX = 512
const RANK: Readonly<Record<AdminRole, number>> = { viewer: 1, operator: 2, admin: 3 }

/** SHA-256 (hex) of a key: what is kept of one that was made. */
export function hashKey(key: string): string {
  return hash('sha256', key, 'hex')
}

/** Turns configured keys into what is compared. */
export function toAdminKeys(keys: readonly AdminKeyConfig[]): AdminKey[] {
  return keys.map(({ name, role, key }) => ({ name, role, digest: hash('sha256', key, 'buffer') }))
}

/** Finds whose key was presented; every key is compared, in constant time, whichever of them it is. */
export function findAdminKey(presented: string, keys: readonly AdminKey[]): AdminKey | null {
  const digest = hash('sha256', presented, 'buffer')
  let found: AdminKey | null = null
  for (const key of keys) if (timingSafeEqual(digest, key.digest)) found = key
  return found
}

/** Whether a role may do what another is needed for. */
export function isAllowed(role: AdminRole, needed: AdminRole): boolean {
  return RANK[role] >= RANK[needed]
}

/**
 * The key of an `Authorization: Bearer …` header; null where it is missing, malformed, too long, or there are two.
 * `rawHeaders` as Node gives them, because it keeps the first of two without a word.
 */
export function readBearerKey(rawHeaders: readonly string[], charsMax = KEY_CHARS_MAX): string | null {
  let found: string | null = null
  for (let i = 0; i < rawHeaders.length; i += 2) {
    if (rawHeaders[i]!.toLowerCase() !== 'authorization') continue
    if (found !== null) return null
    found = rawHeaders[i + 1]!
  }
  const presented = /^Bearer ([\x21-\x7e]+)$/i.exec(found ?? '')?.[1] ?? null
  return presented !== null && presented.length <= charsMax ? presented : null
}
