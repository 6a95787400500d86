import { decodeProtectedHeader } from 'jose/decode/protected_header'
import { compactDecrypt } from 'jose/jwe/compact/decrypt'
import { CompactEncrypt } from 'jose/jwe/compact/encrypt'
import type { MasterKey } from './master-key.ts'

/** The only algorithms that are made and opened: no key derivation and no compression, whose cost the sealed text would set. */
const ALG = 'dir'
const ENC = 'A256GCM'

/** `other_key`: another master key sealed it, `keyId`. `broken`: it is not what was sealed, or was sealed for another name. */
export type Opened = { ok: true; value: string } | { ok: false; reason: 'other_key'; keyId: string } | Broken
type Broken = { ok: false; reason: 'broken' }

/**
 * Seals a secret for one name: a JWE in compact form, `dir` and `A256GCM`. Name and key are in the protected header, which
 * is authenticated, so that a sealed secret cannot be put in the place of another.
 */
export function sealSecret(name: string, value: string, { id, key }: MasterKey): Promise<string> {
  return new CompactEncrypt(Buffer.from(value)).setProtectedHeader({ alg: ALG, enc: ENC, kid: id, name }).encrypt(key)
}

/**
 * Opens what `sealSecret` made for this name. A header with anything else in it is refused before anything is computed
 * (CVE-2022-36083, CVE-2024-28176: counts of PBES2, compressed texts). Never rejects for what is sealed.
 */
export async function openSecret(name: string, jwe: string, { id, key }: MasterKey): Promise<Opened> {
  const keyId = readKeyId(name, jwe)
  if (keyId === null) return { ok: false, reason: 'broken' }
  if (keyId !== id) return { ok: false, reason: 'other_key', keyId }
  try {
    const { plaintext } = await compactDecrypt(jwe, key, {
      keyManagementAlgorithms: [ALG],
      contentEncryptionAlgorithms: [ENC],
    })
    return { ok: true, value: Buffer.from(plaintext).toString('utf8') }
  } catch {
    // jose says in each case that decryption failed, and no more
    return { ok: false, reason: 'broken' }
  }
}

/** The id of the key, where the header is exactly what `sealSecret` writes for this name. */
function readKeyId(name: string, jwe: string): string | null {
  try {
    const { kid, ...rest } = decodeProtectedHeader(jwe)
    const isOurs = rest.alg === ALG && rest.enc === ENC && rest.name === name && Object.keys(rest).length === 3
    return isOurs && typeof kid === 'string' ? kid : null
  } catch {
    return null
  }
}
