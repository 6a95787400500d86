import type { Bridge } from '../bridge.ts'
import { BridgeError } from '../errors.ts'
import { type Custody, type Receipt, receive } from '../receive.ts'
import { lacksToken, restoreCredentials } from '../source/kept-credentials.ts'
import { headerMap } from '../source/redact-headers.ts'
import type { Source } from '../source/source.ts'
import type { RecordOutcome } from '../store/receipts.ts'
import type { RejectedDetail } from '../store/reports.ts'
import type { Secret } from '../verify/scheme.ts'
import type { Refusal } from '../verify/verification.ts'

/** Why a refused delivery cannot be judged again, beside what the scheme says. */
type Obstacle =
  | 'source_missing'
  | 'source_retired'
  | 'source_unsigned'
  | 'method_not_allowed'
  | 'body_too_large'
  | 'handshake'
  | 'token_not_kept'

/** `outcome` and `eventId` are null where it was only asked whether it would be taken. */
export type RejectedRetry =
  | { accepted: true; outcome: RecordOutcome | null; eventId: string | null }
  | { accepted: false; reason: Refusal | Obstacle; message: string }

type RetryContext = Pick<Bridge, 'live' | 'store' | 'custody'>

/**
 * Judges a refused delivery by the secrets and settings of today, its timestamp at its own receipt, and records it as if it
 * came now; then it is no refused delivery any more. With `dryRun` nothing is recorded. Throws `not_found` where somebody
 * else was faster, and what `receive` throws.
 */
export async function retryRejected(
  rejected: RejectedDetail,
  { live, store, custody }: RetryContext,
  { now, dryRun }: { now: number; dryRun: boolean },
): Promise<RejectedRetry> {
  const source = live.setup.sources.get(rejected.source)
  const obstacle = findObstacle(rejected, source)
  if (obstacle !== null) return refuse(obstacle)
  const { definition, secrets } = source!
  const { method, query, headers, type, receivedAt } = rejected
  const kept = { method, query, rawHeaders: headers, body: Buffer.from(rejected.body) }
  const delivery = restoreCredentials(definition, secrets, kept, rejected.credentials)
  const incoming = {
    ...delivery,
    source: { ...source!, secrets: secrets.map(secret => asOfToday(secret, now)) },
    urlType: type,
    contentType: headerMap(headers)['content-type'] ?? null,
    receivedAt: now,
    judgedAt: receivedAt,
  }
  const accept: Custody['store']['recordEvent'] = async event => {
    const recorded = await store.acceptRejected({ id: rejected.id, event })
    if (recorded === null) throw new BridgeError('not_found', NOT_HERE)
    return recorded
  }
  const pretend: Custody['store']['recordEvent'] = async () => ({ outcome: 'recorded', eventId: '', eventSeq: null })
  const receipt = await receive(incoming, {
    ...custody,
    store: { recordEvent: dryRun ? pretend : accept },
    // what was kept of it has no secret in it any more
    capture: async () => false,
  })
  if (receipt.kind === 'refused' && lacksToken(definition, delivery)) return refuse('token_not_kept')
  return dryRun && receipt.kind === 'taken' ? { accepted: true, outcome: null, eventId: null } : readReceipt(receipt)
}

/** Said of an id that names no refused delivery, or one that is there no more. */
export const NOT_HERE =
  'No refused delivery of this id is here: it was taken, or newer ones of its source took its place'

function findObstacle({ method, body }: RejectedDetail, source: Source | undefined): Obstacle | null {
  if (source === undefined) return 'source_missing'
  if (source.retired) return 'source_retired'
  // what was refused once would be taken now unseen
  if (source.scheme.unsigned) return 'source_unsigned'
  if (!source.methods.includes(method)) return 'method_not_allowed'
  return body.byteLength > source.bodyBytesMax ? 'body_too_large' : null
}

/** A secret that has expired since is none of today, although it counted when the delivery came. */
function asOfToday(secret: Secret, now: number): Secret {
  return secret.expiresAt !== null && secret.expiresAt <= now ? { ...secret, expiresAt: 0 } : secret
}

function readReceipt(receipt: Receipt): RejectedRetry {
  if (receipt.kind === 'taken') return { accepted: true, outcome: receipt.outcome, eventId: receipt.eventId }
  if (receipt.kind === 'refused') return refuse(receipt.reason)
  // a source without signatures alone has its body looked at first, and that is refused above
  if (receipt.kind === 'malformed') throw new BridgeError('malformed_body', receipt.message)
  return refuse('handshake')
}

function refuse(reason: Refusal | Obstacle): RejectedRetry {
  return { accepted: false, reason, message: MESSAGES[reason] }
}

const MESSAGES: Readonly<Record<Refusal | Obstacle, string>> = {
  signature_missing: 'It came without a signature',
  signature_malformed: 'Its signature is not of the form that its source expects',
  signature_ambiguous: 'Its signature came more than once',
  signature_mismatch: 'None of the secrets of today makes its signature',
  timestamp_missing: 'It came without the timestamp that its source expects',
  timestamp_malformed: 'Its timestamp is not of the form that its source expects',
  timestamp_out_of_range: 'It was out of tolerance when it was received',
  credentials_missing: 'It came without a credential',
  credentials_mismatch: 'Its credential is none of the secrets of today',
  id_malformed: 'Its id is not of the form that its source expects',
  secret_expired: 'It was made with a secret that counts no more',
  claims_mismatch: 'Its token is genuine, and does not say what the source expects of it',
  capture_closed: 'It brought a secret that nobody waited for: let the sender set its webhook up again',
  key_unknown: 'Its token names a key that is not published now',
  keys_unavailable: 'The keys to check its token with cannot be fetched now: try again',
  verifier_refuses_us: 'Its sender, who judges it, does not take our credentials',
  verifier_unavailable: 'Its sender, who judges it, cannot be asked now: try again',
  source_missing: 'Its source is no longer configured',
  source_retired: 'Its source is retired',
  source_unsigned: 'Its source takes everything now, so that nothing would say that it is authentic',
  method_not_allowed: 'Its source does not take its method now',
  body_too_large: 'Its body is larger than its source takes now',
  handshake: 'It is a request with which the sender sets its webhook up: only the sender can make it again',
  token_not_kept: 'Its token was not kept, because it would have counted for more than a day',
}
