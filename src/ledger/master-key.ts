import { createSecretKey, hash, type KeyObject } from 'node:crypto'

/** The key that seals secrets, as an object that no log can print. */
export interface MasterKey {
  /** Tells keys apart and tells nothing about them: the start of a SHA-256. */
  id: string
  key: KeyObject
}

/** What a master key looks like, for messages. */
export const MASTER_KEY_FORM = '32 random bytes in base64url, base64 or hex (`openssl rand -hex 32` makes them)'

/** A256GCM takes no other length. */
const KEY_BYTES = 32
/** Hex digits of an id. */
const ID_HEX = 16
/** Keeps the id of a key apart from the hash of a secret that is the same text. */
const ID_PREFIX = 'pixelesq-bridge master key\n'

/** Reads 32 bytes in base64url, base64 or hex; null for anything else. Only the one spelling of each counts. */
export function parseMasterKey(text: string): MasterKey | null {
  const bytes = decode(text)
  if (bytes?.byteLength !== KEY_BYTES) return null
  const id = hash('sha256', Buffer.concat([Buffer.from(ID_PREFIX), bytes]), 'hex').slice(0, ID_HEX)
  return { id, key: createSecretKey(bytes) }
}

/** Node drops what it cannot decode without a word: what was read must give the text again. */
function decode(text: string): Buffer | null {
  if (/^[0-9a-fA-F]{64}$/.test(text)) return Buffer.from(text, 'hex')
  for (const encoding of ['base64url', 'base64'] as const) {
    const bytes = Buffer.from(text, encoding)
    if (bytes.toString(encoding) === text) return bytes
  }
  return null
}
