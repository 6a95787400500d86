import { createPrivateKey, createPublicKey, hash, type KeyObject, randomBytes, sign } from 'node:crypto'
import { closeSync, existsSync, fsyncSync, openSync, readFileSync, writeSync } from 'node:fs'
import { BridgeError } from '../errors.ts'

/** The key checkpoints are signed with. Its private half stays inside. */
export interface AuditKey {
  /** Ed25519, raw, base64url. */
  publicKey: string
  fingerprint: string
  sign(bytes: Uint8Array): Buffer
}

/** What a private Ed25519 key in PKCS #8 begins with (RFC 8410 7); its 32 bytes follow. */
const PKCS8_HEAD = Buffer.from('302e020100300506032b657004220420', 'hex')
const SEED_BYTES = 32
/** Characters of a fingerprint: 64 bits, enough to tell keys apart by eye and by machine. */
const FINGERPRINT_CHARS = 16
/** 32 bytes in base64url, without padding. */
export const AUDIT_KEY_PATTERN: RegExp = /^[A-Za-z0-9_-]{43}$/

/** Reads a key from its text: 32 bytes in base64url; null for anything else. */
export function parseAuditKey(text: string): AuditKey | null {
  if (!AUDIT_KEY_PATTERN.test(text)) return null
  const seed = Buffer.from(text, 'base64url')
  return toAuditKey(createPrivateKey({ key: Buffer.concat([PKCS8_HEAD, seed]), format: 'der', type: 'pkcs8' }))
}

/**
 * Reads the key of a file, which is made (0600) where it is not there. Throws `config_invalid` for a file that holds
 * something else: a new key would make old checkpoints those of a stranger.
 */
export function readAuditKeyFile(file: string): AuditKey {
  if (!existsSync(file)) writeKeyFile(file)
  const key = parseAuditKey(readFileSync(file, 'utf8').trim())
  if (key === null)
    throw new BridgeError(
      'config_invalid',
      `${file}: expected the key of the audit, 32 bytes in base64url, found something else. Put the right file back; or move it away, and a new key is made, which the audit will say.`,
    )
  return key
}

/** Short name of a public key: the beginning of its SHA-256. */
export function fingerprintKey(publicKey: string): string {
  return hash('sha256', Buffer.from(publicKey, 'base64url'), 'hex').slice(0, FINGERPRINT_CHARS)
}

function writeKeyFile(file: string): void {
  const handle = openSync(file, 'wx', 0o600)
  try {
    writeSync(handle, `${randomBytes(SEED_BYTES).toString('base64url')}\n`)
    fsyncSync(handle)
  } finally {
    closeSync(handle)
  }
}

function toAuditKey(privateKey: KeyObject): AuditKey {
  const publicKey = createPublicKey(privateKey).export({ format: 'jwk' }).x!
  return {
    publicKey,
    fingerprint: fingerprintKey(publicKey),
    sign: bytes => sign(null, bytes, privateKey),
  }
}
