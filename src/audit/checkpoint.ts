import { createPublicKey, hash, verify } from 'node:crypto'
import type { AuditKey } from './audit-key.ts'
import { NO_HASH } from './hash-entry.ts'

/** What is signed: the chain up to `seq` ends in `hash`. */
export interface Checkpoint {
  seq: number
  at: number
  /** Of the database: raised by a restore. */
  epoch: number
  /** The hash of the row, in hex. */
  hash: string
  /** Digest of the checkpoint before, signature and all; so the newest one vouches for all, and for the keys they name. */
  previous: string
}

export interface SignedCheckpoint extends Checkpoint {
  /** Ed25519, raw, base64url. */
  publicKey: string
  /** Over `Checkpoint` and `publicKey`, base64url. */
  signature: string
}

/** `previous` of the first checkpoint. */
export const NO_CHECKPOINT: string = NO_HASH

/** Keeps this signature apart from any other use of the key. */
const PURPOSE = 'pixelesq-bridge audit checkpoint 1'

/** Signs a point of the chain. */
export function signCheckpoint(checkpoint: Checkpoint, key: AuditKey): SignedCheckpoint {
  const unsigned = { ...checkpoint, publicKey: key.publicKey }
  return { ...unsigned, signature: key.sign(signedBytes(unsigned)).toString('base64url') }
}

/** Whether the signature of a checkpoint is that of the key it names. */
export function isSigned(checkpoint: SignedCheckpoint): boolean {
  const raw = Buffer.from(checkpoint.publicKey, 'base64url')
  const signature = Buffer.from(checkpoint.signature, 'base64url')
  // a text that decodes to the same bytes is another text all the same
  if (raw.length !== 32 || raw.toString('base64url') !== checkpoint.publicKey) return false
  if (signature.length !== 64 || signature.toString('base64url') !== checkpoint.signature) return false
  const key = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x: checkpoint.publicKey }, format: 'jwk' })
  return verify(null, signedBytes(checkpoint), key, signature)
}

/** Digest of a checkpoint, which the next one names: SHA-256 in hex. */
export function digestCheckpoint(checkpoint: SignedCheckpoint): string {
  return hash('sha256', Buffer.concat([signedBytes(checkpoint), Buffer.from(checkpoint.signature)]), 'hex')
}

function signedBytes({ seq, at, epoch, hash, previous, publicKey }: Omit<SignedCheckpoint, 'signature'>): Buffer {
  return Buffer.from(JSON.stringify([PURPOSE, seq, at, epoch, hash, previous, publicKey]))
}
