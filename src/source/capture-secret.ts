import { hash, timingSafeEqual } from 'node:crypto'
import { SECRET_BYTES_MIN } from '../config/resolve-secret.ts'
import { fingerprintToken } from '../ledger/fingerprint.ts'
import type { Vault } from '../ledger/vault.ts'
import type { CaptureWindows } from './capture-windows.ts'
import type { Source } from './source.ts'

export interface CaptureContext {
  vault: Vault
  windows: CaptureWindows
  /** Puts the secret in force. */
  reload: (reason: string) => Promise<boolean>
}

/**
 * Takes the secret over that a sender hands out when it is set up. Nothing proves who sends it: so only while a person
 * holds a window open, the first one only, and never in the place of one the person did not mean to replace. True where it
 * is sealed, or is the one the source has (senders repeat a request whose answer was lost).
 */
export async function captureSecret(
  source: Source,
  secret: string,
  { vault, windows, reload }: CaptureContext,
): Promise<boolean> {
  if (source.secrets.some(({ value }) => isSame(value, secret))) return true
  const window = windows.find(source.name)
  if (window === null || Buffer.byteLength(secret) < SECRET_BYTES_MIN) return false
  // of two that come at once, the later one finds another secret there than the window may replace
  if (!(await vault.capture(source.name, secret, window.replaces))) return false
  const inForce = await reload('a secret was captured')
  window.end({ fingerprint: fingerprintToken(secret), secret, inForce })
  return true
}

function isSame(a: string, b: string): boolean {
  return timingSafeEqual(hash('sha256', a, 'buffer'), hash('sha256', b, 'buffer'))
}
