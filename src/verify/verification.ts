/** Why a delivery was not taken as authentic. For operators and the audit trail; the sender is never told which. */
export type Refusal =
  | 'signature_missing'
  | 'signature_malformed'
  | 'signature_ambiguous'
  | 'signature_mismatch'
  | 'timestamp_missing'
  | 'timestamp_malformed'
  | 'timestamp_out_of_range'
  | 'credentials_missing'
  | 'credentials_mismatch'
  | 'id_malformed'
  | 'secret_expired'
  /** The token is genuine, and is not meant for this source. */
  | 'claims_mismatch'
  /** No key of that name is published. */
  | 'key_unknown'
  /** The published keys cannot be fetched, and none are at hand: the sender may try again. */
  | 'keys_unavailable'
  /** The sender, who is asked whether a delivery is its own, cannot be asked now: it may try again. */
  | 'verifier_unavailable'
  /** The sender does not take our credentials: it may try again, and somebody must look. */
  | 'verifier_refuses_us'
  /** A set-up request that brings a secret, while nobody had the source take one over. */
  | 'capture_closed'

/** The delivery is authentic as far as the scheme can tell. */
export interface Verified {
  ok: true
  /** Position of the configured secret that matched; -1 where the scheme has none. */
  secretIndex: number
  /** The signed timestamp in epoch milliseconds, null where the scheme signs none. */
  signedAt: number | null
  /** SHA-256 (hex) of the signed content, only where a timestamp is signed: it catches the same bytes under a new, unsigned id. */
  replayKey: string | null
  /** An idempotency key out of the proof itself (a token that counts once); it takes the place of any other. */
  key?: string
}

/** The delivery is not to be trusted. */
export interface Refused {
  ok: false
  reason: Refusal
}

/** The answer to "is this delivery authentic?". */
export type Verification = Verified | Refused

/** Makes a refusal of the given reason. */
export function refuse(reason: Refusal): Refused {
  return { ok: false, reason }
}
