import fc from 'fast-check'
import t from 'tap'
import type { Delivery } from '../../src/verify/delivery.ts'
import { compileSource } from '../fixtures/compile-source.ts'
import { makeDelivery } from '../fixtures/make-delivery.ts'

const NOW = 1_767_225_600_000
const RUNS = 60

/** A scheme under attack: how it is configured, and a secret that fits it. */
interface Target {
  name: string
  source: Readonly<Record<string, unknown>>
  /** The header that holds the proof. */
  header: string
  secretOf: (bytes: Uint8Array) => string
}

const base64 = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64')
const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex')
const hmac = { scheme: 'hmac', header: 'x-sig' }

const TARGETS: readonly Target[] = [
  { name: 'github', source: { scheme: 'github' }, header: 'x-hub-signature-256', secretOf: hex },
  { name: 'stripe', source: { scheme: 'stripe' }, header: 'stripe-signature', secretOf: hex },
  {
    name: 'standard-webhooks',
    source: { scheme: 'standard-webhooks' },
    header: 'webhook-signature',
    secretOf: b => `whsec_${base64(b)}`,
  },
  {
    name: 'hmac sha1 base64',
    source: { ...hmac, algorithm: 'sha1', encoding: 'base64' },
    header: 'x-sig',
    secretOf: hex,
  },
  {
    name: 'hmac sha384 base64',
    source: { ...hmac, algorithm: 'sha384', encoding: 'base64', secretEncoding: 'hex' },
    header: 'x-sig',
    secretOf: hex,
  },
  {
    name: 'hmac sha512 base64',
    source: { ...hmac, algorithm: 'sha512', encoding: 'base64', secretEncoding: 'base64' },
    header: 'x-sig',
    secretOf: base64,
  },
  {
    name: 'hmac sha512 base64url',
    source: { ...hmac, algorithm: 'sha512', encoding: 'base64url' },
    header: 'x-sig',
    secretOf: hex,
  },
  {
    name: 'hmac with a timestamp, an id and a method',
    source: {
      ...hmac,
      prefix: 'v0=',
      signed: 'v0:${timestamp}:${id}:${method}:${body}',
      timestampHeader: 'x-at',
      timestampUnit: 'ms',
      idHeader: 'x-id',
    },
    header: 'x-sig',
    secretOf: hex,
  },
  {
    name: 'hmac positional',
    source: { ...hmac, parse: 'positional', timestampUnit: 'ms', signed: '${timestamp}.${body}' },
    header: 'x-sig',
    secretOf: hex,
  },
  {
    name: 'hmac pairs, body before ISO time',
    source: {
      ...hmac,
      parse: 'pairs',
      prefix: 'sha256=',
      separator: ', ',
      timestampField: 't',
      timestampUnit: 'iso',
      signed: '${body}${timestamp}',
    },
    header: 'x-sig',
    secretOf: hex,
  },
  { name: 'bearer', source: { scheme: 'bearer' }, header: 'authorization', secretOf: hex },
  { name: 'header', source: { scheme: 'header', header: 'x-token' }, header: 'x-token', secretOf: hex },
  { name: 'basic', source: { scheme: 'basic' }, header: 'authorization', secretOf: b => `user:${hex(b)}` },
]

const secretBytes = fc.uint8Array({ minLength: 24, maxLength: 64 })
const bodyBytes = fc.uint8Array({ minLength: 1, maxLength: 300 })
// One printable character: what a header value can hold.
const character = fc.integer({ min: 0x21, max: 0x7e }).map(code => String.fromCharCode(code))

/** Every way in which a header value can be changed that must not go unnoticed; null where it would change nothing. */
const MUTATIONS: Readonly<
  Record<string, (value: string, at: number, char: string) => string | readonly string[] | null>
> = {
  'one byte changed': (value, at, char) =>
    value[at] === char ? null : value.slice(0, at) + char + value.slice(at + 1),
  'one byte removed': (value, at) => value.slice(0, at) + value.slice(at + 1),
  'one byte added': (value, at, char) => value.slice(0, at) + char + value.slice(at),
  truncated: (value, at) => value.slice(0, at),
  'extended by a character': (value, _, char) => value + char,
  'extended by a comma and a copy': value => `${value},${value}`,
  repeated: value => [value, value],
  'repeated after junk': (value, _, char) => [char, value],
  'in the other case': value => {
    const other = value === value.toLowerCase() ? value.toUpperCase() : value.toLowerCase()
    return other === value ? null : other
  },
  'with a prefix': (value, _, char) => char + value,
  'without its prefix': value => (/^[a-z0-9]+[=,]/i.test(value) ? value.replace(/^[a-z0-9]+[=,]/i, '') : null),
}

for (const { name, source, header, secretOf } of TARGETS) {
  const scheme = compileSource(source)

  t.test(
    `${name}: what was signed verifies, and no changed signature or body does (T003, T004, T006, T009, T015)`,
    async t => {
      const counts = { genuine: 0, forged: 0 }
      fc.assert(
        fc.property(secretBytes, bodyBytes, fc.nat(), character, (bytes, body, position, char) => {
          const secret = secretOf(bytes)
          const signed = scheme.sign({ body: Buffer.from(body) }, secret, NOW)
          const judge = (delivery: Delivery) => scheme.verify(delivery, [{ value: secret, expiresAt: null }], NOW).ok
          if (!judge(makeDelivery(signed, Buffer.from(body)))) return false
          counts.genuine++
          const value = signed[header]!
          const at = position % value.length
          for (const [mutation, mutate] of Object.entries(MUTATIONS)) {
            const forged = mutate(value, at, char)
            if (forged === null || isHarmless(name, value, forged)) continue
            counts.forged++
            if (judge(makeDelivery({ ...signed, [header]: forged }, Buffer.from(body))))
              throw new Error(`accepted: ${mutation}`)
          }
          if (!scheme.bindsBody) return true
          for (const other of changeBody(body, position)) {
            counts.forged++
            if (judge(makeDelivery(signed, other))) throw new Error('accepted: another body')
          }
          return true
        }),
        { numRuns: RUNS },
      )
      t.equal(counts.genuine, RUNS)
      t.ok(counts.forged >= RUNS * 8, `${counts.forged} forgeries refused`)
    },
  )

  t.test(`${name}: no header value at all makes it throw, nor verify`, async t => {
    let judged = 0
    const values = fc.oneof(
      fc.string({ maxLength: 120 }),
      fc.string({ unit: 'binary-ascii', maxLength: 120 }),
      signatureLike(),
    )
    fc.assert(
      fc.property(values, values, bodyBytes, (first, second, body) => {
        const headers = {
          'x-at': second,
          'x-id': second,
          'webhook-id': second,
          'webhook-timestamp': '1767225600',
          [header]: first,
        }
        const delivery = makeDelivery(headers, Buffer.from(body))
        judged++
        return !scheme.verify(delivery, [{ value: secretOf(Buffer.alloc(32, 7)), expiresAt: null }], NOW).ok
      }),
      { numRuns: RUNS },
    )
    t.equal(judged, RUNS)
  })
}

t.test('a signed timestamp, id or method that is changed is refused', async t => {
  const scheme = compileSource(TARGETS.find(({ name }) => name.includes('an id'))!.source)
  const secrets = [{ value: 'a secret of sixteen bytes', expiresAt: null }]
  const body = Buffer.from('{}')
  const signed = scheme.sign({ body, id: 'msg_1' }, secrets[0]!.value, NOW)
  t.match(scheme.verify(makeDelivery(signed, body), secrets, NOW), { ok: true, signedAt: NOW })
  for (const change of [{ 'x-at': String(NOW + 1) }, { 'x-id': 'msg_2' }]) {
    t.match(scheme.verify(makeDelivery({ ...signed, ...change }, body), secrets, NOW), { reason: 'signature_mismatch' })
  }
  for (const twice of ['x-at', 'x-id']) {
    const headers = { ...signed, [twice]: [signed[twice]!, signed[twice]!] }
    t.match(scheme.verify(makeDelivery(headers, body), secrets, NOW), { reason: 'signature_ambiguous' })
  }
  t.match(scheme.verify(makeDelivery(signed, body, 'PUT'), secrets, NOW), { reason: 'signature_mismatch' })
})

function changeBody(body: Uint8Array, position: number): Buffer[] {
  const at = position % body.length
  const flipped = Buffer.from(body)
  flipped[at] = flipped[at]! ^ (1 << (position % 8))
  return [flipped, Buffer.from(body).subarray(0, at), Buffer.concat([body, Buffer.from([position & 0xff])])]
}

/** Changes that leave the proof what it was: another spelling of the word Bearer or Basic. */
function isHarmless(name: string, before: string, after: string | readonly string[]): boolean {
  if (name !== 'bearer' && name !== 'basic') return false
  if (typeof after !== 'string') return false
  const space = before.indexOf(' ')
  return (
    after.slice(space) === before.slice(space) &&
    after.slice(0, space).toLowerCase() === before.slice(0, space).toLowerCase()
  )
}

function signatureLike(): fc.Arbitrary<string> {
  const part = fc.constantFrom(
    'v1,',
    'v1=',
    't=',
    'sha256=',
    ',',
    ' ',
    '=',
    '1767225600',
    'a'.repeat(64),
    `${'A'.repeat(43)}=`,
    'Bearer ',
    'Basic ',
    '\u00ff',
  )
  return fc.array(part, { maxLength: 30 }).map(parts => parts.join(''))
}
