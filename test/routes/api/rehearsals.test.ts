import t, { type Test } from 'tap'
import { ADMIN_KEY, postApi, rehearse } from '../../fixtures/call-api.ts'
import { SOURCES, startTestBridge, type TestBridge, waitFor } from '../../fixtures/start-test-bridge.ts'
import { emit, one, requestsOf } from '../../fixtures/start-worker-bridge.ts'

const rename = one('rename', 'renameEntry', { entryId: '${payload.entry}', name: '${payload.name}' })
const publish = {
  source: 'open',
  on: ['publish'],
  integration: 'ci',
  action: 'publishPage',
  with: { pageId: '${payload.page}' },
}
const NONE = { unchanged: 0, changed: 0, newly_matched: 0, no_longer_matched: 0, undecided: 0 }

function start(t: Test, mappings: Record<string, unknown>, config: Record<string, unknown> = {}): Promise<TestBridge> {
  return startTestBridge(t, { mappings, config, env: { BRIDGE_ADMIN_KEY: ADMIN_KEY } })
}

/** Puts another version of a mapping in force. */
async function change(bridge: TestBridge, name: string, mapping: unknown): Promise<void> {
  bridge.folder.write(`mappings/${name}.json`, mapping)
  if (!(await bridge.reload('test'))) throw new Error(bridge.logText())
}

async function done(bridge: TestBridge, type: string, payload: object): Promise<string> {
  const id = await emit(bridge, type, payload)
  await bridge.settled(id)
  return id
}

t.test('what would be sent as it was sent is unchanged, and nothing is sent', async t => {
  const bridge = await start(t, { rename, publish })
  await done(bridge, 'rename', { entry: 'ent_free', name: 'a' })
  await done(bridge, 'publish', { page: 'pg_status' })
  await done(bridge, 'other', {})
  const requests = requestsOf(bridge).length
  const { results, summary } = await rehearse(bridge)
  t.strictSame(results, [])
  t.match(summary, { complete: true, events: 3, counts: { ...NONE, unchanged: 2 } })
  t.strictSame(summary.mappings, { rename: { ...NONE, unchanged: 1 }, publish: { ...NONE, unchanged: 1 } })
  t.equal(requestsOf(bridge).length, requests)
})

t.test('a changed variable is told with its place, what it was and what it would be', async t => {
  const bridge = await start(t, { rename })
  const id = await done(bridge, 'rename', { entry: 'ent_free', name: 'a' })
  await change(
    bridge,
    'rename',
    one('rename', 'renameEntry', { entryId: '${payload.entry}', name: 'New: ${payload.name}' }),
  )
  const { results, summary } = await rehearse(bridge)
  t.match(summary.counts, { ...NONE, changed: 1 })
  t.match(results, [
    {
      verdict: 'changed',
      eventId: id,
      source: 'open',
      type: 'rename',
      mapping: 'rename',
      differences: [{ step: 'a', operation: 'renameEntry', path: 'variables.name', before: '"a"', after: '"New: a"' }],
    },
  ])
})

t.test('an event that today’s files take, or take no longer, is told as such', async t => {
  const bridge = await start(t, { rename })
  await done(bridge, 'rename', { entry: 'ent_free', name: 'a' })
  await done(bridge, 'new', { entry: 'ent_pro', name: 'b' })
  await change(bridge, 'rename', one('new', 'renameEntry', { entryId: '${payload.entry}', name: '${payload.name}' }))
  const { results, summary } = await rehearse(bridge)
  t.match(summary.counts, { ...NONE, newly_matched: 1, no_longer_matched: 1 })
  t.match(results, [
    { verdict: 'no_longer_matched', type: 'rename', differences: [{ path: 'match', after: /^type: / }] },
    { verdict: 'newly_matched', type: 'new', sends: [{ operation: 'renameEntry', variables: /"entryId":"ent_pro"/ }] },
  ])
})

t.test('a mapping that is no longer there takes nothing any more', async t => {
  const bridge = await start(t, { rename, gone: { ...rename, on: ['gone'] } })
  await done(bridge, 'gone', { entry: 'ent_free', name: 'a' })
  bridge.folder.write('mappings/gone.json', { ...rename, on: ['elsewhere'], description: 'first' })
  const { rmSync } = await import('node:fs')
  rmSync(`${bridge.folder.path}/mappings/gone.json`)
  t.ok(await bridge.reload('test'))
  const { results } = await rehearse(bridge)
  t.match(results, [
    { verdict: 'no_longer_matched', mapping: 'gone', differences: [{ after: 'the mapping is no longer there' }] },
  ])
})

t.test('what depends on reads is decided by the answers that were kept, else said to be undecided', async t => {
  const bridge = await start(t, { publish })
  await done(bridge, 'publish', { page: 'pg_status' })
  const nothingToDo = await done(bridge, 'publish', { page: 'pg_status' })
  const { results, summary } = await rehearse(bridge)
  t.match(summary.counts, { ...NONE, unchanged: 1, undecided: 1 })
  t.match(results, [
    {
      verdict: 'undecided',
      eventId: nothingToDo,
      undecided: /^depends on what is read \(steps\.page\)/,
      differences: [],
    },
  ])
})

t.test('another page is a change, although it is only read at first', async t => {
  const bridge = await start(t, { publish })
  await done(bridge, 'publish', { page: 'pg_status' })
  await change(bridge, 'publish', { ...publish, with: { pageId: 'pg_pricing' } })
  const { results } = await rehearse(bridge)
  t.match(results, [
    {
      verdict: 'changed',
      differences: [
        { step: 'page', operation: 'page', path: 'variables.pageId', before: '"pg_status"', after: '"pg_pricing"' },
      ],
    },
  ])
})

t.test('more or fewer operations, other order keys and more jobs are changes', async t => {
  const list = one(
    'list',
    'renameEntry',
    { entryId: '${item}', name: 'x' },
    { forEach: 'payload.entries', order: '${item}' },
  )
  const bridge = await start(t, { rename, list })
  await done(bridge, 'rename', { entry: 'ent_free', name: 'a' })
  await done(bridge, 'list', { entries: ['ent_free', 'ent_pro'] })
  const steps = [...(rename as { steps: object[] }).steps]
  const more = { id: 'b', operation: 'renameEntry', variables: { entryId: 'ent_pro', name: 'too' } }
  await change(bridge, 'rename', { ...rename, steps: [...steps, more] })
  await change(bridge, 'list', { ...list, forEach: 'payload.entries + ["ent_team"]', order: 'k-${item}' })
  t.match((await rehearse(bridge)).results, [
    {
      mapping: 'rename',
      differences: [{ step: 'b', path: 'operation', before: 'not sent', after: /^sends .*ent_pro/ }],
    },
    {
      mapping: 'list',
      differences: [
        { path: 'jobs', before: '2', after: '3' },
        { item: 0, path: 'order', before: '"ent_free"', after: '"k-ent_free"' },
        { item: 1, path: 'order' },
      ],
    },
  ])
  await change(bridge, 'rename', { ...rename, steps: [{ ...steps[0], if: 'false' }] })
  t.match((await rehearse(bridge, { mapping: 'rename' })).results, [
    { differences: [{ step: 'a', path: 'operation', before: /^sent .*ent_free/, after: 'not sent' }] },
  ])
})

t.test('a mapping that would fail or be held today is a change, and so is one that failed then', async t => {
  const bridge = await start(t, { rename })
  await done(bridge, 'rename', { entry: 'ent_free', name: 'a' })
  await done(bridge, 'rename', { entry: 'ent_pro' })
  await change(
    bridge,
    'rename',
    one('rename', 'renameEntry', { entryId: '${payload.entry}', name: '${payload.label}' }),
  )
  t.match((await rehearse(bridge)).results, [
    { differences: [{ path: 'operation' }, { path: 'outcome', before: 'succeeded', after: /^dead: missing_key: / }] },
  ])
  await change(bridge, 'rename', one('rename', 'renameEntry', { entryId: '${payload.entry}', name: 'fixed' }))
  const { results, summary } = await rehearse(bridge)
  t.match(summary.counts, { changed: 2 })
  t.match(results[1], { differences: [{ step: 'a', path: 'operation', before: 'not sent' }] })
  await change(bridge, 'rename', { ...rename, steps: [{ id: 'h', hold: 'look at this' }] })
  t.match((await rehearse(bridge)).results[0], {
    differences: [{ path: 'operation' }, { after: 'held: look at this' }],
  })
})

t.test('what the API refused is compared as far as it was sent', async t => {
  const bridge = await start(t, { rename })
  bridge.sandbox.addFault({ kind: 'graphql-error', message: 'no' })
  await done(bridge, 'rename', { entry: 'ent_free', name: 'a' })
  t.match((await rehearse(bridge)).summary.counts, { ...NONE, unchanged: 1 })
})

t.test('echoes, pruned and unreadable payloads are counted, not compared', async t => {
  const sources = { ...SOURCES, pixelesq: { scheme: 'pixelesq', secrets: ['env:ZAPIER_TOKEN'] } }
  const loop = one('entry.saved', 'renameEntry', { entryId: '${payload.id}', name: 'x' }, { source: 'pixelesq' })
  const bridge = await start(t, { rename, loop }, { sources })
  const old = await done(bridge, 'rename', { entry: 'ent_free', name: 'a' })
  const echo = await bridge.deliver('pixelesq', { id: 'ent_free' }, { type: 'entry.saved' })
  t.equal((await bridge.settled(echo)).outcome, 'echo')
  await bridge.settled(await bridge.deliver('github', '{"broken":', { type: 'push' }))
  const { summary } = await rehearse(bridge)
  t.match(summary, {
    events: 3,
    counts: { ...NONE, unchanged: 1 },
    skipped: { echo: 1, unreadable: 1, payload_pruned: 0, failed: 0 },
  })
  await bridge.bridge.store.prune({
    now: Date.now() + 1_000,
    payloadMs: 1,
    eventMs: 1e9,
    idempotencyKeyMs: 1e9,
    rowsMax: 100,
  })
  t.match((await bridge.bridge.store.readEvent(old))?.event.body.encoding, 'pruned')
  t.match((await rehearse(bridge)).summary.skipped, { payload_pruned: 3 })
  await change(bridge, 'loop', { ...loop, onEcho: 'run' })
})

t.test('since, mapping and limit narrow it', async t => {
  const bridge = await start(t, { rename, publish })
  for (let n = 0; n < 5; n++) await done(bridge, 'rename', { entry: 'ent_free', name: `n${n}` })
  await done(bridge, 'publish', { page: 'pg_status' })
  t.match((await rehearse(bridge, { mapping: 'publish' })).summary, { events: 6, counts: { unchanged: 1 } })
  const some = (await rehearse(bridge, { limit: 2 })).summary
  t.match(some, { complete: false, events: 2, counts: { unchanged: 2 } })
  const rest = (await rehearse(bridge, { since: new Date(Date.parse(some.through!) + 1).toISOString() })).summary
  t.match(rest, { complete: true, events: 4 })
  t.match((await rehearse(bridge, { since: new Date(Date.now() + 1_000).toISOString() })).summary, {
    complete: true,
    events: 0,
    through: null,
  })
})

t.test('files that are not in force are not rehearsed', async t => {
  const bridge = await start(t, { rename })
  bridge.folder.write('mappings/broken.json', { ...rename, source: 'nobody' })
  await waitFor('the reload to be refused', () => bridge.bridge.live.problems.length > 0)
  bridge.folder.write('mappings/rename.json', { ...rename, on: ['another'] })
  const answer = await postApi(bridge, 'rehearsals', { since: '1h' })
  t.equal(answer.status, 409)
  t.match(answer.body.error, { code: 'files_differ', message: /health\/ready/ })
})

t.test('a request that is not one is refused with its key, without what was sent', async t => {
  const bridge = await start(t, { rename })
  const answer = await postApi(bridge, 'rehearsals', { since: 'canary-in-a-request' })
  t.equal(answer.status, 400)
  t.match(answer.body.error, { code: 'invalid_request', message: /^since: expected a duration/ })
  t.notMatch(answer.text, /canary/)
  t.equal((await postApi(bridge, 'rehearsals', `{"since":"1h","x":"${'x'.repeat(20_000)}"}`)).status, 413)
})

t.test('one rehearsal at a time; a client that goes away ends it', async t => {
  const bridge = await start(t, { rename })
  for (let n = 0; n < 120; n++) await emit(bridge, 'other', { n })
  const abort = new AbortController()
  const ask = (): Promise<Response> =>
    fetch(`${bridge.url}/api/rehearsals`, {
      method: 'POST',
      headers: { authorization: `Bearer ${ADMIN_KEY}`, 'content-type': 'application/json' },
      body: '{"since":"1h"}',
      signal: abort.signal,
    })
  const first = ask().catch(() => null)
  const busy = await waitFor('the second to be refused', async () => {
    const answer = await postApi(bridge, 'rehearsals', { since: '1h' })
    return answer.status === 409 ? answer : null
  })
  t.match(busy.body.error, { code: 'busy' })
  t.ok(busy.headers.get('retry-after'))
  abort.abort()
  await first
  t.equal(
    (
      await waitFor('it to be over', async () => {
        const answer = await postApi(bridge, 'rehearsals', { since: '1h' })
        return answer.status === 200 ? answer : null
      })
    ).status,
    200,
  )
})

t.test('the service takes deliveries and stops while a rehearsal runs', async t => {
  const bridge = await start(t, { rename })
  for (let n = 0; n < 200; n++) await emit(bridge, 'other', { n })
  const running = postApi(bridge, 'rehearsals', { since: '1h' })
  t.equal((await bridge.job(await emit(bridge, 'rename', { entry: 'ent_free', name: 'a' }))).state, 'succeeded')
  await bridge.stop()
  const { status, text } = await running
  t.equal(status, 200)
  t.match(text, /"kind":"summary"/)
})
