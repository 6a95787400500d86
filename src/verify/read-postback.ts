import { ENDPOINT, readEndpoint } from '../config/read-endpoint.ts'
import type { SimpleDefinition } from './scheme-definition.ts'
import { describeFound, type SchemeProblem } from './scheme-problem.ts'

/** PayPal's API for live payments; the one for tests is https://api-m.sandbox.paypal.com. */
const PAYPAL_API = 'https://api-m.paypal.com'

/** Reads `postback` of a `paypal` source: true, or the address of the API where it is not the live one. */
export function readPostback(
  postback: unknown,
): { ok: true; definition: SimpleDefinition } | { ok: false; problems: SchemeProblem[] } {
  const text = postback === true ? PAYPAL_API : postback
  const endpoint = typeof text === 'string' ? readEndpoint(text) : null
  if (endpoint !== null) return { ok: true, definition: { kind: 'paypal-postback', endpoint: endpoint.href } }
  const expected = `true, or the API to ask: ${ENDPOINT}`
  return { ok: false, problems: [{ pointer: '/postback', expected, found: describeFound(postback) }] }
}
