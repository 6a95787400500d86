import type { AttemptOutcome, Effect } from '../store/attempts.ts'
import type { TokenAnswer } from '../store/tokens.ts'
import type { Sent } from './send.ts'

/** What the outcome of an attempt means for its job (semantics.md 4). */
export type Verdict =
  | 'applied'
  | 'retry'
  | 'unauthorized'
  | 'forbidden'
  | 'rate_limited'
  | 'conflict'
  | 'permanent'
  | 'schema_drift'
  | 'unknown'

export interface Classified {
  outcome: AttemptOutcome
  verdict: Verdict
  status: number | null
  /** The API's own code, or the cause of a failure. */
  code: string | null
  message: string | null
  tokenAnswer: TokenAnswer | null
  /** Wait the API asked for, in ms from now; null where it did not say. */
  retryAfterMs: number | null
}

/** Longest wait taken from a `Retry-After` (semantics.md 4). */
const RETRY_AFTER_MAX_MS = 3_600_000
/** Characters of an API's message that are kept. */
const MESSAGE_CHARS_MAX = 500

const UNAUTHORIZED = /^(UNAUTHENTICATED|UNAUTHORIZED|NOT_AUTHENTICATED|INVALID_TOKEN|TOKEN_EXPIRED|401)$/i
const FORBIDDEN = /^(FORBIDDEN|PERMISSION_DENIED|ACCESS_DENIED|NOT_AUTHORIZED|403)$/i
const RATE_LIMITED = /^(TOO_MANY_REQUESTS|RATE_LIMITED|RATE_LIMIT_EXCEEDED|RATE_LIMIT|THROTTLED|429)$/i
const NOT_FOUND = /^(NOT_FOUND|(ENTRY|PAGE|REDIRECT|ENTITY|RESOURCE|RECORD)_NOT_FOUND|404)$/i
/** No code is documented for an id that is not there either, only that the message is specific (pixelesq.md 8). */
const NOT_FOUND_WORDS = /\b(entry|page|redirect)\b.{0,60}\b(not found|does not exist|no longer exists)\b/i
const CONFLICT = /^(CONFLICT|VERSION_CONFLICT|STALE_VERSION|EDIT_CONFLICT|OPTIMISTIC_LOCK|409)$/i
/** The API documents no code for a stale version, only words (pixelesq.md 8). */
const CONFLICT_WORDS =
  /\b(stale|outdated|version (conflict|mismatch)|conflicting version|changed since|newer (draft|revision|version))\b/i
/**
 * graphql-js validation messages: the schema is not the one the operation was written for. Not where a scalar cannot
 * represent a value: the document names the type itself, so that the value is what is wrong.
 */
const DRIFT_WORDS =
  /^(Cannot query field|Unknown argument|Unknown type|Unknown fragment|Field ".*" of type ".*" must (have|not have)|Field ".*" argument ".*" of type ".*" is required|Field ".*" is not defined by type|Variable ".*" (of type .* used in position|got invalid value (?!.*\b(String|ID|Int|Float|Boolean) cannot represent)))/s

export interface ClassifyInput {
  sent: Sent
  effect: Effect
  /** What the operation's `success` says of the data; null = it could not be evaluated. */
  success: (data: Record<string, unknown>) => boolean | null
  /** Whether the operation has a `success` of its own, which is then asked about NOT_FOUND too, over no data. */
  hasSuccess?: boolean
  now: number
}

/** Judges what came back from one attempt; pure. Where nothing certain can be said the outcome is `unknown`. */
export function classify({ sent, effect, success, hasSuccess = false, now }: ClassifyInput): Classified {
  const base = { status: null, code: null, message: null, tokenAnswer: null, retryAfterMs: null }
  if (sent.kind === 'not_sent')
    return {
      ...base,
      outcome: 'not_sent',
      verdict: 'retry',
      code: sent.cause,
      message: NOT_SENT_WORDS[sent.cause] ?? null,
    }
  if (sent.kind === 'lost')
    return {
      ...base,
      outcome: 'unknown',
      verdict: 'unknown',
      status: sent.status,
      code: sent.cause,
      message: LOST_WORDS[sent.cause] ?? null,
    }

  const first = sent.errors[0]
  const answered = {
    ...base,
    status: sent.status,
    code: first?.code ?? null,
    message: first === undefined ? null : first.message.slice(0, MESSAGE_CHARS_MAX),
  }
  // 408: a proxy gave up waiting, or ended an idle connection just as we wrote; nothing says how far the request came
  if (sent.status >= 500 || sent.status === 408)
    return {
      ...answered,
      outcome: 'unknown',
      verdict: 'unknown',
      code: answered.code ?? `http_${sent.status}`,
      retryAfterMs: parseRetryAfter(sent.retryAfter, now),
    }

  const refused = readRefusal(sent, now)
  if (refused !== null)
    return { ...answered, ...refused, outcome: 'rejected', code: answered.code ?? `http_${sent.status}` }

  const ok = sent.status >= 200 && sent.status < 300
  // a query may find nothing: `{"page": null}` without errors is an answer
  const present = hasData(sent.data) || (effect === 'read' && sent.data !== null && sent.errors.length === 0)
  // an error page of something in between says nothing of the token
  const tokenAnswer = sent.data !== null || sent.errors.length > 0 ? 'ok' : null
  if (hasSuccess && isNotFound(sent) && success({}) === true)
    return {
      ...answered,
      outcome: 'applied',
      verdict: 'applied',
      code: answered.code ?? 'NOT_FOUND',
      message: `Nothing to do: ${answered.message}`.slice(0, MESSAGE_CHARS_MAX),
      tokenAnswer: 'ok',
    }
  if (!ok || (!present && sent.errors.length > 0))
    return {
      ...answered,
      ...readRejection(sent),
      outcome: 'rejected',
      tokenAnswer,
      code: answered.code ?? `http_${sent.status}`,
    }
  if (!present)
    return {
      ...answered,
      outcome: 'unknown',
      verdict: 'unknown',
      code: 'no_data',
      message: 'The API answered with neither data nor errors',
      tokenAnswer,
    }

  const data = sent.data!
  const succeeded = success(data)
  if (succeeded === true) return { ...answered, outcome: 'applied', verdict: 'applied', tokenAnswer: 'ok' }
  if (succeeded === null)
    return {
      ...answered,
      outcome: 'unknown',
      verdict: 'unknown',
      code: answered.code ?? 'success_unclear',
      message: 'The success of the operation could not be read from the answer',
      tokenAnswer: 'ok',
    }
  const message = answered.message ?? readApiMessage(data) ?? 'The API answered without success'
  const verdict = CONFLICT_WORDS.test(message) || readRejection(sent).verdict === 'conflict' ? 'conflict' : 'permanent'
  return {
    ...answered,
    outcome: 'rejected',
    verdict,
    code: answered.code ?? 'not_successful',
    message,
    tokenAnswer: 'ok',
  }
}

const NOT_SENT_WORDS: Record<string, string> = {
  dns: 'The name of the API host was not found',
  refused: 'The API host refused the connection',
  tls: 'No secure connection to the API host could be made',
  connect_timeout: 'The API host did not take the connection in time',
  redirect: 'The API answered with a redirect; it is not followed, so that the token goes nowhere else',
  deadline: 'No connection was free in time',
  local: 'The request could not be made',
  reset: 'The connection was lost before the request was sent',
}
const LOST_WORDS: Record<string, string> = {
  reset: 'The connection was lost before the answer was complete',
  deadline: 'No complete answer came in time',
  oversize: 'The answer was larger than limits.responseBytes',
  encoded: 'The answer was compressed in a way that cannot be read',
  invalid_answer: 'The answer was not a GraphQL answer',
}

type Answered = Extract<Sent, { kind: 'answered' }>

/** 401, 403 and 429, as HTTP status or as an error code in a 200. Data beside the error means the write went through. */
function readRefusal(sent: Answered, now: number): Pick<Classified, 'verdict' | 'tokenAnswer' | 'retryAfterMs'> | null {
  const applied = hasData(sent.data)
  const says = (status: number, code: RegExp): boolean =>
    sent.status === status || (!applied && sent.errors.some(error => error.code !== null && code.test(error.code)))
  if (says(401, UNAUTHORIZED)) return { verdict: 'unauthorized', tokenAnswer: 'unauthorized', retryAfterMs: null }
  if (says(403, FORBIDDEN)) return { verdict: 'forbidden', tokenAnswer: 'forbidden', retryAfterMs: null }
  if (says(429, RATE_LIMITED))
    return { verdict: 'rate_limited', tokenAnswer: 'rate_limited', retryAfterMs: parseRetryAfter(sent.retryAfter, now) }
  return null
}

function readRejection(sent: Answered): Pick<Classified, 'verdict'> {
  const conflict =
    sent.status === 409 ||
    sent.errors.some(error => (error.code !== null && CONFLICT.test(error.code)) || CONFLICT_WORDS.test(error.message))
  if (conflict) return { verdict: 'conflict' }
  return { verdict: sent.errors.some(error => DRIFT_WORDS.test(error.message)) ? 'schema_drift' : 'permanent' }
}

/** Whether all the API says is that the object of the operation is not there. */
export function isNotFound(sent: Sent): boolean {
  if (sent.kind !== 'answered' || sent.errors.length === 0 || hasData(sent.data)) return false
  return sent.errors.every(
    ({ code, message }) => (code !== null && NOT_FOUND.test(code)) || NOT_FOUND_WORDS.test(message),
  )
}

/** The data of an answer. What was not found is absent, so that `has` of a later step is false, however the API wrote its null. */
export function readData(sent: Sent): Record<string, unknown> {
  return sent.kind === 'answered' && !isNotFound(sent) ? (sent.data ?? {}) : {}
}

/** Whether a mutation field (any top-level field) came back with something. */
function hasData(data: Record<string, unknown> | null): boolean {
  return data !== null && Object.values(data).some(value => value !== null && value !== undefined)
}

/** The `message` beside a `success: false`, where the mutation's result has one. */
function readApiMessage(data: Record<string, unknown>): string | null {
  for (const value of Object.values(data)) {
    if (typeof value === 'object' && value !== null && 'message' in value && typeof value.message === 'string')
      return value.message.slice(0, MESSAGE_CHARS_MAX)
  }
  return null
}

/**
 * Reads `Retry-After` (RFC 9110: seconds or an HTTP date) as a wait in ms, capped at 1 h; null where it is absent or
 * makes no sense, and where it says "at once", which after a 429 would be a hot loop.
 */
export function parseRetryAfter(value: string | null, now: number): number | null {
  if (value === null) return null
  const text = value.trim()
  const ms = /^[0-9]+$/.test(text) ? Number(text) * 1_000 : parseHttpDate(text) - now
  return !Number.isNaN(ms) && ms > 0 ? Math.min(ms, RETRY_AFTER_MAX_MS) : null
}

/** The three forms of RFC 9110 5.6.7: a recipient must take the two old ones too. NaN for anything else. */
function parseHttpDate(text: string): number {
  if (/^([A-Z][a-z]{2}|[A-Z][a-z]+day),/.test(text)) return Date.parse(text)
  // asctime says no time zone: it is always UTC
  return /^[A-Z][a-z]{2} [A-Z][a-z]{2} /.test(text) ? Date.parse(`${text} GMT`) : Number.NaN
}
