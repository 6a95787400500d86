import { brotliDecompressSync, gunzipSync, inflateSync, zstdDecompressSync } from 'node:zlib'

type Inflate = (bytes: Buffer, limits: { maxOutputLength: number }) => Buffer

/** By the names of RFC 9110 8.4.1 and the registry of content codings. */
const CODINGS: ReadonlyMap<string, Inflate> = new Map<string, Inflate>([
  ['', bytes => bytes],
  ['identity', bytes => bytes],
  ['gzip', gunzipSync],
  ['x-gzip', gunzipSync],
  ['deflate', inflateSync],
  ['br', brotliDecompressSync],
  ['zstd', zstdDecompressSync],
])

export type Inflated = { ok: true; bytes: Buffer } | { ok: false; cause: 'oversize' | 'encoded' }

/** Whether answers in a coding can be read. */
export function isReadable(coding: string): boolean {
  return CODINGS.has(coding)
}

/**
 * Inflates a whole answer, which some proxies compress unasked: a write must not be in doubt for that. `bytesMax` is the
 * limit of what comes out; it stops there, and a bomb takes no more memory than that.
 */
export function inflate(bytes: Buffer, coding: string, bytesMax: number): Inflated {
  if (bytes.length === 0) return { ok: true, bytes }
  try {
    return { ok: true, bytes: CODINGS.get(coding)!(bytes, { maxOutputLength: bytesMax }) }
  } catch (error) {
    const isTooLarge = error instanceof Error && 'code' in error && error.code === 'ERR_BUFFER_TOO_LARGE'
    return { ok: false, cause: isTooLarge ? 'oversize' : 'encoded' }
  }
}
