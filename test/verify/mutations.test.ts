import t from 'tap'
import type { Delivery } from '../../src/verify/delivery.ts'
import { pickOwn } from '../../src/verify/pick-own.ts'
import type { Scheme } from '../../src/verify/scheme.ts'
import { compileAnySource } from '../fixtures/compile-source.ts'
import { makeDelivery } from '../fixtures/make-delivery.ts'
import { mutateBody, mutateText, mutateWhole, respell } from '../fixtures/mutate.ts'
import { SIGNATURE_VECTORS, type SignatureVector } from '../fixtures/signature-vectors.ts'

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
const SEPARATORS = [',', ', ', ' ', ';', '; ', '&']
/** Changed deliveries that were refused, by what was changed. */
const refused = { header: 0, query: 0, body: 0, address: 0 }

for (const vector of SIGNATURE_VECTORS) {
  t.test(`nothing that differs from the vector ${vector.name} by a character is accepted`, async t => {
    const scheme = compileAnySource(vector.source)
    const secrets = [{ value: vector.secret, expiresAt: null }]
    const now = vector.verifyAt ?? 1_767_225_600_000
    const judge = async (delivery: Delivery) => (await scheme.verify(delivery, secrets, now)).ok
    const send = (headers: Record<string, string | readonly string[]>, body = vector.body, query = vector.query) =>
      judge({ ...makeDelivery(headers, body), query })
    const accepted: string[] = []
    const before = { ...refused }
    const expectRefused = (part: keyof typeof refused, what: string, isAccepted: boolean) => {
      if (isAccepted) accepted.push(what)
      else refused[part]++
    }
    t.ok(await send(vector.headers), 'the vector itself is accepted')

    for (const [name, value] of Object.entries(vector.headers)) {
      const withValue = (text: string | readonly string[]) => send({ ...vector.headers, [name]: text })
      const { [name]: _, ...rest } = vector.headers
      if (await send(rest)) continue
      refused.header++
      for (const batch of batchesOf(mutateHeader(value, await findVital(value, withValue)))) {
        const others = batch.filter(changed => !isSameCredential(scheme, value, changed))
        const judged = await Promise.all(others.map(withValue))
        for (const [i, changed] of others.entries()) expectRefused('header', `${name}: ${changed}`, judged[i]!)
      }
      for (const repeated of [
        [value, value],
        [value, ''],
        ['', value],
        ['x', value],
        [value, 'x'],
      ]) {
        expectRefused('header', `${name}: ${repeated}`, await withValue(repeated))
      }
    }
    for (const query of mutateQuery(vector))
      expectRefused('query', query, await send(vector.headers, vector.body, query))

    const fields = SIGNED_FIELDS[vector.source.scheme]
    if (scheme.bindsBody || fields !== undefined || NOTICED.has(vector.source.scheme)) {
      for (const body of mutateBody(vector.body)) {
        const isAccepted = await send(vector.headers, body)
        if (isAccepted && fields !== undefined && sameFields(fields, vector.body, body)) continue
        expectRefused('body', body.toString('latin1'), isAccepted)
      }
    }
    t.strictSame(accepted.slice(0, 5), [], 'none is accepted')
    const count = sumOf(refused) - sumOf(before)
    t.ok(count > 50, `${count} refused`)
  })
}

t.test('a method or URL other than the signed one is refused', async t => {
  const now = 1_767_225_600_000
  for (const vector of SIGNATURE_VECTORS) {
    const { url } = vector.source
    const secrets = [{ value: vector.secret, expiresAt: null }]
    const genuine = { ...makeDelivery(vector.headers, vector.body), query: vector.query }
    for (const other of typeof url === 'string' ? mutateText(url, [[url.indexOf('//') + 2, url.length]]) : []) {
      if (!URL.canParse(other) || new URL(other).href === new URL(url as string).href) continue
      const scheme = compileOrNull({ ...vector.source, url: other })
      // Contentful signs the path alone, HubSpot decodes some escapes first.
      if (scheme === null || isSameSignedUrl(vector.source, url as string, other)) continue
      refused.address++
      if ((await scheme.verify(genuine, secrets, vector.verifyAt ?? now)).ok) t.fail(`${vector.name}: ${other}`)
    }
    if (!['hubspot-v2', 'hubspot-v3', 'contentful'].includes(vector.source.scheme)) continue
    const scheme = compileAnySource(vector.source)
    for (const method of ['PUT', 'GET', 'post', '', 'POST ']) {
      refused.address++
      const { ok } = await scheme.verify({ ...genuine, method }, secrets, vector.verifyAt ?? now)
      t.notOk(ok, `${vector.name}: ${method}`)
    }
  }
})

t.test('more than 700,000 changed deliveries were tried, and none was accepted', async t => {
  t.comment(JSON.stringify(refused))
  t.ok(sumOf(refused) > 700_000, `${sumOf(refused)} refused`)
  for (const [part, count] of Object.entries(refused)) t.ok(count > 5_000, `${count} by the ${part}`)
})

function sumOf(counts: Readonly<Record<string, number>>): number {
  return Object.values(counts).reduce((sum, count) => sum + count, 0)
}

/** Tokens are verified on other threads: many at a time, or the test would wait for each. */
function* batchesOf(texts: Iterable<string>): Generator<string[]> {
  let batch: string[] = []
  for (const text of texts) {
    if (batch.push(text) < 256) continue
    yield batch
    batch = []
  }
  yield batch
}

type Range = readonly [number, number]

/** The elements without which the header does not prove anything; senders may add others beside them. */
async function findVital(value: string, isAccepted: (text: string) => Promise<boolean>): Promise<Range[]> {
  const vital: Range[] = []
  for (const range of elementsOf(value)) {
    const without = await Promise.all(withoutElement(value, range).map(isAccepted))
    if (!without.includes(true)) vital.push(range)
  }
  return vital
}

/** Changes inside of the given elements, and lists that hold one of them, or all, twice. */
function* mutateHeader(value: string, ranges: readonly Range[]): Generator<string> {
  yield* mutateText(value, ranges)
  const [from, to] = ranges.at(-1)!
  if (to === value.length) {
    for (const changed of mutateText(`${value} `, [[to, to + 1]])) if (changed.trimEnd() !== value) yield changed
    for (const separator of SEPARATORS) yield `${value}${separator}${value}`
  }
  if (from === 0 && to === value.length) for (const changed of mutateWhole(value)) if (changed !== value) yield changed
  for (const [start, end] of ranges) {
    const element = value.slice(start, end)
    for (const separator of SEPARATORS) yield value.slice(0, end) + separator + value.slice(start)
    for (const changed of mutateWhole(element))
      if (changed !== element) yield value.slice(0, start) + changed + value.slice(end)
    const equals = element.search(/[=,](?=[^=])/)
    const digestAt = equals === -1 ? start : start + equals + 1
    const digest = value.slice(digestAt, end)
    for (const text of respell(digest)) if (text !== digest) yield value.slice(0, digestAt) + text + value.slice(end)
  }
}

/** The value without one of its elements, and without the separator before or after it. */
function withoutElement(value: string, [from, to]: Range): string[] {
  const [before, after] = [value.slice(0, from), value.slice(to)]
  return [before + after, before.replace(/[,; ]+$/, '') + after, before + after.replace(/^[,; ]+/, '')]
}

function elementsOf(value: string): Range[] {
  const elements: Range[] = []
  // Standard Webhooks parts a version from its digest by a comma, and signatures by spaces.
  const pattern = /^v1a?,/.test(value) ? /[^ ]+/g : /^(Bearer|Basic) /.test(value) ? /^.*$/g : /[^,; ]+/g
  for (const match of value.matchAll(pattern)) elements.push([match.index, match.index + match[0].length])
  return elements
}

/** RFC 9110 takes the word Bearer or Basic in any case. */
function isSameCredential({ kind }: Scheme, before: string, after: string): boolean {
  if (kind !== 'bearer' && kind !== 'basic' && kind !== 'jwt') return false
  const space = before.indexOf(' ')
  if (space === -1) return false
  return (
    after.slice(space) === before.slice(space) &&
    after.slice(0, space).toLowerCase() === before.slice(0, space).toLowerCase()
  )
}

function* mutateQuery({ query, source }: SignatureVector): Generator<string> {
  if (query === '') return
  for (const changed of mutateText(query, [[0, query.length]])) {
    // A parameter beside it, or an escaped spelling of it, is no other token.
    if (source.scheme === 'atlassian-connect' ? !isSameQuery(query, changed) : !isSameToken(query, changed))
      yield changed
  }
  yield `${query}&${query}`
  yield `${query}&${query.split('=')[0]}=`
  yield ''
}

/** Atlassian signs what parameters there are, not how they are spelled. */
function isSameQuery(before: string, after: string): boolean {
  const [left, right] = [before, after].map(query => JSON.stringify([...new URLSearchParams(query)].sort()))
  return left === right
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

function compileOrNull(source: Readonly<Record<string, unknown>>): Scheme | null {
  try {
    return compileAnySource(source)
  } catch {
    return null
  }
}

function isSameSignedUrl({ scheme, components }: SignatureVector['source'], before: string, after: string): boolean {
  const [left, right] = [new URL(before), new URL(after)]
  // the query is that of the request, and the path counts only where it is signed
  if (scheme === 'http-message-signature')
    return left.host === right.host && (left.pathname === right.pathname || !String(components).includes('@path'))
  // the host is none of it, nor a slash at the end
  if (scheme === 'atlassian-connect') return left.pathname.replace(/\/$/, '') === right.pathname.replace(/\/$/, '')
  if (scheme === 'contentful') return left.pathname + left.search === right.pathname + right.search
  return (
    scheme === 'hubspot-v3' &&
    left.href.replace(/%[0-9A-F]{2}/gi, unescape) === right.href.replace(/%[0-9A-F]{2}/gi, unescape)
  )
}
