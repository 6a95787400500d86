import t from 'tap'
import type { Delivery } from '../../src/verify/delivery.ts'
import { pickOwn } from '../../src/verify/pick-own.ts'
import type { SyncScheme } from '../../src/verify/scheme.ts'
import { compileSource } from '../fixtures/compile-source.ts'
import { makeDelivery } from '../fixtures/make-delivery.ts'
import { mutateBody, mutateText, mutateWhole, respell } from '../fixtures/mutate.ts'
import { isSyncVector, SIGNATURE_VECTORS, type SignatureVector } from '../fixtures/signature-vectors.ts'

/** Schemes that vouch for some fields of the body: what is accepted must still hold the same ones. */
const SIGNED_FIELDS: Readonly<Record<string, readonly string[]>> = {
  mailgun: ['signature.timestamp', 'signature.token'],
  prismic: ['secret'],
  'aws-sns': ['Type', 'MessageId', 'TopicArn', 'Subject', 'Message', 'Timestamp'],
  'adyen-payments': [
    'pspReference',
    'originalReference',
    'merchantAccountCode',
    'merchantReference',
    'amount.value',
    'amount.currency',
    'eventCode',
    'success',
  ].map(field => `notificationItems.0.NotificationRequestItem.${field}`),
}
/** Not every byte of the body is vouched for, but any single change is noticed. */
const NOTICED = new Set(['twilio', 'paypal'])
const total = { refused: 0 }

const VECTORS = SIGNATURE_VECTORS.filter(isSyncVector)

for (const vector of VECTORS) {
  t.test(`nothing that differs from the vector ${vector.name} by a character is accepted`, async t => {
    const scheme = compileSource(vector.source)
    const secrets = [{ value: vector.secret, expiresAt: null }]
    const now = vector.verifyAt ?? 1_767_225_600_000
    const judge = (delivery: Delivery) => scheme.verify(delivery, secrets, now).ok
    const send = (headers: Record<string, string | readonly string[]>, body = vector.body, query = vector.query) =>
      judge({ ...makeDelivery(headers, body), query })
    const accepted: string[] = []
    let refused = 0
    const expectRefused = (what: string, isAccepted: boolean) => {
      if (isAccepted) accepted.push(what)
      else refused++
    }
    t.ok(send(vector.headers), 'the vector itself is accepted')

    for (const [name, value] of Object.entries(vector.headers)) {
      const withValue = (text: string | readonly string[]) => send({ ...vector.headers, [name]: text })
      const { [name]: _, ...rest } = vector.headers
      if (send(rest)) continue
      refused++
      for (const changed of mutateHeader(value, withValue)) {
        if (isSameCredential(scheme, value, changed)) continue
        expectRefused(`${name}: ${changed}`, withValue(changed))
      }
      for (const repeated of [
        [value, value],
        [value, ''],
        ['', value],
        ['x', value],
        [value, 'x'],
      ]) {
        expectRefused(`${name}: ${repeated}`, withValue(repeated))
      }
    }
    for (const query of mutateQuery(vector)) expectRefused(query, send(vector.headers, vector.body, query))

    const fields = SIGNED_FIELDS[vector.source.scheme]
    if (scheme.bindsBody || fields !== undefined || NOTICED.has(vector.source.scheme)) {
      for (const body of mutateBody(vector.body)) {
        const isAccepted = send(vector.headers, body)
        if (isAccepted && fields !== undefined && sameFields(fields, vector.body, body)) continue
        expectRefused(body.toString('latin1'), isAccepted)
      }
    }
    t.strictSame(accepted.slice(0, 5), [], 'none is accepted')
    t.ok(refused > 50, `${refused} refused`)
    total.refused += refused
  })
}

t.test('a method or URL other than the signed one is refused', async t => {
  const now = 1_767_225_600_000
  for (const vector of VECTORS) {
    const { url } = vector.source
    const secrets = [{ value: vector.secret, expiresAt: null }]
    const genuine = { ...makeDelivery(vector.headers, vector.body), query: vector.query }
    for (const other of typeof url === 'string' ? mutateText(url, [[url.indexOf('//') + 2, url.length]]) : []) {
      if (!URL.canParse(other) || new URL(other).href === new URL(url as string).href) continue
      const scheme = compileOrNull({ ...vector.source, url: other })
      // Contentful signs the path alone, HubSpot decodes some escapes first.
      if (scheme === null || isSameSignedUrl(vector.source, url as string, other)) continue
      total.refused++
      if (scheme.verify(genuine, secrets, vector.verifyAt ?? now).ok) t.fail(`${vector.name}: ${other}`)
    }
    if (!['hubspot-v2', 'hubspot-v3', 'contentful'].includes(vector.source.scheme)) continue
    const scheme = compileSource(vector.source)
    for (const method of ['PUT', 'GET', 'post', '', 'POST '])
      t.notOk(scheme.verify({ ...genuine, method }, secrets, vector.verifyAt ?? now).ok, `${vector.name}: ${method}`)
  }
})

t.test('more than 100,000 changed deliveries were tried, and none was accepted', async t => {
  t.ok(total.refused >= 100_000, `${total.refused} refused`)
})

/** Changes inside of the elements without which the header does not prove anything; senders may add others beside them. */
function* mutateHeader(value: string, isAccepted: (text: string) => boolean): Generator<string> {
  const ranges = elementsOf(value).filter(range => !withoutElement(value, range).some(isAccepted))
  yield* mutateText(value, ranges)
  const [from, to] = ranges.at(-1)!
  if (to === value.length)
    for (const changed of mutateText(`${value} `, [[to, to + 1]])) if (changed.trimEnd() !== value) yield changed
  if (from === 0 && to === value.length) {
    for (const changed of mutateWhole(value)) if (changed !== value) yield changed
    for (const separator of [',', ', ', ' ', ';']) yield `${value}${separator}${value}`
  }
  for (const [start, end] of ranges) {
    const equals = value.slice(start, end).search(/[=,](?=[^=])/)
    const digestAt = equals === -1 ? start : start + equals + 1
    const digest = value.slice(digestAt, end)
    for (const text of respell(digest)) if (text !== digest) yield value.slice(0, digestAt) + text + value.slice(end)
  }
}

/** The value without one of its elements, and without the separator before or after it. */
function withoutElement(value: string, [from, to]: readonly [number, number]): string[] {
  const [before, after] = [value.slice(0, from), value.slice(to)]
  return [before + after, before.replace(/[,; ]+$/, '') + after, before + after.replace(/^[,; ]+/, '')]
}

function elementsOf(value: string): (readonly [number, number])[] {
  const elements: (readonly [number, number])[] = []
  // Standard Webhooks parts a version from its digest by a comma, and signatures by spaces.
  const pattern = /^v1a?,/.test(value) ? /[^ ]+/g : /^(Bearer|Basic) /.test(value) ? /^.*$/g : /[^,; ]+/g
  for (const match of value.matchAll(pattern)) elements.push([match.index, match.index + match[0].length])
  return elements
}

/** RFC 9110 takes the word Bearer or Basic in any case. */
function isSameCredential({ kind }: SyncScheme, before: string, after: string): boolean {
  if (kind !== 'bearer' && kind !== 'basic') return false
  const space = before.indexOf(' ')
  return (
    after.slice(space) === before.slice(space) &&
    after.slice(0, space).toLowerCase() === before.slice(0, space).toLowerCase()
  )
}

function* mutateQuery({ query }: SignatureVector): Generator<string> {
  if (query === '') return
  for (const changed of mutateText(query, [[0, query.length]])) {
    // A parameter beside it, or an escaped spelling of it, is no other token.
    if (!isSameToken(query, changed)) yield changed
  }
  yield `${query}&${query}`
  yield `${query}&${query.split('=')[0]}=`
  yield ''
}

function isSameToken(before: string, after: string): boolean {
  const [name, value] = before.split('=')
  const values = new URLSearchParams(after).getAll(name!)
  return values.length === 1 && values[0] === value
}

function sameFields(fields: readonly string[], before: Buffer, after: Buffer): boolean {
  const [left, right] = [before, after].map(body => JSON.parse(body.toString()))
  return fields.every(field => textOf(left, field) === textOf(right, field))
}

/** Adyen signs a field that is absent as an empty one. */
function textOf(json: unknown, field: string): string {
  return String(pickOwn(json, field.split('.')) ?? '')
}

function compileOrNull(source: Readonly<Record<string, unknown>>): SyncScheme | null {
  try {
    return compileSource(source)
  } catch {
    return null
  }
}

function isSameSignedUrl({ scheme, components }: SignatureVector['source'], before: string, after: string): boolean {
  const [left, right] = [new URL(before), new URL(after)]
  // the query is that of the request, and the path counts only where it is signed
  if (scheme === 'http-message-signature')
    return left.host === right.host && (left.pathname === right.pathname || !String(components).includes('@path'))
  if (scheme === 'contentful') return left.pathname + left.search === right.pathname + right.search
  return (
    scheme === 'hubspot-v3' &&
    left.href.replace(/%[0-9A-F]{2}/gi, unescape) === right.href.replace(/%[0-9A-F]{2}/gi, unescape)
  )
}
