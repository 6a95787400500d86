import { isObject, textAt, toBody } from './read-json.ts'
import type { Asked, Attempt, SenderApi } from './sender-api.ts'
import { findBearerProblem } from './token-problem.ts'

/** Events on one page: the most Stripe gives. */
const PAGE_EVENTS = 100
const EVENT_ID = /^evt_[A-Za-z0-9_]{1,255}$/

/**
 * Stripe lists the events of the last 30 days that could not be delivered to at least one endpoint of the account, or are
 * not yet; for 3 days it goes on trying. The list is not for one endpoint: `types` narrows it to what this one is sent.
 * docs.stripe.com/api/events/list, docs.stripe.com/webhooks/process-undelivered-events (read November 2026).
 */
export const stripe: SenderApi = {
  endpoint: 'https://api.stripe.com',
  hookExpected: 'no hook: Stripe tells of the events of the whole account',
  takesTypes: true,
  readHook: hook => (hook === undefined ? '' : null),
  findTokenProblem: findBearerProblem,
  headersFor: async ({ token }) => ({ authorization: `Bearer ${token}`, accept: 'application/json' }),
  firstPage: asked => `/v1/events?${queryOf(asked)}`,
  readPage({ json }, _path, asked) {
    if (!isObject(json) || !Array.isArray(json.data) || typeof json.has_more !== 'boolean') return null
    const attempts = json.data.map(readEvent)
    if (!attempts.every(attempt => attempt !== null)) return null
    const last = attempts.at(-1)
    const isMore = json.has_more && last !== undefined
    return { attempts, next: isMore ? `/v1/events?${queryOf(asked)}&starting_after=${last.event}` : null }
  },
}

function queryOf({ config, sinceAt }: Asked): string {
  const query = new URLSearchParams({ delivery_success: 'false', limit: String(PAGE_EVENTS) })
  query.set('created[gte]', String(Math.floor(sinceAt / 1_000)))
  for (const type of config.types ?? []) query.append('types[]', type)
  return query.toString()
}

function readEvent(item: unknown): Attempt | null {
  const [id, type, created] = [textAt(item, 'id'), textAt(item, 'type'), Number(textAt(item, 'created') ?? Number.NaN)]
  if (id === null || !EVENT_ID.test(id) || type === null || !Number.isSafeInteger(created)) return null
  return {
    event: id,
    isDelivered: false,
    type,
    at: created * 1_000,
    headers: [],
    content: { kind: 'body', body: toBody(item) },
  }
}
