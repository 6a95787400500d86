import { sign } from '@octokit/webhooks-methods'
import type { InjectOptions } from 'fastify'
import t from 'tap'
import { unpackBody } from '../../../src/store/body-codec.ts'
import {
  IDEMPOTENCY_KEY,
  SECRETS,
  SOURCES,
  startTestBridge,
  type TestBridge,
} from '../../fixtures/start-test-bridge.ts'

/** semantics.md 2, row by row, in process. */

const JSON_TYPE = 'application/json'
const BODY = '{"zen":"Keep it logically awesome."}'

interface Told {
  status: number
  headers: Record<string, unknown>
  text: string
  error: { code: string; message: string; requestId: string } | undefined
  outcome: string | undefined
  eventId: string | undefined
}

async function ask({ app }: TestBridge, options: InjectOptions): Promise<Told> {
  const answer = await app.inject({ method: 'POST', ...options })
  const body = answer.body === '' ? {} : JSON.parse(answer.body)
  const { error, outcome, eventId } = body
  return { status: answer.statusCode, headers: answer.headers, text: answer.body, error, outcome, eventId }
}

async function askGithub(
  bridge: TestBridge,
  id: string,
  body: string | Buffer = BODY,
  headers: Record<string, string> = {},
): Promise<Told> {
  const signature = await sign(SECRETS.GITHUB_WEBHOOK_SECRET, body.toString('latin1'))
  return ask(bridge, {
    url: '/hooks/github',
    headers: {
      'content-type': JSON_TYPE,
      'x-github-event': 'push',
      'x-github-delivery': id,
      'x-hub-signature-256': signature,
      ...headers,
    },
    payload: body,
  })
}

const bridge = await startTestBridge(t, {
  config: {
    sources: {
      ...SOURCES,
      gone: { scheme: 'github', secrets: ['env:GITHUB_WEBHOOK_SECRET'], retired: true },
      small: { scheme: 'zapier', secrets: ['env:ZAPIER_TOKEN'], bodyBytes: 64 },
      pixelesq: { scheme: 'pixelesq', secrets: ['env:ZAPIER_TOKEN'] },
      stamped: {
        ...SOURCES.acme,
        signed: '${timestamp}.${body}',
        timestampHeader: 'x-acme-timestamp',
        tolerance: '5m',
      },
    },
    limits: { failedAuthPerMinute: 1_000 },
  },
})

t.test('an authentic delivery is answered 200 once it is on disk', async t => {
  const told = await askGithub(bridge, 'first')
  t.equal(told.status, 200)
  t.strictSame(JSON.parse(told.text), { eventId: told.eventId, outcome: 'recorded' })
  t.match(told.eventId, /^evt_/)
  t.equal(told.headers['content-type'], 'application/json; charset=utf-8')
  t.equal(told.headers['x-content-type-options'], 'nosniff')
  const { event } = (await bridge.bridge.store.readEvent(told.eventId!))!
  t.equal(unpackBody(event.body)?.toString(), BODY)
  t.equal(bridge.rows('select seq from event where idempotency_key = ?', 'first').length, 1)
})

t.test('T037 the same delivery 100 times is one event', async t => {
  const first = await askGithub(bridge, 'again')
  for (let i = 0; i < 99; i++) {
    const told = await askGithub(bridge, 'again')
    if (told.status !== 200 || told.outcome !== 'duplicate' || told.eventId !== first.eventId)
      t.fail(`${i}: ${told.text}`)
  }
  const detail = (await bridge.bridge.store.readEvent(first.eventId!))!
  t.equal(detail.redeliveries, 99)
  t.equal(bridge.rows('select seq from event where idempotency_key = ?', 'again').length, 1)
})

t.test('T038 the same delivery 100 times at once is one event', async t => {
  const told = await Promise.all(Array.from({ length: 100 }, () => askGithub(bridge, 'at-once')))
  t.strictSame([...new Set(told.map(({ status }) => status))], [200])
  t.equal(new Set(told.map(({ eventId }) => eventId)).size, 1)
  t.equal(told.filter(({ outcome }) => outcome === 'recorded').length, 1)
  t.equal(bridge.rows('select seq from event where idempotency_key = ?', 'at-once').length, 1)
})

t.test('T039 the same id with another body is a dead letter: 200 for a preset, 422 for a generic source', async t => {
  await askGithub(bridge, 'conflict')
  const told = await askGithub(bridge, 'conflict', '{"zen":"other"}')
  t.equal(told.status, 200)
  t.equal(told.outcome, 'id_conflict')
  t.equal((await bridge.bridge.store.readEvent(told.eventId!))?.outcome, 'id_conflict')
  const again = await askGithub(bridge, 'conflict', '{"zen":"other"}')
  t.strictSame(
    [again.status, again.outcome, again.eventId],
    [200, 'id_conflict', told.eventId],
    'and so is its redelivery',
  )

  const sent = (body: string): Promise<Told> => {
    const scheme = bridge.bridge.live.setup.sources.get('acme')!.scheme
    const headers = scheme.sign({ body: Buffer.from(body) }, SECRETS.ACME_SECRET, Date.now())
    return ask(bridge, {
      url: '/hooks/acme',
      headers: { 'content-type': JSON_TYPE, 'idempotency-key': 'k', ...headers },
      payload: body,
    })
  }
  t.equal((await sent('{"a":1}')).status, 200)
  const refused = await sent('{"a":2}')
  t.equal(refused.status, 422)
  t.equal(refused.outcome, 'id_conflict')
  t.equal((await bridge.bridge.store.readEvent(refused.eventId!))?.outcome, 'id_conflict', 'kept all the same')
})

t.test('T040 the same id at two sources is two events', async t => {
  const one = await ask(bridge, {
    url: '/hooks/open',
    headers: { 'content-type': JSON_TYPE, 'idempotency-key': 'shared' },
    payload: '{}',
  })
  const two = await askGithub(bridge, 'shared')
  t.equal(one.outcome, 'recorded')
  t.equal(two.outcome, 'recorded')
  t.not(one.eventId, two.eventId)
})

t.test('T041 ids are compared byte for byte', async t => {
  const lower = await askGithub(bridge, 'case-a')
  const upper = await askGithub(bridge, 'CASE-A')
  t.not(upper.eventId, lower.eventId)
})

t.test('T044 without an id the content is the key', async t => {
  const send = (payload: string): Promise<Told> =>
    ask(bridge, {
      url: '/hooks/zapier/page.publish',
      headers: { 'content-type': JSON_TYPE, authorization: `Bearer ${SECRETS.ZAPIER_TOKEN}` },
      payload,
    })
  const first = await send('{"page":1}')
  t.strictSame([first.status, first.outcome], [200, 'recorded'])
  t.strictSame((await send('{"page":1}')).outcome, 'duplicate')
  t.strictSame((await send('{"page":2}')).outcome, 'recorded')
  const other = await ask(bridge, {
    url: '/hooks/zapier/page.unpublish',
    headers: { 'content-type': JSON_TYPE, authorization: `Bearer ${SECRETS.ZAPIER_TOKEN}` },
    payload: '{"page":1}',
  })
  t.equal(other.outcome, 'recorded', 'the event type in the URL is content too')
})

t.test('T045 an id that is too long or not text is not taken for one', async t => {
  const told = await askGithub(bridge, 'x'.repeat(10_000), '{"long":1}')
  t.equal(told.outcome, 'recorded')
  const [row] = bridge.rows<{ idempotency_key: string }>('select idempotency_key from event order by seq desc limit 1')
  t.match(row?.idempotency_key, /^sha256:[0-9a-f]{64}$/)
})

t.test('T048 a ping of the provider is ignored, and kept', async t => {
  const told = await askGithub(bridge, 'ping-1', BODY, { 'x-github-event': 'ping' })
  t.strictSame([told.status, told.outcome], [200, 'ignored'])
  const detail = (await bridge.bridge.store.readEvent(told.eventId!))!
  t.equal(detail.outcome, 'ignored')
  t.strictSame(detail.jobs, [])
})

t.test('what is not authentic is answered 401 with one constant body', async t => {
  const good = await sign(SECRETS.GITHUB_WEBHOOK_SECRET, BODY)
  const cases: Record<string, Record<string, string | string[]>> = {
    'no signature': {},
    'another secret': { 'x-hub-signature-256': await sign('another-secret-0123456789', BODY) },
    'another body': { 'x-hub-signature-256': await sign(SECRETS.GITHUB_WEBHOOK_SECRET, `${BODY} `) },
    'not hex': { 'x-hub-signature-256': 'sha256=zz' },
    'sha1 only': { 'x-hub-signature': 'sha1=00' },
    'repeated header': { 'x-hub-signature-256': [good, good] },
  }
  for (const [name, headers] of Object.entries(cases)) {
    const told = await ask(bridge, {
      url: '/hooks/github',
      headers: { 'content-type': JSON_TYPE, ...headers },
      payload: BODY,
    })
    t.equal(told.status, 401, name)
    t.strictSame(Object.keys(JSON.parse(told.text)), ['error'], name)
    t.match(told.error, { code: 'unauthorized', message: 'The delivery is not authentic', requestId: /^req-/ }, name)
  }
  const bearer = await ask(bridge, {
    url: '/hooks/zapier',
    headers: { 'content-type': JSON_TYPE, authorization: 'Bearer wrong' },
    payload: BODY,
  })
  t.equal(bearer.error?.message, 'The delivery is not authentic')
})

t.test('T050 a signature is judged before the body is parsed', async t => {
  const told = await ask(bridge, { url: '/hooks/github', headers: { 'content-type': JSON_TYPE }, payload: '{"a' })
  t.equal(told.status, 401)
})

t.test('unknown sources are 404, retired ones 410', async t => {
  const unknown = await ask(bridge, { url: '/hooks/nobody', headers: { 'content-type': JSON_TYPE }, payload: BODY })
  t.strictSame([unknown.status, unknown.error?.code, unknown.error?.message], [404, 'not_found', 'Not found'])
  const retired = await ask(bridge, { url: '/hooks/gone', headers: { 'content-type': JSON_TYPE }, payload: BODY })
  t.strictSame([retired.status, retired.error?.code], [410, 'source_retired'])
})

t.test('T080 another method is 405 and Allow says which', async t => {
  for (const method of ['GET', 'HEAD', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE'] as const) {
    const told = await ask(bridge, { method: method as 'GET', url: '/hooks/github' })
    t.strictSame([told.status, told.headers.allow], [405, 'POST'], method)
    if (method !== 'HEAD') t.equal(told.error?.code, 'method_not_allowed', method)
  }
  const told = await ask(bridge, { method: 'DELETE', url: '/hooks/pixelesq/page.published' })
  t.strictSame([told.status, told.headers.allow], [405, 'GET, POST'])
})

t.test('T079 a method in a header or the query is not one', async t => {
  const told = await ask(bridge, {
    url: '/hooks/github?_method=DELETE',
    headers: { 'content-type': JSON_TYPE, 'x-http-method-override': 'GET' },
    payload: BODY,
  })
  t.equal(told.status, 401)
})

t.test('a GET is a delivery where the source allows it, its query the payload', async t => {
  const headers = { authorization: `Bearer ${SECRETS.ZAPIER_TOKEN}` }
  const told = await ask(bridge, { method: 'GET', url: '/hooks/pixelesq/page.published?id=pg_1&id=pg_2', headers })
  t.strictSame([told.status, told.outcome], [200, 'recorded'])
  const detail = await bridge.settled(told.eventId!)
  t.strictSame(
    [detail.event.query, detail.event.type, detail.outcome],
    ['id=pg_1&id=pg_2', 'page.published', 'unmatched'],
  )
  t.equal(
    (await ask(bridge, { method: 'GET', url: '/hooks/pixelesq/page.published?id=pg_3', headers })).outcome,
    'recorded',
  )
  t.equal(
    (await ask(bridge, { method: 'GET', url: '/hooks/pixelesq/page.published?id=pg_3', headers })).outcome,
    'duplicate',
  )
})

t.test('T052 media types that the source does not take are 415', async t => {
  const types = [
    undefined,
    'text/plain',
    'multipart/form-data; boundary=x',
    'application/xml',
    'application/json garbage',
    'application/json\ta',
    'application/json; charset=utf-16',
    'application/json; charset=utf-7',
    'application/vnd.x+json',
    'application/jsonx',
    'json',
  ]
  for (const type of types) {
    const told = await ask(bridge, {
      url: '/hooks/github',
      headers: type === undefined ? {} : { 'content-type': type },
      payload: Buffer.from(BODY),
    })
    t.strictSame([told.status, told.error?.code], [415, 'media_type_unsupported'], String(type))
  }
  for (const type of [
    'application/json',
    'APPLICATION/JSON',
    'application/json; charset=utf-8',
    'application/json;charset="UTF-8"',
  ]) {
    const told = await ask(bridge, { url: '/hooks/github', headers: { 'content-type': type }, payload: BODY })
    t.equal(told.status, 401, `${type} is taken, and judged`)
  }
  const repeated = await ask(bridge, {
    url: '/hooks/open',
    headers: { 'content-type': [JSON_TYPE, JSON_TYPE] as unknown as string },
    payload: BODY,
  })
  t.equal(repeated.status, 415, 'a repeated Content-Type')
  const wide = await ask(bridge, {
    url: '/hooks/open',
    headers: { 'content-type': 'application/vnd.x+json' },
    payload: BODY,
  })
  t.equal(wide.status, 200, 'application/*+json of a generic source')
})

t.test('T065 a compressed body is 415', async t => {
  for (const encoding of ['gzip', 'br', 'zstd', 'deflate', 'foo', 'identity, gzip', 'gzip, gzip']) {
    const told = await ask(bridge, {
      url: '/hooks/github',
      headers: { 'content-type': JSON_TYPE, 'content-encoding': encoding },
      payload: BODY,
    })
    t.strictSame([told.status, told.error?.code], [415, 'media_type_unsupported'], encoding)
  }
  const told = await askGithub(bridge, 'identity', BODY, { 'content-encoding': 'identity' })
  t.equal(told.status, 200)
})

t.test('T063 a body of exactly the limit is taken, one byte more is 413', async t => {
  const send = (bytes: number): Promise<Told> =>
    ask(bridge, {
      url: '/hooks/small/x',
      headers: { 'content-type': JSON_TYPE, authorization: `Bearer ${SECRETS.ZAPIER_TOKEN}` },
      payload: `"${'a'.repeat(bytes - 2)}"`,
    })
  t.equal((await send(64)).status, 200)
  const told = await send(65)
  t.strictSame(
    [told.status, told.error?.code, told.error?.message],
    [413, 'body_too_large', 'The body is larger than 64 bytes'],
  )
})

t.test('the github preset takes 25 MB, others limits.bodyBytes', async t => {
  const { sources } = bridge.bridge.live.setup
  t.equal(sources.get('github')?.bodyBytesMax, 25 * 1024 * 1024)
  t.equal(sources.get('zapier')?.bodyBytesMax, 1_048_576)
})

t.test('an unsigned source refuses with 400 what it cannot read', async t => {
  const cases: Record<string, string | Buffer> = {
    'not JSON': '{"a',
    empty: '',
    'too deep': '['.repeat(65) + ']'.repeat(65),
    'invalid UTF-8': Buffer.from('7b2261223aff7d', 'hex'),
    'half of a surrogate pair': '{"a":"\\ud800"}',
  }
  const before = bridge.rows('select count(*) as n from event')
  for (const [name, payload] of Object.entries(cases)) {
    const told = await ask(bridge, { url: '/hooks/open', headers: { 'content-type': JSON_TYPE }, payload })
    t.strictSame([told.status, told.error?.code], [400, 'malformed_body'], name)
  }
  t.strictSame(bridge.rows('select count(*) as n from event'), before, 'and records nothing')
  const told = await ask(bridge, { url: '/hooks/open', headers: { 'content-type': JSON_TYPE }, payload: '{"a":1}' })
  t.equal(told.status, 200)
})

t.test('no answer repeats anything of the request', async t => {
  const canary = 'canary-echo-7f3a'
  const headers = { 'content-type': JSON_TYPE, 'x-request-id': canary, 'request-id': canary, 'user-agent': canary }
  const requests: InjectOptions[] = [
    { url: `/hooks/github?${canary}`, headers, payload: `{"${canary}":1}` },
    { url: `/hooks/${canary}`, headers, payload: '{}' },
    { url: `/${canary}`, headers, payload: '{}' },
    { url: `/${canary}%ff`, headers, payload: '{}' },
    { url: `/hooks/${canary.repeat(20)}`, headers, payload: '{}' },
    { url: `/hooks/github/${canary}!`, headers, payload: '{}' },
    { method: 'GET', url: `/hooks/github?${canary}`, headers },
    { url: '/hooks/github', headers: { ...headers, 'content-type': canary }, payload: '{}' },
    { url: '/hooks/github', headers: { ...headers, 'content-encoding': canary }, payload: '{}' },
    { url: '/hooks/open', headers, payload: `{"${canary}` },
    { url: '/hooks/open', headers, payload: canary },
    { url: '/hooks/zapier', headers: { ...headers, authorization: `Bearer ${canary}` }, payload: '{}' },
  ]
  for (const request of requests) {
    const told = await ask(bridge, request)
    t.ok(told.status >= 400 && told.status < 500, `${told.status}`)
    t.notMatch(JSON.stringify([told.headers, told.text]), canary)
    t.equal(told.headers['x-content-type-options'], 'nosniff')
    t.equal(told.headers['content-type'], 'application/json; charset=utf-8')
    t.strictSame(Object.keys(told.error ?? {}).sort(), ['code', 'message', 'requestId'])
  }
})

t.test('T118 refused deliveries are counted by the minute, the last few kept, credentials struck out', async t => {
  const secret = 'canary-wrong-credential-12345'
  await ask(bridge, {
    url: '/hooks/zapier/page.publish?a=1',
    headers: { 'content-type': JSON_TYPE, authorization: `Bearer ${secret}`, cookie: secret, 'x-other': 'kept' },
    payload: '{"b":1}',
  })
  const flipped = { 'content-type': JSON_TYPE, 'x-hub-signature-256': `sha256=${'0'.repeat(64)}` }
  for (let i = 0; i < 30; i++) await ask(bridge, { url: '/hooks/github', headers: flipped, payload: `{"i":${i}}` })
  const counts = await new Promise<{ source: string; reason: string; minute_at: number; count: number }[]>(resolve => {
    const look = (): void => {
      const rows = bridge.rows<{ source: string; reason: string; minute_at: number; count: number }>(
        'select * from rejected_delivery',
      )
      const mismatches = rows.filter(row => row.source === 'github' && row.reason === 'signature_mismatch')
      if (mismatches.reduce((sum, row) => sum + row.count, 0) >= 30) resolve(rows)
      else setTimeout(look, 20)
    }
    look()
  })
  t.ok(counts.every(row => row.minute_at % 60_000 === 0))
  t.ok(counts.length <= 20, 'one row per source, reason and minute')
  t.ok(counts.some(row => row.source === 'zapier' && row.reason === 'credentials_mismatch'))
  const samples = bridge.rows<{
    source: string
    method: string
    type: string | null
    query: string
    headers: string
    body: Buffer
  }>('select * from rejected_sample order by seq')
  t.ok(samples.filter(row => row.source === 'github').length <= 20, 'at most 20 of a source')
  const sample = samples.filter(row => row.source === 'zapier').at(-1)!
  t.strictSame([sample.method, sample.type, sample.query], ['POST', 'page.publish', 'a=1'])
  t.match(sample.headers, '"authorization","[redacted]"')
  t.match(sample.headers, '"cookie","[redacted]"')
  t.match(sample.headers, '"x-other","kept"')
  t.notMatch(JSON.stringify(bridge.rows('select * from rejected_sample')), secret)
  t.equal(
    samples
      .filter(row => row.source === 'github')
      .at(-1)
      ?.body.toString(),
    '{"i":29}',
    'with the body, to be verified again',
  )
})

t.test('credentials are struck out of what is stored', async t => {
  const told = await ask(bridge, {
    url: '/hooks/zapier/x.y',
    headers: { 'content-type': JSON_TYPE, authorization: `Bearer ${SECRETS.ZAPIER_TOKEN}`, 'x-api-key': 'canary-key' },
    payload: '{"stored":1}',
  })
  const { headers } = (await bridge.bridge.store.readEvent(told.eventId!))!.event
  t.match(JSON.stringify(headers), '"authorization","[redacted]"')
  t.notMatch(JSON.stringify(headers), SECRETS.ZAPIER_TOKEN)
  t.notMatch(JSON.stringify(headers), 'canary-key')
})

t.test('a source may name the header of its secret, and that is struck out too', async t => {
  const named = await startTestBridge(t, {
    config: {
      sources: {
        named: {
          scheme: 'header',
          header: 'X-Hook-Token',
          secrets: ['env:ZAPIER_TOKEN'],
          idempotencyKey: IDEMPOTENCY_KEY,
        },
      },
    },
  })
  const told = await ask(named, {
    url: '/hooks/named',
    headers: { 'content-type': JSON_TYPE, 'x-hook-token': SECRETS.ZAPIER_TOKEN },
    payload: '{}',
  })
  t.equal(told.status, 200)
  const { headers } = (await named.bridge.store.readEvent(told.eventId!))!.event
  t.match(JSON.stringify(headers), '"x-hook-token","[redacted]"')
  await ask(named, {
    url: '/hooks/named',
    headers: { 'content-type': JSON_TYPE, 'x-hook-token': 'canary-nearly-right' },
    payload: '{}',
  })
  await named.stop()
  t.equal(named.rows('select * from rejected_sample').length, 1, 'what was refused is on disk after a stop')
  t.notMatch(JSON.stringify(named.rows('select headers from rejected_sample')), 'canary-nearly-right')
})

t.test('the same signed bytes under a new id are a replay, and a timestamp out of tolerance is refused', async t => {
  const { scheme } = bridge.bridge.live.setup.sources.get('stamped')!
  const payload = '{"stamped":1}'
  const send = (
    id: string,
    at: number,
    signature = scheme.sign({ body: Buffer.from(payload) }, SECRETS.ACME_SECRET, at),
  ) =>
    ask(bridge, {
      url: '/hooks/stamped',
      headers: { 'content-type': JSON_TYPE, 'idempotency-key': id, ...signature },
      payload,
    })
  const now = Date.now()
  const first = await send('one', now)
  t.equal(first.outcome, 'recorded')
  const replay = await send('two', now)
  t.strictSame([replay.status, replay.outcome, replay.eventId], [200, 'replayed', first.eventId])
  t.equal((await send('three', now - 10_000)).outcome, 'recorded', 'signed anew it is another event')
  for (const offMs of [-400_000, 400_000]) {
    const late = await send('late', now + offMs)
    t.strictSame([late.status, late.error?.message], [401, 'The delivery is not authentic'])
  }
})
