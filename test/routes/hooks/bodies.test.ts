import { sign } from '@octokit/webhooks-methods'
import t from 'tap'
import { unpackBody } from '../../../src/store/body-codec.ts'
import type { EventDetail } from '../../../src/store/reports.ts'
import { SECRETS, startTestBridge } from '../../fixtures/start-test-bridge.ts'

/** threats.md C: authentic bodies of every kind are taken, kept byte for byte, and judged later. */

const bridge = await startTestBridge(t, {
  mappings: {
    uses: {
      source: 'github',
      on: ['uses'],
      integration: 'ci',
      steps: [
        { id: 'a', operation: 'entries', variables: { collectionId: 'col_products', limit: '${payload.limit}' } },
      ],
    },
    all: {
      source: 'github',
      on: ['any'],
      when: 'has(payload.x)',
      integration: 'ci',
      steps: [{ id: 'a', operation: 'entries', variables: { collectionId: 'col_products' } }],
    },
  },
})
let last = 0

async function deliver(body: Buffer, headers: Record<string, string> = {}): Promise<EventDetail> {
  const answer = await bridge.app.inject({
    method: 'POST',
    url: '/hooks/github',
    headers: {
      'content-type': 'application/json',
      'x-github-event': 'any',
      'x-github-delivery': `body-${++last}`,
      'x-hub-signature-256': `sha256=${(await hmac(body)).slice('sha256='.length)}`,
      ...headers,
    },
    payload: body,
  })
  if (answer.statusCode !== 200) throw new Error(`${answer.statusCode} ${answer.body}`)
  return bridge.settled(JSON.parse(answer.body).eventId)
}

async function hmac(body: Buffer): Promise<string> {
  const key = await crypto.subtle.importKey(
    'raw',
    Buffer.from(SECRETS.GITHUB_WEBHOOK_SECRET),
    { name: 'HMAC', hash: 'SHA-256' },
    false,
    ['sign'],
  )
  return `sha256=${Buffer.from(await crypto.subtle.sign('HMAC', key, new Uint8Array(body))).toString('hex')}`
}

t.test('our signatures are those of octokit', async t => {
  t.equal(await hmac(Buffer.from('{"a":"ä"}')), await sign(SECRETS.GITHUB_WEBHOOK_SECRET, '{"a":"ä"}'))
})

const nested = (depth: number, open: string, close: string, inner = ''): Buffer =>
  Buffer.from(open.repeat(depth) + inner + close.repeat(depth))

t.test('T049 T051 T055 T056 T059 what cannot be read is taken, and quarantined with the reason', async t => {
  const cases: readonly [string, Buffer, string][] = [
    ['T049 not JSON', Buffer.from('{"a":'), 'malformed_json'],
    ['T049 text', Buffer.from('hello'), 'malformed_json'],
    ['T049 JSON and more', Buffer.from('{} {}'), 'malformed_json'],
    ['T049 a comment', Buffer.from('{/**/}'), 'malformed_json'],
    ['T049 NaN', Buffer.from('{"a":NaN}'), 'malformed_json'],
    ['T051 empty', Buffer.alloc(0), 'empty_body'],
    ['T051 white space', Buffer.from('  \n'), 'malformed_json'],
    ['T055 0xff', Buffer.from('7b2261223a22ff227d', 'hex'), 'invalid_utf8'],
    ['T055 overlong', Buffer.from('7b2261223a22c0af227d', 'hex'), 'invalid_utf8'],
    ['T055 CESU-8', Buffer.from('7b2261223a22eda080edb080227d', 'hex'), 'invalid_utf8'],
    ['T055 UTF-16', Buffer.from('\ufeff{"a":1}', 'utf16le'), 'invalid_utf8'],
    ['T056 half of a pair', Buffer.from('{"x":"\\ud800"}'), 'invalid_text'],
    ['T059 65 levels of lists', nested(65, '[', ']'), 'too_deep'],
    ['T059 1,000 levels of objects', nested(1_000, '{"a":', '}', '1'), 'too_deep'],
    ['T059 100,000 levels', nested(100_000, '[', ']'), 'too_deep'],
    ['T059 524,288 levels, never closed', nested(524_288, '[', ''), 'malformed_json'],
    ['T059 1 MB of opened objects', nested(200_000, '{"a":', ''), 'malformed_json'],
    ['T059 2 MB of opened objects', nested(400_000, '{"a":', ''), 'too_deep'],
  ]
  for (const [name, body, reason] of cases) {
    const detail = await deliver(body)
    t.equal(detail.outcome, 'quarantined', name)
    t.match(detail.detail, { reason }, name)
    t.strictSame(detail.jobs, [], name)
    t.ok(unpackBody(detail.event.body)?.equals(body), `${name}: kept byte for byte`)
  }
})

t.test('what is odd but sound is read', async t => {
  const bom = Buffer.from('\ufeff{"x":1}')
  const cases: readonly [string, Buffer][] = [
    ['T054 a byte order mark', bom],
    ['T059 64 levels', nested(63, '[', ']', '{}')],
    ['T057 a key twice', Buffer.from('{"a":1,"a":2}')],
    ['T056 NUL and control characters', Buffer.from('{"x":"\\u0000\\u001f"}')],
    ['T058 __proto__', Buffer.from('{"__proto__":{"x":1},"constructor":{"prototype":{"x":1}}}')],
    ['T058 __proto__ escaped', Buffer.from('{"\\u005f_proto__":{"x":1}}')],
    ['T060 numbers beyond every range', Buffer.from('{"a":[1e400,-1e400,1e-400,9007199254740993,-0]}')],
    [
      'T061 100,000 keys',
      Buffer.from(JSON.stringify(Object.fromEntries(Array.from({ length: 100_000 }, (_, i) => [i, 1])))),
    ],
    ['T062 a text of 1 MB', Buffer.from(JSON.stringify({ text: 'a'.repeat(1_000_000) }))],
    ['T062 500,000 elements', Buffer.from(`[${'0,'.repeat(499_999)}0]`)],
    ['a number', Buffer.from('1')],
    ['null', Buffer.from('null')],
  ]
  for (const [name, body] of cases) {
    const detail = await deliver(body)
    t.not(detail.outcome, 'quarantined', `${name} ${JSON.stringify(detail.detail)}`)
    t.ok(unpackBody(detail.event.body)?.equals(body), `${name}: kept byte for byte`)
  }
})

t.test('T058 a payload pollutes nothing', async t => {
  await deliver(Buffer.from('{"__proto__":{"x":1},"constructor":{"prototype":{"x":1}}}'))
  const probe = await deliver(Buffer.from('{"y":1}'))
  t.strictSame(probe.outcome, 'unmatched', 'the next event has no "x"')
  t.notOk('x' in {}, 'nor has anything here')
})

t.test('T060 a mapping that uses a number that lost precision makes a dead letter', async t => {
  for (const number of ['1e400', '9007199254740993']) {
    const detail = await deliver(Buffer.from(`{"limit":${number}}`), { 'x-github-event': 'uses' })
    t.equal(detail.outcome, 'matched')
    t.match(detail.jobs, [{ state: 'dead', reason: 'precision_loss' }], number)
    t.strictSame(detail.jobs[0]?.history, [], 'and nothing is sent')
  }
})

t.test('T053 the form GitHub can send is read from its field "payload"', async t => {
  const form = Buffer.from(`payload=${encodeURIComponent('{"x":"ä"}')}`)
  const detail = await deliver(form, { 'content-type': 'application/x-www-form-urlencoded' })
  t.equal(detail.outcome, 'matched')
  const wrong = await deliver(Buffer.from('other=1'), { 'content-type': 'application/x-www-form-urlencoded' })
  t.match(wrong, { outcome: 'quarantined', detail: { reason: 'malformed_json' } })
})

t.test('bodies large and small come back byte for byte, also once compressed', async t => {
  for (const bytes of [0, 1, 511, 512, 513, 65_535, 65_537, 1_000_000, 8_000_000]) {
    const body = Buffer.alloc(bytes)
    for (let i = 0; i < bytes; i++) body[i] = (i * 7 + (i >> 8)) & 0xff
    const detail = await deliver(body)
    t.ok(unpackBody(detail.event.body)?.equals(body), `${bytes} bytes`)
  }
})
