import { formatRetryAfter, type RateLimitSettings } from './rate-limit.ts'

/** An answer decided but not sent; `plan` functions are pure so that sending is one place. */
export interface ReplyPlan {
  status: number
  headers: Record<string, string>
  body: string
  /** What the ledger notes. */
  errorCode: string | null
}

export interface GraphqlResult {
  data?: unknown
  errors?: ReadonlyArray<{ message: string; extensions?: Record<string, unknown> }>
}

const JSON_TYPE = 'application/json; charset=utf-8'
const DENIALS = {
  UNAUTHENTICATED: { status: 401, error: 'Unauthorized', message: 'The token is missing, wrong or revoked.' },
  FORBIDDEN: { status: 403, error: 'Forbidden', message: 'The role of this token lacks the permission.' },
  TOO_MANY_REQUESTS: { status: 429, error: 'Too Many Requests', message: 'Rate limit exceeded.' },
} as const

export type DenialCode = keyof typeof DENIALS

/** A GraphQL answer. The status is 200 with errors too, validation errors included, as common servers do. */
export function planResult(result: GraphqlResult): ReplyPlan {
  const code = result.errors?.[0]?.extensions?.code
  const errorCode = typeof code === 'string' ? code : result.errors === undefined ? null : 'GRAPHQL_ERROR'
  return { status: 200, headers: { 'content-type': JSON_TYPE }, body: JSON.stringify(result), errorCode }
}

export function planJson(status: number, value: unknown, errorCode: string | null = null): ReplyPlan {
  return { status, headers: { 'content-type': JSON_TYPE }, body: JSON.stringify(value), errorCode }
}

/** 401, 403 or 429 as an HTTP status, or as HTTP 200 with the code in `errors[].extensions`; Pixelesq does not say which. */
export function planDenial(
  code: DenialCode,
  errorsAs: 'http' | 'graphql',
  retryAfter: string | null = null,
): ReplyPlan {
  const { status, error, message } = DENIALS[code]
  const plan =
    errorsAs === 'http'
      ? planJson(status, { statusCode: status, message, error }, code)
      : planJson(200, { data: null, errors: [{ message, extensions: { code } }] }, code)
  if (retryAfter !== null) plan.headers['retry-after'] = retryAfter
  return plan
}

export function planRateLimited(
  errorsAs: 'http' | 'graphql',
  form: RateLimitSettings['retryAfter'],
  waitMs: number,
  now: number,
): ReplyPlan {
  return planDenial('TOO_MANY_REQUESTS', errorsAs, formatRetryAfter(form, waitMs, now))
}
