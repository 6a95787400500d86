import type { SignedDefinition } from './scheme-definition.ts'
import type { DigestEncoding } from './signature-syntax.ts'

/** Pieces of the signed content in order: bytes, header values (text: Node decodes them as latin1), or null for the secret. */
export type Content = readonly (string | Buffer | null)[]

/** How a secret proves a content: the only thing in which an HMAC, a digest and a private key differ. */
export interface Proof {
  kind: SignedDefinition['kind']
  /** Length of a signature in bytes, null where it varies with the key. */
  bytes: number | null
  encoding: DigestEncoding
  /** Whether one of the candidates proves the content; false for a secret that is unusable, never an exception. */
  matches: (secret: string, content: Content, candidates: readonly Buffer[]) => boolean
  /** Signs as the sender would. Throws `config_invalid` where the secret cannot. */
  sign: (secret: string, content: Content) => Buffer
  /** Until when a secret counts by itself (a certificate), in epoch ms; null = always. Left out = always. */
  validUntilAt?: (secret: string) => number | null
}

/** Joins a content without a secret in it. */
export function joinContent(content: Content): Buffer {
  return Buffer.concat(
    content.map(piece => (typeof piece === 'string' ? Buffer.from(piece, 'latin1') : (piece ?? Buffer.alloc(0)))),
  )
}
