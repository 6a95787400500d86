import { GraphQLClient } from 'graphql-request'
import { type Agent, install } from 'undici'
import { type Exchange, exchange, type FailureCause } from './exchange.ts'

// graphql-request makes `Headers`; without this Node loads an undici of its own for them, another 2 MB.
install()

/** One operation to send. `document` goes out byte for byte; values travel in `variables` only. */
export interface Outgoing {
  agent: Agent
  endpoint: URL
  token: string
  operation: string
  document: string
  variables: Record<string, unknown>
  /** Which trace it belongs to; left out or null = none. */
  traceparent?: string | null
  deadlineMs: number
  responseBytesMax: number
}

export interface GraphqlError {
  message: string
  code: string | null
}

/** What came of it, before anything is judged. Texts are redacted: the token is struck out wherever the answer repeats it. */
export type Sent =
  | { kind: 'not_sent'; cause: FailureCause | 'redirect' }
  | { kind: 'lost'; cause: FailureCause | 'invalid_answer'; status: number | null }
  | {
      kind: 'answered'
      status: number
      data: Record<string, unknown> | null
      errors: readonly GraphqlError[]
      retryAfter: string | null
      body: string
    }

/** Sends one GraphQL operation and says what came of it; never throws for what the network or the API does. */
export async function send(outgoing: Outgoing): Promise<Sent> {
  let result: Exchange = { kind: 'failed', started: false, status: null, cause: 'local' }
  const client = new GraphQLClient(outgoing.endpoint.href, {
    errorPolicy: 'all',
    excludeOperationName: true, // else the document is parsed again for every request; the name is added below
    headers: {
      authorization: `Bearer ${outgoing.token}`,
      'accept-encoding': 'identity',
      ...(outgoing.traceparent && { traceparent: outgoing.traceparent }),
    },
    jsonSerializer: {
      parse: JSON.parse,
      stringify: (body: unknown) => JSON.stringify({ ...(body as object), operationName: outgoing.operation }),
    },
    fetch: async (_url, init) => {
      result = await exchange({
        agent: outgoing.agent,
        url: outgoing.endpoint,
        headers: Object.fromEntries(init?.headers as Headers),
        body: init?.body as string,
        deadlineMs: outgoing.deadlineMs,
        responseBytesMax: outgoing.responseBytesMax,
      })
      if (result.kind === 'failed') throw new Error(result.cause)
      result = { ...result, body: redact(result.body, outgoing.token) }
      return asResponse(result)
    },
  })
  try {
    const answer = await client.rawRequest({ query: outgoing.document, variables: outgoing.variables })
    return readAnswer(result, answer)
  } catch {
    return readFailure(result)
  }
}

type Answer = { data?: unknown; errors?: unknown }

function readAnswer(result: Exchange, { data, errors }: Answer): Sent {
  if (result.kind === 'failed') return { kind: 'lost', cause: result.cause, status: result.status }
  if (result.status >= 300 && result.status < 400) return { kind: 'not_sent', cause: 'redirect' }
  const isObject = typeof data === 'object' && data !== null && !Array.isArray(data)
  const ok = result.status >= 200 && result.status < 300
  if (ok && !isObject && !(Array.isArray(errors) && errors.length > 0))
    return { kind: 'lost', cause: 'invalid_answer', status: result.status }
  return {
    kind: 'answered',
    status: result.status,
    data: isObject ? (data as Record<string, unknown>) : null,
    errors: readErrors(errors),
    retryAfter: result.headers.get('retry-after') ?? null,
    body: result.body,
  }
}

function readFailure(result: Exchange): Sent {
  if (result.kind === 'failed') {
    return result.started
      ? { kind: 'lost', cause: result.cause, status: result.status }
      : { kind: 'not_sent', cause: result.cause }
  }
  // graphql-request takes no answer without a JSON type, nor one with `"errors": null`; a write must not be in doubt for that
  return readAnswer(result, readBody(result.body))
}

/** The members of a body that is a JSON object; none otherwise. */
function readBody(body: string): Answer {
  try {
    const value: unknown = JSON.parse(body)
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : {}
  } catch {
    return {}
  }
}

function readErrors(errors: unknown): GraphqlError[] {
  if (!Array.isArray(errors)) return []
  return errors.map(error => ({
    message: typeof error?.message === 'string' ? error.message : 'no message',
    code: readCode(error?.extensions?.code),
  }))
}

/** Codes are texts; some servers give the HTTP status in their place. */
function readCode(code: unknown): string | null {
  return typeof code === 'string' ? code : typeof code === 'number' ? String(code) : null
}

/** The part of `Response` that graphql-request reads. */
function asResponse({ status, headers, body }: Extract<Exchange, { kind: 'response' }>): Response {
  return {
    ok: status >= 200 && status < 300,
    status,
    headers: { get: (name: string) => headers.get(name.toLowerCase()) ?? null },
    text: async () => body,
  } as unknown as Response
}

/**
 * Strikes a token out of a text that came from outside: some servers repeat the request in their errors. Found as it is
 * and as JSON or a URL would write it (`\/`, `\u003d`, `%3D`), because the text is read as JSON only afterwards.
 */
export function redact(text: string, token: string): string {
  let pattern = patterns.get(token)
  if (pattern === undefined) {
    // tokens come and go by rotation only
    if (patterns.size >= PATTERNS_MAX) patterns.clear()
    pattern = new RegExp(token.split('').map(spellings).join(''), 'gi')
    patterns.set(token, pattern)
  }
  return text.replace(pattern, '[redacted]')
}

/** Patterns that are kept: making one takes as long as searching 10 KB. */
const PATTERNS_MAX = 1_000
const patterns = new Map<string, RegExp>()

function spellings(character: string): string {
  if (/[A-Za-z0-9]/.test(character)) return character
  const hex = character.charCodeAt(0).toString(16).padStart(4, '0')
  return `(?:\\\\*(?:\\u${hex}|u${hex})|%${hex.slice(2)})`
}
