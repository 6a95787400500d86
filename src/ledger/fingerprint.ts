import { hash } from 'node:crypto'

/** Hex digits of a fingerprint: 64 bits tell tokens apart and tell nothing about them. */
const FINGERPRINT_HEX = 16

/** The name of a token in the ledger: the start of its SHA-256, never the token. */
export function fingerprintToken(token: string): string {
  return hash('sha256', token, 'hex').slice(0, FINGERPRINT_HEX)
}

/** A secret shorter than this could be found out from its hash by trying. */
const SECRET_BYTES_MIN = 16

/** The name of a source's secret, as that of a token; null for one so short that its hash would give it away. */
export function fingerprintSecret(secret: string): string | null {
  return Buffer.byteLength(secret) < SECRET_BYTES_MIN ? null : fingerprintToken(secret)
}
