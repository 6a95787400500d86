/** Everything that can stop a caller, one code each; what is an expected answer is a value instead (architecture.md 3). */
export type ErrorCode =
  | 'config_invalid'
  | 'not_found'
  | 'method_not_allowed'
  | 'media_type_unsupported'
  | 'body_too_large'
  | 'unauthorized'
  | 'keys_unavailable'
  | 'verifier_unavailable'
  | 'forbidden'
  | 'invalid_request'
  | 'busy'
  | 'files_differ'
  | 'wrong_state'
  | 'job_changed'
  | 'in_doubt'
  | 'not_in_doubt'
  | 'payload_pruned'
  | 'not_planned'
  | 'no_webhook'
  | 'overtaken'
  | 'still_refused'
  | 'master_key_unusable'
  | 'secret_in_use'
  | 'secret_exists'
  | 'secrets_full'
  | 'token_unreadable'
  | 'token_not_accepted'
  | 'source_retired'
  | 'not_reconcilable'
  | 'too_many_failures'
  | 'too_many_requests'
  | 'backlog_full'
  | 'store_unavailable'
  | 'store_newer'
  | 'store_locked'
  | 'backup_invalid'
  | 'shutting_down'
  | 'listen_failed'
  | 'malformed_body'
  | 'id_conflict'
  | 'lease_lost'
  | 'node_too_old'

export interface BridgeErrorOptions extends ErrorOptions {
  /** Seconds after which the caller may try again; becomes `Retry-After` at the HTTP edge. */
  retryAfterSec?: number
}

/** An error with a code from one closed union; the message never holds a secret or a caller's input. */
export class BridgeError extends Error {
  override readonly name = 'BridgeError'
  readonly code: ErrorCode
  readonly retryAfterSec: number | null

  constructor(code: ErrorCode, message: string, options: BridgeErrorOptions = {}) {
    super(message, options)
    this.code = code
    this.retryAfterSec = options.retryAfterSec ?? null
  }
}
