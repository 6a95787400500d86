import t from 'tap'
import { emit, INTEGRATION, one, requestsOf, startWorkerBridge } from '../fixtures/start-worker-bridge.ts'

/** The fields of a collection are read once for many jobs (read-cache.ts). */

const fields = { id: 'fields', operation: 'collection', variables: { collectionId: '${payload.collection}' } }
const named = '${steps.fields.collection.fields[0].name}'
const search = { id: 'a', operation: 'entries', variables: { collectionId: '${payload.collection}', search: named } }
const count = 'size(steps.fields.collection.fields)'
const flow = (type: string, steps: unknown[], rest = {}) => ({
  source: 'open',
  on: [type],
  integration: 'ci',
  steps,
  ...rest,
})

const mappings = {
  uses: flow('uses', [fields, search]),
  other: flow('other', [fields, search], { integration: 'other' }),
  holds: flow('holds', [fields, { id: 'few', if: `${count} < payload.least`, hold: `There are \${${count}}` }]),
  fails: flow('fails', [
    fields,
    { ...search, variables: { collectionId: 'x', search: '${steps.fields.collection.fields[60].name}' } },
  ]),
  dies: flow('dies', [{ id: 'a', operation: 'entry', variables: { entryId: 'ent_none' } }]),
  last: one('last', 'collection', { collectionId: '${payload.collection}' }),
}
const config = { integrations: { ci: INTEGRATION, other: INTEGRATION } }

async function open(t: Parameters<typeof startWorkerBridge>[0]) {
  const bridge = await startWorkerBridge(t, { mappings, config })
  const run = async (type: string, payload: object = {}) =>
    bridge.job(await emit(bridge, type, { collection: 'col_products', ...payload }))
  return { bridge, run, reads: () => requestsOf(bridge, 'collection').length }
}

t.test('a second job uses what the first one read, and its run shows no request for it', async t => {
  const { run, reads } = await open(t)
  t.match(await run('uses'), { state: 'succeeded' })
  const second = await run('uses')
  t.equal(second.state, 'succeeded')
  t.strictSame(
    second.history.map(({ operation }) => operation),
    ['entries'],
  )
  t.equal(reads(), 1)
  t.match(await run('last'), { state: 'succeeded', history: [] }, 'a flow that ends with a kept read ends well')
})

t.test('another collection and another integration are read on their own', async t => {
  const { run, reads } = await open(t)
  await run('uses')
  await run('uses', { collection: 'col_posts' })
  t.equal(reads(), 2)
  await run('other')
  t.equal(reads(), 3)
})

t.test('a hold or a failure that rests on a kept read is judged once more with a fresh one', async t => {
  const { bridge, run, reads } = await open(t)
  const collection = bridge.sandbox.model.collections.get('col_products')!
  await run('uses')
  collection.fields.push({ ...collection.fields[0]!, name: 'added' })
  t.match(await run('holds', { least: 7 }), { state: 'succeeded' }, 'the field that was added is seen')
  t.equal(reads(), 2)
  t.match(await run('holds', { least: 8 }), { state: 'held', message: 'There are 7' })
  t.equal(reads(), 3, 'asked once more, not for ever')
  t.match(await run('fails'), { state: 'dead', reason: 'missing_key' })
  t.equal(reads(), 4)
})

t.test('a refusal makes the integration read afresh', async t => {
  const { run, reads } = await open(t)
  await run('uses')
  t.match(await run('dies'), { state: 'dead' })
  await run('uses')
  t.equal(reads(), 2)
})
