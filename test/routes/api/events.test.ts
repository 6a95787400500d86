import t, { type Test } from 'tap'
import type { z } from 'zod'
import { eventAnswer, eventsAnswer } from '../../../src/admin/event-answers.ts'
import { ADMIN_KEY, getApi, getRaw } from '../../fixtures/call-api.ts'
import { startTestBridge, type TestBridge } from '../../fixtures/start-test-bridge.ts'
import { emit, one } from '../../fixtures/start-worker-bridge.ts'

const rename = one('rename', 'renameEntry', { entryId: '${payload.entry}', name: '${payload.name}' })
const picky = one('rename', 'renameEntry', { entryId: 'e', name: 'x' }, { when: 'payload.name == "nobody"' })

function start(t: Test): Promise<TestBridge> {
  return startTestBridge(t, { mappings: { rename, picky }, env: { BRIDGE_ADMIN_KEY: ADMIN_KEY } })
}

async function list(bridge: TestBridge, query = ''): Promise<z.output<typeof eventsAnswer>> {
  const { status, text } = await getApi(bridge, `events${query}`)
  if (status !== 200) throw new Error(`${status} ${text}`)
  return eventsAnswer.parse(JSON.parse(text))
}
async function show(bridge: TestBridge, id: string): Promise<z.output<typeof eventAnswer>> {
  const { status, text } = await getApi(bridge, `events/${id}`)
  if (status !== 200) throw new Error(`${status} ${text}`)
  return eventAnswer.parse(JSON.parse(text))
}

t.test('events are listed with what became of them', async t => {
  const bridge = await start(t)
  const taken = await emit(bridge, 'rename', { entry: 'ent_free', name: 'a' })
  const left = await emit(bridge, 'other', {})
  await bridge.settled(taken)
  await bridge.settled(left)
  const { events, next } = await list(bridge)
  t.equal(next, null)
  t.match(events, [
    { id: left, source: 'open', type: 'other', outcome: 'unmatched', jobs: {}, bodyBytes: 2 },
    { id: taken, source: 'open', type: 'rename', outcome: 'matched', jobs: { succeeded: 1 } },
  ])
  t.same((await list(bridge, '?outcome=matched,echo&source=open&mapping=rename')).events.length, 1)
  t.same((await list(bridge, '?mapping=picky')).events, [])
  t.same((await list(bridge, '?since=1h&type=other')).events.length, 1)
  t.same((await list(bridge, `?until=${encodeURIComponent(events[1]!.receivedAt)}`)).events, [])
})

t.test('the cursor leads through all pages', async t => {
  const bridge = await start(t)
  const ids: string[] = []
  for (let n = 0; n < 5; n++) ids.unshift(await emit(bridge, 'other', { n }))
  const seen: string[] = []
  let query = '?limit=2'
  for (;;) {
    const { events, next } = await list(bridge, query)
    seen.push(...events.map(({ id }) => id))
    if (next === null) break
    await emit(bridge, 'other', {})
    query = `?limit=2&cursor=${next}`
  }
  t.same(seen, ids)
})

t.test('an event says which mappings took it and why others did not, and its jobs', async t => {
  const bridge = await start(t)
  const id = await emit(bridge, 'rename', { entry: 'ent_free', name: 'a', big: 1 })
  await bridge.settled(id)
  const event = await show(bridge, id)
  t.match(event, {
    id,
    source: 'open',
    type: 'rename',
    receipt: 'recorded',
    outcome: 'matched',
    redeliveries: 0,
    method: 'POST',
    payload: { kind: 'json', json: { entry: 'ent_free', name: 'a', big: 1 } },
    jobs: [{ mapping: 'rename', state: 'succeeded', reason: null, nextAttemptAt: null }],
  })
  t.match(
    event.mappings.find(({ mapping }) => mapping === 'rename'),
    { matched: true, jobs: 1 },
  )
  t.match(
    event.mappings.find(({ mapping }) => mapping === 'picky'),
    { matched: false },
  )
  t.ok(event.headers.some(([name, value]) => name === 'content-type' && value === 'application/json'))
})

t.test('a quarantined event says why, and is shown as the text it is', async t => {
  const bridge = await start(t)
  const id = await bridge.deliver('github', '{"broken":', { type: 'push' })
  await bridge.settled(id)
  t.match(await show(bridge, id), {
    outcome: 'quarantined',
    reason: 'malformed_json',
    message: /./,
    mappings: [],
    payload: { kind: 'text', text: '{"broken":' },
  })
})

t.test('numbers stay as they were written, and names of the language are data', async t => {
  const bridge = await start(t)
  const body = '{"id":9007199254740993,"__proto__":{"admin":true},"x":1e400}'
  const id = await bridge.deliver('github', body, { type: 'push' })
  await bridge.settled(id)
  const { text } = await getApi(bridge, `events/${id}`)
  t.ok(text.includes(`"json":${body}`), text)
})

t.test('what is deep, large, binary or pruned is said to be so', async t => {
  const bridge = await start(t)
  const deep = '['.repeat(5_000) + ']'.repeat(5_000)
  const kindOf = async (body: Buffer | string): Promise<string> => {
    const id = await bridge.deliver('github', body, { type: 'push' })
    await bridge.settled(id)
    return (await show(bridge, id)).payload.kind
  }
  t.equal(await kindOf(deep), 'text')
  t.equal(await kindOf(`"${'x'.repeat(1_100_000)}"`), 'too_large')
  t.equal(await kindOf(Buffer.from([0x22, 0xff, 0x22])), 'binary')
  const id = await bridge.deliver('github', '{"old":1}', { type: 'push' })
  await bridge.settled(id)
  await bridge.bridge.store.prune({
    now: Date.now() + 1_000,
    payloadMs: 1,
    eventMs: 1e9,
    idempotencyKeyMs: 1e9,
    rowsMax: 100,
  })
  t.match(await show(bridge, id), { payload: { kind: 'pruned' }, headers: [] })
  const gone = await getApi<{ error: object }>(bridge, `events/${id}/payload`)
  t.equal(gone.status, 410)
  t.match(gone.body.error, { code: 'payload_pruned' })
})

t.test('the payload comes byte for byte, as a download that no browser runs', async t => {
  const bridge = await start(t)
  const body = Buffer.from('{"html":"<script>alert(1)</script>",  "n":1.0}')
  const id = await bridge.deliver('github', body, { type: 'push' })
  const { status, headers, bytes } = await getRaw(bridge, `events/${id}/payload`)
  t.equal(status, 200)
  t.ok(bytes.equals(body))
  t.equal(headers.get('content-type'), 'application/octet-stream')
  t.equal(headers.get('content-disposition'), `attachment; filename="${id}.bin"`)
  t.equal(headers.get('x-content-type-options'), 'nosniff')
  t.equal(headers.get('cache-control'), 'no-store')
})

t.test('credentials of a delivery are in no answer', async t => {
  const bridge = await start(t)
  const id = await bridge.deliver('zapier', { a: 1 }, { type: 'x' })
  await bridge.settled(id)
  for (const path of ['events', `events/${id}`, `events/${id}/payload`, 'sources', 'integrations', 'mappings', 'stats'])
    t.notMatch((await getRaw(bridge, path)).text, /canary-(?!admin)|sandbox-editor/, path)
})

t.test('what is not known is refused with what was expected, without what was sent', async t => {
  const bridge = await start(t)
  for (const [query, message] of [
    ['?colour=canary', /^expected an object with no other keys than source, type, .*outcome, q$/],
    ['?limit=0', /^limit: expected a whole number from 1 to 200$/],
    ['?limit=1000', /^limit: expected/],
    ['?limit=canary', /^limit: expected/],
    ['?outcome=canary', /^outcome: expected one or more of unrouted, matched/],
    ['?since=canary', /^since: expected a duration such as "7d", or an instant/],
    ['?until=2026-13-45T99:00:00Z', /^until: expected/],
    ['?cursor=canary', /^cursor: expected what "next" of the page before says$/],
    [`?cursor=${Buffer.from('2 5').toString('base64url')}`, /^cursor: expected/],
    ['?source=a&source=b', /^source: expected the name of a source, once$/],
    ['?source=', /^source: expected/],
    ['?__proto__=x', /^expected an object with no other keys/],
  ] as const) {
    const { status, body, text } = await getApi<{ error: { message: string } }>(bridge, `events${query}`)
    t.equal(status, 400, query)
    t.match(body.error, { code: 'invalid_request', message, requestId: /./ }, query)
    t.notMatch(text, /canary/)
  }
  for (const path of ['events/evt_1_zz', 'events/canary', 'events/evt_1_zz/payload', 'jobs/job_1_zz', 'jobs/canary']) {
    const { status, body, text } = await getApi<{ error: object }>(bridge, path)
    t.equal(status, 404, path)
    t.match(body.error, { code: 'not_found' })
    t.notMatch(text, /canary/)
  }
})
