import { isUtf8 } from 'node:buffer'
import { request } from 'undici'
import { parseExact } from '../mapping/parse-exact.ts'
import { parseJsonText } from '../mapping/parse-json-text.ts'
import { dropAnswer, readAnswer } from '../read-answer.ts'
import type { ApiAnswer } from './sender-api.ts'

/** One request, everything in it, in ms: well within the time for which a connection of ours may be silent. */
export const ASK_MS_MAX = 20_000
/** Largest answer, in bytes: a payload of GitHub has up to 25 MiB, written once more around it. */
export const ANSWER_BYTES_MAX = 33_554_432
/** Deepest answer: that of a payload may be `limits.jsonDepth`, and is judged when it is routed. */
const ANSWER_DEPTH_MAX = 1_000
/** How long a sender that names no time is left alone, in ms. */
const LIMITED_DEFAULT_MS = 60_000

export type AskFailure =
  | 'unauthorized'
  | 'forbidden'
  | 'not_found'
  | 'redirected'
  | 'status'
  | 'unreachable'
  | 'timeout'
  | 'too_large'
  | 'malformed'

export interface AskLimits {
  msMax: number
  bytesMax: number
}

export type SenderAnswer =
  | ({ kind: 'answer' } & ApiAnswer)
  | { kind: 'limited'; retryAfterMs: number }
  | { kind: 'failed'; reason: AskFailure; message: string }

/**
 * Asks the API of a sender for JSON. No redirect is followed, because it would take the token along; compressed answers are not
 * asked for. Never throws for what the network or the sender does; nothing of an answer is ever in a message.
 */
export async function askSender(
  url: URL,
  headers: Readonly<Record<string, string>>,
  signal: AbortSignal,
  { msMax, bytesMax }: AskLimits = { msMax: ASK_MS_MAX, bytesMax: ANSWER_BYTES_MAX },
): Promise<SenderAnswer> {
  const deadline = AbortSignal.timeout(msMax)
  try {
    const response = await request(url, {
      signal: AbortSignal.any([deadline, signal]),
      headers: { 'user-agent': 'pixelesq-bridge', 'accept-encoding': 'identity', ...headers },
      // asked for now and then: a connection kept for the next time would only be in the way of a shutdown
      reset: true,
    })
    const told = namesOf(response.headers)
    const refused = readStatus(response.statusCode, told)
    const encoding = told.get('content-encoding') ?? 'identity'
    if (refused !== null || encoding !== 'identity') {
      dropAnswer(response.body)
      return refused ?? fail('malformed', 'expected an answer that is not compressed, found one that is')
    }
    const body = await readAnswer(response.body, bytesMax)
    return body === null
      ? fail('too_large', `expected an answer of at most ${bytesMax} bytes, found a larger one`)
      : // '' is no JSON
        parseAnswer(isUtf8(body) ? body.toString('utf8') : '', told)
  } catch (error) {
    if (deadline.aborted) return fail('timeout', `expected an answer within ${msMax / 1_000} s, found none`)
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'an error'
    return fail('unreachable', `expected an answer, found ${code}`)
  }
}

function fail(reason: AskFailure, message: string): SenderAnswer {
  return { kind: 'failed', reason, message }
}

/** What a status other than 200 means. 403 is a rate limit too, where GitHub says so (docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api). */
function readStatus(status: number, headers: ReadonlyMap<string, string>): SenderAnswer | null {
  if (status === 200) return null
  const isUsedUp = headers.get('x-ratelimit-remaining') === '0'
  if (status === 429 || (status === 403 && (headers.has('retry-after') || isUsedUp)))
    return { kind: 'limited', retryAfterMs: readRetryAfter(headers, Date.now()) }
  if (status === 401) return fail('unauthorized', 'expected the API to take the token of "reconcile", found 401')
  if (status === 403) return fail('forbidden', 'expected a token that may read the deliveries of the hook, found 403')
  if (status === 404) return fail('not_found', 'expected the hook to be there and the token to see it, found 404')
  if (status >= 300 && status < 400)
    return fail('redirected', `expected an answer at this address, found a redirect (${status}), which is not followed`)
  return fail('status', `expected status 200, found ${status}`)
}

/** `Retry-After` in seconds or as a date, or the instant at which GitHub counts anew. */
function readRetryAfter(headers: ReadonlyMap<string, string>, now: number): number {
  const after = headers.get('retry-after')
  const reset = headers.get('x-ratelimit-reset') ?? ''
  const at = after === undefined ? Number(/^[0-9]{1,11}$/.exec(reset)?.[0]) * 1_000 : Date.parse(after)
  const ms = after !== undefined && /^[0-9]{1,9}$/.test(after) ? Number(after) * 1_000 : at - now
  return Number.isFinite(ms) ? Math.max(ms, 0) : LIMITED_DEFAULT_MS
}

function namesOf(headers: Readonly<Record<string, string | string[] | undefined>>): ReadonlyMap<string, string> {
  return new Map(
    Object.entries(headers).flatMap(([name, value]) =>
      value === undefined ? [] : [[name.toLowerCase(), Array.isArray(value) ? value.join(', ') : value]],
    ),
  )
}

function parseAnswer(text: string, headers: ReadonlyMap<string, string>): SenderAnswer {
  const parsed = parseJsonText(text, ANSWER_DEPTH_MAX)
  if (!parsed.ok) return fail('malformed', 'expected JSON, found something else')
  // the second reading is slow, and only needed where digits were lost
  return { kind: 'answer', json: parsed.lossy === null ? parsed.value : parseExact(text), headers }
}
