import t from 'tap'
import { requestsOf as allRequests, emit, one, startWorkerBridge } from '../fixtures/start-worker-bridge.ts'

/** What an answer, or its absence, does to a job: through a whole bridge (semantics.md 4). One bridge; every case has names of its own. */

const bridge = await startWorkerBridge(t, {
  mappings: {
    'bad-verify': one('bad-verify', 'createEntryBlind', {
      collectionId: 'col_products',
      payload: { name: '${payload.name}', slug: '${payload.name}', content: {} },
    }),
    drifted: one('drifted', 'entries', { collectionId: 'col_products' }),
  },
  operations: {
    'createEntryBlind.graphql': `mutation createEntryBlind($collectionId: String!, $payload: CreateEntryDto!) {
  createEntry(collectionId: $collectionId, payload: $payload) { success }
}
`,
    'createEntryBlind.json': {
      success: 'data.createEntry.success',
      effect: 'verify',
      verify: {
        operation: 'entries',
        variables: { collectionId: '${variables.collectionId}', search: '${variables.payload.name}' },
        applied: "result.entries.results[99].name == 'x'",
      },
    },
  },
})
const { sandbox } = bridge
const requestsOf = (operation: string, name: string) =>
  allRequests(bridge, operation).filter(entry => JSON.stringify(entry.variables).includes(name))
const appliedOf = (operation: string, name: string): number =>
  requestsOf(operation, name).reduce((sum, entry) => sum + entry.effects, 0)

t.afterEach(() => sandbox.clearFaults())

t.test('a version conflict starts the flow over with fresh reads', async t => {
  sandbox.addFault({ kind: 'graphql-error', operation: 'updateEntry', code: 'CONFLICT', times: 3 })
  const job = await bridge.job(await emit(bridge, 'set', { key: 'c1', entry: 'ent_pro', price: 41 }))
  t.strictSame([job.state, job.attempts], ['succeeded', 0])
  t.strictSame(
    job.history.map(attempt => attempt.operation),
    [...Array(4)].flatMap(() => ['entry', 'updateEntry']),
  )
  t.equal(sandbox.model.entries.get('ent_pro')?.content.price, 41)
})

t.test('a conflict is also told by the words alone, and given up after five', async t => {
  const message = 'Save refused: version conflict, the draft is stale'
  sandbox.addFault({ kind: 'graphql-error', operation: 'updateEntry', message, times: 6 })
  const job = await bridge.job(await emit(bridge, 'set', { key: 'c2', entry: 'ent_pro', price: 42 }))
  t.match(job, { state: 'dead', reason: 'version_conflict', message: `Somebody else kept changing it: ${message}` })
  t.equal(job.history.filter(attempt => attempt.operation === 'updateEntry').length, 6)
  t.equal(sandbox.model.entries.get('ent_pro')?.content.price, 41)
})

t.test('success: false is a refusal, in the words of the API', async t => {
  sandbox.addFault({ kind: 'refuse', operation: 'createEntry', message: 'The plan allows no more entries' })
  const job = await bridge.job(await emit(bridge, 'create', { name: 'refused', slug: 'refused' }))
  t.match(job, { state: 'dead', reason: 'rejected', message: 'The plan allows no more entries' })
  t.match(job.history, [{ outcome: 'rejected', status: 200, code: 'not_successful' }])
  t.equal(requestsOf('createEntry', 'refused').length, 1)
})

t.test('another GraphQL error is final', async t => {
  sandbox.addFault({ kind: 'graphql-error', operation: 'createEntry', code: 'VALIDATION_FAILED', message: 'No.' })
  const job = await bridge.job(await emit(bridge, 'create', { name: 'invalid', slug: 'invalid' }))
  t.match(job, { state: 'dead', reason: 'rejected', message: 'No.', history: [{ code: 'VALIDATION_FAILED' }] })
})

t.test('a field that the API no longer knows is drift of its schema', async t => {
  const message = 'Cannot query field "pagination" on type "EntryList".'
  sandbox.addFault({ kind: 'graphql-error', operation: 'entries', message })
  const job = await bridge.job(await emit(bridge, 'drifted'))
  t.match(job, {
    state: 'dead',
    reason: 'schema_drift',
    message: `The API no longer knows what the operation uses: ${message}`,
  })
})

t.test('errors beside data count as applied', async t => {
  sandbox.addFault({ kind: 'partial', operation: 'createEntry' })
  const job = await bridge.job(await emit(bridge, 'create', { name: 'partial', slug: 'partial' }))
  t.match(job, { state: 'succeeded', history: [{ outcome: 'applied', code: 'INTERNAL_SERVER_ERROR' }] })
})

t.test('a read is asked again after anything unknown, until its attempts are used up', async t => {
  sandbox.addFault({ kind: 'status', operation: 'entries', status: 502 })
  sandbox.addFault({ kind: 'garbage', operation: 'entries' })
  sandbox.addFault({ kind: 'reset-before', operation: 'entries' })
  const job = await bridge.job(await emit(bridge, 'read', { n: 'flaky' }))
  t.match(job, { state: 'succeeded', attempts: 3 })
  t.strictSame(
    job.history.map(({ outcome, code }) => `${outcome} ${code}`),
    ['unknown http_502', 'unknown invalid_answer', 'unknown reset', 'applied null'],
  )
  sandbox.addFault({ kind: 'status', operation: 'entries', status: 500, times: 10 })
  const dead = await bridge.job(await emit(bridge, 'read', { n: 'broken' }))
  t.match(dead, { state: 'dead', reason: 'attempts_used_up' })
  t.equal(dead.history.length, 4)
})

t.test('an answer that is too large, too late, or cut is unknown', async t => {
  sandbox.addFault({ kind: 'huge', operation: 'entries' })
  sandbox.addFault({ kind: 'hang', operation: 'entries' })
  sandbox.addFault({ kind: 'truncated', operation: 'entries' })
  const job = await bridge.job(await emit(bridge, 'read', { n: 'odd' }))
  t.equal(job.state, 'succeeded')
  t.strictSame(
    job.history.map(({ code }) => code),
    ['oversize', 'deadline', 'reset', null],
  )
})

t.test('a redirect is not followed', async t => {
  sandbox.addFault({ kind: 'redirect', operation: 'entries', url: `${sandbox.baseUrl}/graphql?elsewhere` })
  const job = await bridge.job(await emit(bridge, 'read', { n: 'redirected' }))
  t.match(job, { state: 'succeeded', history: [{ outcome: 'not_sent', code: 'redirect' }, { outcome: 'applied' }] })
})

t.test('verify: a write whose answer was lost is found, and not sent again', async t => {
  sandbox.addFault({ kind: 'reset-after', operation: 'createEntry' })
  const job = await bridge.job(await emit(bridge, 'create', { name: 'found', slug: 'found' }))
  t.equal(job.state, 'succeeded')
  t.strictSame(
    job.history.map(({ step, operation, outcome }) => `${step} ${operation} ${outcome}`),
    ['a createEntry unknown', 'a? entries applied'],
  )
  t.equal(appliedOf('createEntry', '"found"'), 1)
})

t.test('verify: a write that is not there after three looks is sent again, once', async t => {
  sandbox.addFault({ kind: 'reset-before', operation: 'createEntry' })
  const job = await bridge.job(await emit(bridge, 'create', { name: 'absent', slug: 'absent' }))
  t.equal(job.state, 'succeeded')
  t.strictSame(
    job.history.map(({ operation, outcome }) => `${operation} ${outcome}`),
    ['createEntry unknown', 'entries applied', 'entries applied', 'entries applied', 'createEntry applied'],
  )
  t.equal(appliedOf('createEntry', '"absent"'), 1)
})

t.test('verify: a write that is never there is given up when its attempts are used up', async t => {
  sandbox.addFault({ kind: 'reset-before', operation: 'createEntry', times: 20 })
  const job = await bridge.job(await emit(bridge, 'create', { name: 'swallowed', slug: 'swallowed' }))
  t.match(job, {
    state: 'dead',
    reason: 'attempts_used_up',
    message:
      '4 attempts failed, the last one because: The answer to "createEntry" was lost, and the API says that nothing was written',
  })
  t.equal(requestsOf('createEntry', '"swallowed"').length, 4)
  t.equal(requestsOf('entries', '"swallowed"').length, 12, 'asked three times after each')
})

t.test('verify: something else in its place is for a person', async t => {
  // the slug is taken, so the write that went through came out as different-2
  t.equal((await bridge.job(await emit(bridge, 'create', { name: 'different', slug: 'different' }))).state, 'succeeded')
  sandbox.addFault({ kind: 'reset-after', operation: 'createEntry' })
  const job = await bridge.job(await emit(bridge, 'create', { name: 'different', slug: 'different' }))
  t.match(job, {
    state: 'held',
    reason: 'found_different',
    message: 'The answer to "createEntry" was lost: something is there, but not what was sent',
  })
  t.equal(requestsOf('createEntry', '"different"').length, 2)
})

t.test('verify: an API that cannot be asked is asked later, and never sent the write again unasked', async t => {
  sandbox.addFault({ kind: 'reset-after', operation: 'createEntry' })
  sandbox.addFault({ kind: 'status', operation: 'entries', status: 503, times: 2 })
  const job = await bridge.job(await emit(bridge, 'create', { name: 'unasked', slug: 'unasked' }))
  t.equal(job.state, 'succeeded')
  t.strictSame(
    job.history.map(({ operation, outcome }) => `${operation} ${outcome}`),
    ['createEntry unknown', 'entries unknown', 'entries unknown', 'entries applied'],
  )
  t.equal(appliedOf('createEntry', '"unasked"'), 1)
})

t.test('verify: an API that can never be asked leaves it to a person', async t => {
  sandbox.addFault({ kind: 'reset-after', operation: 'createEntry' })
  sandbox.addFault({ kind: 'graphql-error', operation: 'entries', message: 'Gone.', times: 100 })
  const job = await bridge.job(await emit(bridge, 'create', { name: 'never', slug: 'never' }))
  t.match(job, { state: 'held', reason: 'in_doubt', message: /and the API could not be asked: Gone\.$/ })
  t.equal(requestsOf('createEntry', '"never"').length, 1)
})

t.test('verify: 429 pauses the token by the backoff where the API does not say how long', async t => {
  sandbox.addFault({ kind: 'reset-after', operation: 'createEntry' })
  sandbox.addFault({ kind: 'rate-limit', operation: 'entries', retryAfter: null })
  const id = await emit(bridge, 'create', { name: 'paused', slug: 'paused' })
  t.equal((await bridge.job(id)).state, 'succeeded')
  const [ledger] = await bridge.bridge.store.readIntegrations()
  const limited = requestsOf('entries', 'paused').find(entry => entry.status === 429)!
  t.ok(ledger!.pausedUntil! >= limited.receivedAt + 20, 'at least the base')
  t.equal(appliedOf('createEntry', '"paused"'), 1)
})

t.test('verify: a query whose answer cannot be read is no proof of absence', async t => {
  sandbox.addFault({ kind: 'reset-before', operation: 'createEntryBlind' })
  const job = await bridge.job(await emit(bridge, 'bad-verify', { name: 'blind' }))
  t.match(job, { state: 'held', reason: 'found_different', message: /the verify query could not be read/ })
  t.equal(requestsOf('createEntryBlind', '"blind"').length, 1)
})

t.test('once: a lost answer is for a person, whether it was applied or not', async t => {
  for (const kind of ['reset-after', 'reset-before', 'hang'] as const) {
    sandbox.addFault({ kind, operation: 'appendOnce' })
    const job = await bridge.job(await emit(bridge, 'once', { name: `once ${kind}` }))
    t.match(job, { state: 'held', reason: 'in_doubt', history: [{ outcome: 'unknown', effect: 'once' }] }, kind)
    t.equal(requestsOf('appendOnce', `once ${kind}`).length, 1)
  }
  sandbox.addFault({ kind: 'redirect', operation: 'appendOnce', url: sandbox.url })
  t.equal(
    (await bridge.job(await emit(bridge, 'once', { name: 'once later' }))).state,
    'succeeded',
    'what was not sent is',
  )
})

t.test('keyed: the same key is sent again, and the effect is one', async t => {
  sandbox.addFault({ kind: 'reset-after', operation: 'createPage', times: 2 })
  const job = await bridge.job(await emit(bridge, 'keyed', { name: 'keyed-page' }))
  t.equal(job.state, 'succeeded')
  const sent = requestsOf('createPage', 'keyed-page')
  t.equal(sent.length, 3)
  t.equal(new Set(sent.map(entry => (entry.variables as { idempotencyKey: string }).idempotencyKey)).size, 1)
  t.equal(appliedOf('createPage', 'keyed-page'), 1)
})

t.test('an endpoint that refuses the connection costs attempts, and nothing is in doubt', async t => {
  const { config } = bridge.bridge.live.setup
  const { endpoint } = config
  config.endpoint = 'http://127.0.0.1:9/graphql'
  const job = await bridge.job(await emit(bridge, 'once', { name: 'unreachable' }))
  config.endpoint = endpoint
  t.match(job, { state: 'dead', reason: 'attempts_used_up', message: /The API host refused the connection$/ })
  t.strictSame([...new Set(job.history.map(({ outcome, code }) => `${outcome} ${code}`))], ['not_sent refused'])
})

t.test('T067 a text of 1 MB in a name or a slug is a dead letter, and nothing is written', async t => {
  const long = 'a'.repeat(1_000_000)
  const cases = [
    ['create', { name: long, slug: 'short-1' }, 'rejected'],
    ['create', { name: 'short-2', slug: long }, 'rejected'],
    // in the name and in the slug
    ['keyed', { name: long }, 'variables_too_large'],
  ] as const
  for (const [type, payload, reason] of cases) {
    const job = await bridge.job(await emit(bridge, type, payload))
    t.match(job, { state: 'dead', reason })
    t.ok((job.message ?? '').length < 500, 'the text is not repeated')
  }
  for (const name of [long, 'short-2']) t.equal(appliedOf('createEntry', `"${name}"`), 0)
  t.strictSame(requestsOf('createPage', long), [], 'not even sent')
  t.match(await bridge.job(await emit(bridge, 'create', { name: 'after', slug: 'after' })), { state: 'succeeded' })
})
