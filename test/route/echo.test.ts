import t, { type Test } from 'tap'
import { call, openSandbox } from '../fixtures/call-sandbox.ts'
import { SOURCES, startTestBridge, type TestBridge } from '../fixtures/start-test-bridge.ts'
import { emit, one, requestsOf } from '../fixtures/start-worker-bridge.ts'

const sources = { ...SOURCES, pixelesq: { scheme: 'pixelesq', secrets: ['env:ZAPIER_TOKEN'] } }
const save = one('save', 'renameEntry', { entryId: '${payload.entry}', name: 'by the bridge' })
const content = { name: '${payload.name}', slug: '${payload.name}', content: {} }
const make = one('make', 'createEntry', { collectionId: 'col_products', payload: content })
const NEW = { name: 'quite-new', slug: 'quite-new' }
/** The loop itself: whatever is saved is saved again. */
const loop = one('entry.*', 'renameEntry', { entryId: '${payload.entry_id}', name: 'again' }, { source: 'pixelesq' })

function start(t: Test, mappings: Record<string, unknown>): Promise<TestBridge> {
  return startTestBridge(t, { config: { sources }, mappings: { save, make, ...mappings } })
}

/** An event of Pixelesq, as a template of the dashboard may write it. */
function hear(bridge: TestBridge, payload: object, type = 'entry.saved'): Promise<string> {
  return bridge.deliver('pixelesq', { ...payload, nonce: crypto.randomUUID() }, { type })
}

t.test('a mapping that saves what was saved does not go round', async t => {
  const bridge = await start(t, { loop })
  const job = await bridge.job(await emit(bridge, 'save', { entry: 'ent_free' }))
  t.equal(job.state, 'succeeded')
  const heard = await bridge.settled(await hear(bridge, { entry_id: 'ent_free' }))
  t.match(heard, { outcome: 'echo', jobs: [], detail: { reason: 'echo', job: job.id, operation: 'renameEntry' } })
  t.match(heard.detail, { mappings: [{ mapping: 'loop', matched: true, jobs: 0, skipped: 'echo' }] })
  t.equal(requestsOf(bridge, 'renameEntry').length, 1)
})

t.test('what a person saves elsewhere, or what only a publish causes, is mapped', async t => {
  const save = one('save', 'updateEntry', { entryId: 'ent_free', lastVersion: 1, content: { price: 1 } })
  const bridge = await start(t, { save, loop })
  t.equal((await bridge.job(await emit(bridge, 'save'))).state, 'succeeded')
  t.equal((await bridge.settled(await hear(bridge, { entry_id: 'ent_pro' }))).outcome, 'matched')
  const published = await bridge.settled(await hear(bridge, { entry_id: 'ent_free' }, 'entry.published'))
  t.equal(published.outcome, 'matched', 'a person published the draft the bridge had saved')
})

t.test('"onEcho": "run" maps echoes too', async t => {
  const bridge = await start(t, { loop: { ...loop, onEcho: 'run' } })
  await bridge.job(await emit(bridge, 'save', { entry: 'ent_free' }))
  const heard = await bridge.settled(await hear(bridge, { entry_id: 'ent_free' }))
  t.match(heard, { outcome: 'matched', detail: { reason: 'echo' }, jobs: [{ mapping: 'loop', state: 'succeeded' }] })
})

t.test('events of other systems that name the same id are no echoes', async t => {
  const other = one('entry.saved', 'renameEntry', { entryId: '${payload.entry_id}', name: 'again' })
  const bridge = await start(t, { other })
  await bridge.job(await emit(bridge, 'save', { entry: 'ent_free' }))
  const heard = await bridge.settled(await emit(bridge, 'entry.saved', { entry_id: 'ent_free' }))
  t.match(heard, { outcome: 'matched', jobs: [{ state: 'succeeded' }] })
})

t.test('the webhook of a write is here before its answer: it is an echo', async t => {
  const bridge = await start(t, { loop })
  bridge.sandbox.addFault({ kind: 'delay', ms: 1_500, operation: 'renameEntry' })
  const wrote = await emit(bridge, 'save', { entry: 'ent_free' })
  await bridge.settled(wrote, ({ jobs }) => jobs[0]?.history[0]?.sentAt !== undefined)
  const heard = await bridge.settled(await hear(bridge, { entry_id: 'ent_free' }))
  t.equal(heard.outcome, 'echo')
  t.equal((await bridge.job(wrote)).state, 'succeeded')
})

t.test('the webhook of something new is here before its id: its job waits, and is called off', async t => {
  const bridge = await start(t, { loop })
  // ids of the sandbox count up: one in the same state gives the same
  const twin = await openSandbox(t)
  const id = (await call(twin, 'createEntry', { collectionId: 'col_products', payload: { ...content, ...NEW } })).entry
    .id
  bridge.sandbox.addFault({ kind: 'delay', ms: 1_500, operation: 'createEntry' })
  const made = await emit(bridge, 'make', NEW)
  await bridge.settled(made, ({ jobs }) => jobs[0]?.history[0] !== undefined)
  const heard = await hear(bridge, { entry_id: id })
  const waiting = await bridge.settled(heard, ({ jobs }) => jobs[0]?.state === 'queued')
  t.ok(waiting.jobs[0]!.nextAttemptAt > Date.now(), 'it waits')
  t.equal((await bridge.job(made)).state, 'succeeded')
  t.ok(bridge.sandbox.model.entries.has(id))
  const settled = await bridge.settled(heard)
  t.match(settled, { outcome: 'echo', jobs: [{ state: 'superseded', reason: 'echo' }] })
  t.equal(requestsOf(bridge, 'renameEntry').length, 0)
})
