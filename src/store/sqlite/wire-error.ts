import { BridgeError } from '../../errors.ts'
import type { WireError } from './wire.ts'

/** What a caller is told to wait when the store refuses a write. */
export const RETRY_AFTER_SEC = 5

/** Errors cross threads as plain data; SQLite's own become `store_unavailable`, a failed fsync or a damaged file is fatal. */
export function wireError(error: unknown): WireError {
  if (error instanceof BridgeError)
    return { code: error.code, message: error.message, retryAfterSec: error.retryAfterSec, fatal: false, detail: null }
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  const detail = error instanceof Error ? `${code} ${error.message}` : String(error)
  if (code.startsWith('SQLITE_') && !code.startsWith('SQLITE_CONSTRAINT') && code !== 'SQLITE_ERROR') {
    const fatal = code.startsWith('SQLITE_IOERR_FSYNC') || code.startsWith('SQLITE_CORRUPT') || code === 'SQLITE_NOTADB'
    return {
      code: 'store_unavailable',
      message: 'The database cannot be written at the moment',
      retryAfterSec: RETRY_AFTER_SEC,
      fatal,
      detail,
    }
  }
  return {
    code: null,
    message: 'A store operation failed',
    retryAfterSec: null,
    fatal: false,
    detail: error instanceof Error ? (error.stack ?? detail) : detail,
  }
}

/** The error that a thread of the store sent. */
export function errorFromWire(wire: WireError): Error {
  if (wire.code !== null) {
    return new BridgeError(wire.code, wire.message, {
      cause: wire.detail,
      ...(wire.retryAfterSec === null ? {} : { retryAfterSec: wire.retryAfterSec }),
    })
  }
  return new Error(wire.message, { cause: wire.detail })
}
