import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { waitFor } from '../fixtures/start-test-bridge.ts'
import {
  emit,
  INTEGRATION,
  LIMITS,
  OPERATIONS,
  one,
  requestsOf,
  startWorkerBridge,
} from '../fixtures/start-worker-bridge.ts'

/** When, in what order and how often jobs run. */

const entries = { collectionId: 'col_products', search: '${payload.n}' }
const bridge = await startWorkerBridge(t, {
  config: {
    integrations: {
      ci: INTEGRATION,
      slow: { ...INTEGRATION, concurrency: 1 },
      capped: { ...INTEGRATION, rateLimit: { perMinute: 5 } },
      two: { ...INTEGRATION, concurrency: 2 },
      paused: INTEGRATION,
      limited: INTEGRATION,
    },
    limits: { ...LIMITS, jobsPerEvent: 10 },
  },
  mappings: {
    expires: one('expires', 'entries', entries, { expiresAfter: '600ms' }),
    late: one('late', 'entries', entries, { runAt: '400ms' }),
    each: one(
      'each',
      'entries',
      { collectionId: 'col_products', search: '${item.name}' },
      { forEach: 'payload.items', order: '${item.name}' },
    ),
    latest: one('latest', 'entries', entries, { order: '${payload.key}', coalesce: 'latest', integration: 'slow' }),
    ordered: one('ordered', 'entries', entries, { order: '${payload.key}' }),
    capped: one('capped', 'entries', entries, { integration: 'capped' }),
    waits: one('waits', 'entries', entries, { expiresAfter: '600ms', integration: 'paused' }),
    limits: one('limits', 'entries', entries, { integration: 'limited' }),
    writes: {
      source: 'open',
      on: ['writes'],
      integration: 'limited',
      expiresAfter: '1s',
      steps: [
        { id: 'page', operation: 'page', variables: { pageId: '${payload.page}' } },
        { id: 'off', operation: 'unpublishPage', variables: { pageId: '${steps.page.page.id}' } },
      ],
    },
    two: one('two', 'entries', entries, { integration: 'two' }),
    steps: {
      source: 'open',
      on: ['steps'],
      integration: 'ci',
      steps: [
        { id: 'found', operation: 'entries', variables: { collectionId: 'col_products', search: '${payload.name}' } },
        { id: 'skipped', if: 'size(steps.found.entries.results) == 0', hold: 'nothing of the name ${payload.name}' },
        { id: 'entry', operation: 'entry', variables: { entryId: '${steps.found.entries.results[0].id}' } },
        {
          id: 'never',
          if: 'size(steps.found.entries.results) > 5',
          operation: 'entry',
          variables: { entryId: 'ent_free' },
        },
      ],
    },
  },
  operations: OPERATIONS,
})
const { sandbox } = bridge
const seen = (text: string) => requestsOf(bridge).filter(entry => JSON.stringify(entry.variables).includes(text))
t.afterEach(() => sandbox.clearFaults())

t.test('a job that has not succeeded in its time is dead', async t => {
  t.equal((await bridge.job(await emit(bridge, 'read', { n: 'warm' }))).state, 'succeeded')
  sandbox.addFault({ kind: 'status', operation: 'entries', status: 503, times: 2 })
  sandbox.addFault({ kind: 'rate-limit', operation: 'entries', retryAfter: 1 })
  const job = await bridge.job(await emit(bridge, 'expires', { n: 'expires' }))
  t.match(job, { state: 'dead', reason: 'expired', message: /expiresAfter/ })
  t.equal(seen('expires').length, 3, 'and is not tried again')
})

t.test('a job whose token has to wait is dead in its time', async t => {
  sandbox.addFault({ kind: 'rate-limit', operation: 'entries', retryAfter: 3_600 })
  const paused = await bridge.job(await emit(bridge, 'waits', { n: 'paused' }), 'dead')
  t.match(paused, { state: 'dead', reason: 'expired' })
  t.equal(seen('paused').length, 1)
})

t.test('a write is not sent after the time of its job, also where the job has read and waits for its turn', async t => {
  sandbox.addFault({ kind: 'delay', operation: 'page', ms: 300 })
  const id = await emit(bridge, 'writes', { page: 'pg_status' })
  await waitFor('the read', () => requestsOf(bridge, 'page').length > 0)
  sandbox.addFault({ kind: 'rate-limit', operation: 'entries', retryAfter: 2 })
  await emit(bridge, 'limits', { n: 'limits' })
  t.match(await bridge.job(id, 'dead'), { state: 'dead', reason: 'expired', history: [{ operation: 'page' }] })
  await sleep(2_500)
  t.equal(requestsOf(bridge, 'unpublishPage').length, 0)
})

t.test('a job runs at its time, not before', async t => {
  const deliveredAt = Date.now()
  const id = await emit(bridge, 'late', { n: 'late' })
  t.match((await bridge.settled(id, () => true)).jobs, [{ state: 'queued' }])
  t.equal((await bridge.job(id)).state, 'succeeded')
  t.ok(seen('"late"')[0]!.receivedAt >= deliveredAt + 400)
})

t.test('forEach makes one job per element, as many as limits.jobsPerEvent', async t => {
  const items = Array.from({ length: 10 }, (_, i) => ({ name: `item ${i}` }))
  const { jobs } = await bridge.settled(await emit(bridge, 'each', { items }))
  t.strictSame(
    jobs.map(({ itemIndex, orderKey, state }) => [itemIndex, orderKey, state]),
    items.map(({ name }, i) => [i, name, 'succeeded']),
  )
  for (const { name } of items) t.equal(seen(`"${name}"`).length, 1, name)
  const none = await bridge.settled(await emit(bridge, 'each', { items: [] }))
  t.strictSame([none.outcome, none.jobs], ['matched', []])
  const many = await bridge.settled(await emit(bridge, 'each', { items: [...items, { name: 'one more' }] }))
  t.match(many.jobs, [{ state: 'dead', reason: 'too_many_items' }])
  const wrong = await bridge.settled(await emit(bridge, 'each', { items: 'text' }))
  t.match(wrong.jobs, [{ state: 'dead', reason: 'mapping_type' }])
})

t.test('a newer job takes the place of one that has not started', async t => {
  sandbox.addFault({ kind: 'delay', operation: 'entries', ms: 500 })
  const ids = []
  for (let n = 0; n < 6; n++) {
    ids.push(await emit(bridge, 'latest', { n: `latest ${n}`, key: 'k' }))
    // the first must have started before the second comes
    if (n === 0) await waitFor('the first to start', () => seen('latest 0').length > 0)
  }
  const states = await Promise.all(ids.map(async id => (await bridge.settled(id)).jobs[0]?.state))
  t.strictSame(states, ['succeeded', ...Array(4).fill('superseded'), 'succeeded'])
  t.strictSame(
    seen('latest ').map(entry => (entry.variables as { search: string }).search),
    ['latest 0', 'latest 5'],
  )
  const other = await emit(bridge, 'latest', { n: 'latest other', key: 'another' })
  t.equal((await bridge.job(other)).state, 'succeeded', 'of its own key only')
})

t.test('jobs of one order key run in the order of their events, also through retries, and others pass', async t => {
  sandbox.addFault({ kind: 'status', operation: 'entries', status: 503, times: 3 })
  const first = await emit(bridge, 'ordered', { n: 'ordered 0', key: 'k' })
  const ids = [first]
  for (let n = 1; n < 10; n++) ids.push(await emit(bridge, 'ordered', { n: `ordered ${n}`, key: 'k' }))
  const passing = await emit(bridge, 'ordered', { n: 'passing', key: 'free' })
  for (const id of [...ids, passing]) t.equal((await bridge.job(id)).state, 'succeeded')
  const order = seen('ordered ')
    .filter(entry => entry.status === 200)
    .map(entry => (entry.variables as { search: string }).search)
  t.strictSame(
    order,
    Array.from({ length: 10 }, (_, n) => `ordered ${n}`),
  )
})

t.test('a dead job lets its key go on, a held one does not', async t => {
  sandbox.addFault({ kind: 'graphql-error', operation: 'entries', message: 'No.' })
  const dead = await emit(bridge, 'ordered', { n: 'dies', key: 'd' })
  const after = await emit(bridge, 'ordered', { n: 'after', key: 'd' })
  t.equal((await bridge.job(dead)).state, 'dead')
  t.equal((await bridge.job(after)).state, 'succeeded')
})

t.test('an "if" that is false skips its step; a hold ends the job for a person', async t => {
  const done = await bridge.job(await emit(bridge, 'steps', { name: 'Pro plan' }))
  t.strictSame([done.state, done.history.map(({ step }) => step)], ['succeeded', ['found', 'entry']])
  const held = await bridge.job(await emit(bridge, 'steps', { name: 'no such name' }))
  t.match(held, { state: 'held', reason: 'mapping_held', message: 'nothing of the name no such name' })
  t.strictSame(
    held.history.map(({ step }) => step),
    ['found'],
  )
})

t.test('no integration exceeds its requests at once', async t => {
  sandbox.addFault({ kind: 'delay', operation: 'entries', ms: 60, times: 12 })
  const ids = await Promise.all(Array.from({ length: 12 }, (_, n) => emit(bridge, 'two', { n: `two ${n}` })))
  for (const id of ids) t.equal((await bridge.job(id)).state, 'succeeded')
  const windows = seen('"two ').map(({ monotonicMs, finishedMs }) => ({ from: monotonicMs, to: finishedMs! }))
  t.equal(windows.length, 12)
  const atOnce = windows.map(({ from }) => windows.filter(other => other.from <= from && from < other.to).length)
  t.equal(Math.max(...atOnce), 2)
})

t.test('no integration exceeds its requests per minute; what is above it waits', async t => {
  const ids = await Promise.all(Array.from({ length: 12 }, (_, n) => emit(bridge, 'capped', { n: `capped ${n}` })))
  await waitFor('five requests', () => seen('"capped ').length >= 5)
  await new Promise(resolve => setTimeout(resolve, 600))
  t.equal(seen('"capped ').length, 5)
  const jobs = await Promise.all(ids.map(async id => (await bridge.bridge.store.readEvent(id))!.jobs[0]!))
  t.equal(jobs.filter(({ state }) => state === 'succeeded').length, 5)
  for (const job of jobs.filter(({ state }) => state === 'queued')) t.strictSame(job.attempts, 0)
  t.equal(
    (await bridge.job(await emit(bridge, 'read', { n: 'others' }))).state,
    'succeeded',
    'other integrations go on',
  )
})
