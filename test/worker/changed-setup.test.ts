import { rmSync } from 'node:fs'
import t from 'tap'
import { readOperation } from '../fixtures/call-sandbox.ts'
import { waitFor } from '../fixtures/start-test-bridge.ts'
import { emit, INTEGRATION, MAPPINGS, one, requestsOf, startWorkerBridge } from '../fixtures/start-worker-bridge.ts'

/** What a change of the files does to jobs that are queued or under way. */

const create = (name: string) => ({ collectionId: 'col_products', payload: { name, slug: name, content: {} } })
const TWO_WRITES = {
  source: 'open',
  on: ['two'],
  integration: 'ci',
  steps: [
    { id: 'a', operation: 'createEntry', variables: create('first-of-two') },
    { id: 'b', operation: 'createEntry', variables: create('second-of-two') },
  ],
}

const bridge = await startWorkerBridge(t, {
  config: { integrations: { ci: INTEGRATION, other: INTEGRATION }, limits: { settle: '50ms', requestTimeout: '2s' } },
  mappings: {
    two: TWO_WRITES,
    later: one('later', 'entries', { collectionId: 'col_products', search: 'later' }, { runAt: '700ms' }),
    elsewhere: one('elsewhere', 'entries', { collectionId: 'col_products' }, { runAt: '700ms', integration: 'other' }),
    moving: one('moving', 'entries', { collectionId: 'col_products', search: 'before' }, { runAt: '700ms' }),
  },
})
const { folder, sandbox } = bridge

t.test('a mapping that changed after a write holds what is left of the job', async t => {
  const id = await emit(bridge, 'two')
  t.equal((await bridge.job(id)).state, 'succeeded', 'undisturbed it succeeds')

  sandbox.reset()
  sandbox.addFault({ kind: 'delay', operation: 'createEntry', ms: 300 })
  const again = await emit(bridge, 'two')
  await waitFor('the first write to be under way', () => requestsOf(bridge, 'createEntry').length > 0)
  // nothing of this is in force for a run that has begun; the next run of the job sees it
  sandbox.addFault({ kind: 'rate-limit', operation: 'createEntry', retryAfter: 1 })
  const [a, b] = TWO_WRITES.steps
  folder.write('mappings/two.json', { ...TWO_WRITES, steps: [{ ...a, id: 'renamed' }, b] })
  t.ok(await bridge.reload('test'))
  const job = await bridge.job(again)
  t.match(job, { state: 'held', reason: 'mapping_changed' })
  t.strictSame(
    job.history.map(({ step, outcome }) => `${step} ${outcome}`),
    ['a applied', 'b rejected'],
  )
})

t.test('a mapping that changed before anything was written is used as it is now', async t => {
  const id = await emit(bridge, 'moving')
  folder.write('mappings/moving.json', one('moving', 'entries', { collectionId: 'col_products', search: 'after' }))
  t.ok(await bridge.reload('test'))
  const job = await bridge.job(id)
  t.equal(job.state, 'succeeded')
  t.match(job.history, [{ variables: /"after"/ }])
})

t.test('a job whose mapping is gone is held', async t => {
  const id = await emit(bridge, 'later')
  rmSync(`${folder.path}/mappings/later.json`)
  t.ok(await bridge.reload('test'))
  t.match(await bridge.job(id), {
    state: 'held',
    reason: 'mapping_missing',
    message: 'The mapping "later" is no longer there',
  })
})

t.test('a job whose integration is gone is not lost, and goes on when it is back', async t => {
  const id = await emit(bridge, 'elsewhere')
  const config = JSON.parse(folder.read('bridge.json'))
  const mapping = folder.read('mappings/elsewhere.json')
  folder.write('bridge.json', { ...config, integrations: { ci: INTEGRATION } })
  folder.write('mappings/elsewhere.json', MAPPINGS.read)
  t.ok(await bridge.reload('test'))
  await new Promise(resolve => setTimeout(resolve, 1_000))
  t.match((await bridge.bridge.store.readEvent(id))?.jobs, [{ state: 'queued', history: [] }], 'nothing is sent for it')
  folder.write('bridge.json', config)
  folder.write('mappings/elsewhere.json', mapping)
  t.ok(await bridge.reload('test'))
  t.equal((await bridge.job(id)).state, 'succeeded')
})

t.test('a new operation of the folder takes the place of the shipped one', async t => {
  const query = `# ours\n${readOperation('entries')}`
  folder.write('mappings/operations/entries.graphql', query)
  t.ok(await bridge.reload('test'))
  t.equal(bridge.bridge.live.setup.operations.get('entries')?.document, query)
  t.equal((await bridge.job(await emit(bridge, 'moving'))).state, 'succeeded')
})
