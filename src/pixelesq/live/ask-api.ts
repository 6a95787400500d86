import type { Agent } from 'undici'
import { type Classified, classify } from '../../execute/classify.ts'
import { send } from '../../execute/send.ts'

/** Where questions are put, and with whose token. */
export interface Access {
  agent: Agent
  endpoint: URL
  /** Never part of what is returned. */
  token: string
}

export interface Question {
  /** Name of the operation in the document. */
  operation: string
  document: string
  /** Total time of the exchange, in ms. */
  deadlineMs: number
  /** Largest answer, in bytes. */
  responseBytesMax: number
}

export type AskFailure =
  | 'unreachable'
  | 'unauthorized'
  | 'forbidden'
  | 'rate_limited'
  /** The API answered the question with errors of its own. */
  | 'refused'
  /** Too late, too large, broken off, or no GraphQL at all. */
  | 'nonsense'

export type Asked =
  | { ok: true; data: Record<string, unknown> }
  /** `message`: one sentence for people, without line breaks or control characters. */
  | { ok: false; reason: AskFailure; message: string }

/** Characters of an API's own words that are repeated. */
const FOREIGN_CHARS_MAX = 200

/**
 * Asks the API one question that writes nothing, over the same path as the worker's requests: one total deadline, no
 * redirects, no compression, an answer of bounded size, the token struck out of whatever comes back.
 */
export async function askApi({ agent, endpoint, token }: Access, question: Question): Promise<Asked> {
  const sent = await send({ agent, endpoint, token, variables: {}, ...question })
  const classified = classify({ sent, effect: 'read', success: () => true, now: Date.now() })
  if (classified.verdict === 'applied' && sent.kind === 'answered' && sent.data !== null)
    return { ok: true, data: sent.data }
  return { ok: false, ...describeFailure(classified, question) }
}

function describeFailure(classified: Classified, question: Question): { reason: AskFailure; message: string } {
  const { verdict, outcome, status, code, retryAfterMs } = classified
  const words = cleanForeign(classified.message ?? '')
  const said = words === '' ? '' : `; it says: ${words}`
  switch (verdict) {
    case 'unauthorized':
      return { reason: 'unauthorized', message: `the token is not accepted (401: wrong, expired or revoked)${said}` }
    case 'forbidden':
      return { reason: 'forbidden', message: `the token is accepted, but its role does not allow this (403)${said}` }
    case 'rate_limited': {
      const wait = retryAfterMs === null ? 'later' : `in ${Math.ceil(retryAfterMs / 1_000)} s`
      return { reason: 'rate_limited', message: `the token is over its rate limit (429); try again ${wait}` }
    }
  }
  if (code === 'deadline')
    return { reason: 'unreachable', message: `no complete answer came within ${question.deadlineMs} ms` }
  if (outcome === 'not_sent')
    return { reason: 'unreachable', message: lowerFirst(words) || 'the request could not be sent' }
  if (code === 'reset') return { reason: 'unreachable', message: lowerFirst(words) }
  if (code === 'oversize')
    return { reason: 'nonsense', message: `the answer is larger than ${question.responseBytesMax} bytes` }
  if (code === 'encoded' || code === 'invalid_answer') return { reason: 'nonsense', message: lowerFirst(words) }
  if (status !== null && status >= 500)
    return { reason: 'unreachable', message: `the API failed (HTTP ${status})${said}` }
  if (words !== '') return { reason: 'refused', message: words }
  return { reason: 'nonsense', message: `the answer is no GraphQL answer${status === null ? '' : ` (HTTP ${status})`}` }
}

/** Words that came from outside, fit for a terminal: one line, no control or direction characters, shortened. */
export function cleanForeign(text: string): string {
  const clean = text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, ' ').trim()
  return clean.length > FOREIGN_CHARS_MAX ? `${clean.slice(0, FOREIGN_CHARS_MAX - 1).toWellFormed()}…` : clean
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1)
}
