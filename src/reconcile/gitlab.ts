import { isObject, pickHeaders, textAt, toBody } from './read-json.ts'
import type { Attempt, SenderApi } from './sender-api.ts'
import { findBearerProblem } from './token-problem.ts'

const HOOK = /^(projects|groups)\/((?:[A-Za-z0-9_.-]+\/){0,20}[A-Za-z0-9_.-]+)\/hooks\/([0-9]{1,20})$/
/** Attempts on one page; each carries its payload. */
const PAGE_ATTEMPTS = 20
const HEADERS = ['x-gitlab-', 'idempotency-key', 'webhook-id', 'user-agent']

/**
 * GitLab lists the attempts of the last 7 days with their payloads and repeats none by itself. It does not say when they were,
 * puts "[REDACTED]" for e-mail addresses, and keeps none that was too large (`{"oversize": true}`). A resend has the same
 * idempotency key. Since GitLab 17.3; docs.gitlab.com/api/project_webhooks/, docs.gitlab.com/api/group_webhooks/,
 * app/models/hooks/web_hook_log.rb of GitLab (read November 2026).
 */
export const gitlab: SenderApi = {
  endpoint: 'https://gitlab.com/api/v4',
  hookExpected: '"projects/<id or path>/hooks/<id>" or "groups/<id or path>/hooks/<id>"',
  takesTypes: false,
  readHook(hook = '') {
    const match = HOOK.exec(hook)
    if (match === null || match[2]!.split('/').some(part => part === '.' || part === '..')) return null
    return `${match[1]}/${encodeURIComponent(match[2]!)}/hooks/${match[3]}`
  },
  findTokenProblem: findBearerProblem,
  headersFor: async ({ token }) => ({ 'private-token': token, accept: 'application/json' }),
  firstPage: ({ config }) => `/${config.hook}/events?per_page=${PAGE_ATTEMPTS}&page=1`,
  readPage({ json, headers }, path, { config }) {
    if (!Array.isArray(json)) return null
    const attempts = json.map(readAttempt)
    if (!attempts.every(attempt => attempt !== null)) return null
    const page = Number(/[?&]page=([0-9]+)$/.exec(path)![1])
    const isNext = headers.get('x-next-page') === String(page + 1)
    const next = `/${config.hook}/events?per_page=${PAGE_ATTEMPTS}&page=${page + 1}`
    return { attempts, next: isNext && attempts.length > 0 ? next : null }
  },
}

function readAttempt(item: unknown): Attempt | null {
  const id = textAt(item, 'id')
  if (!isObject(item) || id === null) return null
  const headers = pickHeaders(item.request_headers, HEADERS)
  const key = headerAt(headers, 'webhook-id') ?? headerAt(headers, 'idempotency-key')
  // the same id in two headers; older versions list only one of them
  if (key !== null && headerAt(headers, 'webhook-id') === null) headers.push('webhook-id', key)
  return {
    event: key ?? `event ${id}`,
    isDelivered: /^2[0-9]{2}$/.test(textAt(item, 'response_status') ?? ''),
    type: textAt(item.request_data, 'object_kind') ?? textAt(item, 'trigger'),
    at: null,
    headers,
    content: readContent(item.request_data, key),
  }
}

function readContent(payload: unknown, key: string | null): Attempt['content'] {
  if (!isObject(payload) || Object.keys(payload).length === 0)
    return { kind: 'gone', message: 'GitLab does not tell its payload' }
  if (payload.oversize === true) return { kind: 'gone', message: 'GitLab keeps no payload as large as this' }
  // without one nobody could tell whether it was delivered meanwhile (GitLab before 17.4)
  if (key === null) return { kind: 'gone', message: 'GitLab tells no idempotency key for it' }
  return { kind: 'body', body: toBody(payload) }
}

function headerAt(headers: readonly string[], name: string): string | null {
  for (let i = 0; i < headers.length; i += 2) if (headers[i] === name) return headers[i + 1]!
  return null
}
