import { rmSync } from 'node:fs'
import t, { type Test } from 'tap'
import type { z } from 'zod'
import { actAnswer, jobAnswer, jobsAnswer } from '../../../src/admin/job-answers.ts'
import { ADMIN_KEY, getApi, postApi } from '../../fixtures/call-api.ts'
import type { Answer, TestBridge } from '../../fixtures/start-test-bridge.ts'
import { emit, one, requestsOf, startWorkerBridge } from '../../fixtures/start-worker-bridge.ts'

type Job = z.output<typeof jobAnswer>

const rename = (name: string): object => one('rename', 'renameEntry', { entryId: '${payload.entry}', name })
const two = {
  source: 'open',
  on: ['two'],
  integration: 'ci',
  order: 'k',
  steps: [
    {
      id: 'made',
      operation: 'appendOnce',
      variables: { collectionId: 'col_products', payload: { name: 'one', content: {} } },
    },
    { id: 'named', operation: 'renameEntry', variables: { entryId: 'ent_free', name: '${payload.name}' } },
  ],
}

function start(t: Test, mappings: Record<string, unknown> = {}): Promise<TestBridge> {
  return startWorkerBridge(t, { mappings, env: { BRIDGE_ADMIN_KEY: ADMIN_KEY } })
}
async function read(bridge: TestBridge, id: string): Promise<Job> {
  const { status, text } = await getApi(bridge, `jobs/${id}`)
  if (status !== 200) throw new Error(`${status} ${text}`)
  return jobAnswer.parse(JSON.parse(text))
}
async function list(bridge: TestBridge, query: string): Promise<string[]> {
  const { text } = await getApi(bridge, `jobs${query}`)
  return jobsAnswer.parse(JSON.parse(text)).jobs.map(({ id }) => id)
}
async function act(bridge: TestBridge, id: string, act: string, body: object = {}): Promise<Answer> {
  const answer = await postApi(bridge, `jobs/${id}/${act}`, body)
  if (answer.status === 200) actAnswer.parse(answer.body)
  return answer
}
async function change(bridge: TestBridge, name: string, mapping: object): Promise<void> {
  bridge.folder.write(`mappings/${name}.json`, mapping)
  if (!(await bridge.reload('test'))) throw new Error('not in force')
}
/** A job whose `once` write got no answer: held. */
async function holdOnce(bridge: TestBridge, type: string, isApplied: boolean): Promise<string> {
  bridge.sandbox.addFault({ kind: isApplied ? 'reset-after' : 'reset-before', operation: 'appendOnce' })
  return (await bridge.job(await emit(bridge, type, { name: 'n' }), 'held')).id
}

t.test('a dead job is listed with its reason, and retried with the mapping as it is now', async t => {
  const bridge = await start(t, { rename: rename('${payload.label}') })
  const eventId = await emit(bridge, 'rename', { entry: 'ent_free', name: 'x' })
  const { id } = await bridge.job(eventId, 'dead')
  t.same(await list(bridge, '?state=dead'), [id])
  t.same(await list(bridge, '?state=held,in_doubt'), [])
  t.match(await read(bridge, id), {
    eventId,
    source: 'open',
    type: 'rename',
    state: 'dead',
    reason: 'missing_key',
    can: ['retry'],
    payloadKept: true,
    history: [],
  })
  t.match(await act(bridge, id, 'retry'), { status: 200, body: { id, state: 'queued', message: 'Retried by "env"' } })
  t.match(await bridge.job(eventId, 'dead'), { reason: 'missing_key' }, 'nothing has changed')
  await change(bridge, 'rename', rename('${payload.name}'))
  t.equal((await act(bridge, id, 'retry')).status, 200)
  t.match(await bridge.job(eventId, 'succeeded'), { id })
  t.match(await read(bridge, id), {
    state: 'succeeded',
    can: [],
    history: [{ operation: 'renameEntry', variables: { entryId: 'ent_free', name: 'x' }, outcome: 'applied' }],
  })
  t.match(await act(bridge, id, 'retry'), { status: 409, body: { error: { code: 'wrong_state' } } })
  t.ok(
    bridge.log().some(line => line.msg === 'act' && line.admin === 'env' && line.act === 'retry' && line.jobId === id),
  )
})

t.test('a write said not to be applied is sent again, and the key goes on', async t => {
  const bridge = await start(t, { two })
  const id = await holdOnce(bridge, 'two', false)
  const behind = await emit(bridge, 'two', { name: 'behind' })
  t.match(await read(bridge, id), {
    state: 'held',
    reason: 'in_doubt',
    can: ['discard', 'settle'],
    doubt: { step: 'made', operation: 'appendOnce', variables: { collectionId: 'col_products' } },
    history: [{ step: 'made', outcome: 'unknown' }],
  })
  t.match(await act(bridge, id, 'retry'), { status: 409, body: { error: { code: 'in_doubt', message: /settle it/ } } })
  t.match(await act(bridge, id, 'settle', { applied: false }), { status: 200, body: { state: 'queued' } })
  t.match(await bridge.job(behind, 'succeeded'), {})
  t.match(await read(bridge, id), { state: 'succeeded', done: [{ id: 'made' }, { id: 'named' }], doubt: null })
  t.equal(requestsOf(bridge, 'appendOnce').length, 3)
})

t.test('a write said to be applied is not sent again: the job goes on after it', async t => {
  const bridge = await start(t, { two })
  const id = await holdOnce(bridge, 'two', true)
  t.match(await act(bridge, id, 'settle', { applied: true }), { status: 200, body: { state: 'queued' } })
  const { eventId } = await read(bridge, id)
  await bridge.job(eventId, 'succeeded')
  t.equal(requestsOf(bridge, 'appendOnce').length, 1)
  t.equal(requestsOf(bridge, 'renameEntry').length, 1)
})

t.test('where it was the last write, the job succeeds without another request', async t => {
  const bridge = await start(t)
  const id = await holdOnce(bridge, 'once', true)
  t.equal((await act(bridge, id, 'settle', { applied: true })).status, 200)
  await bridge.job((await read(bridge, id)).eventId, 'succeeded')
  t.equal(requestsOf(bridge).length, 1)
})

t.test('what the write would have answered is there for later steps', async t => {
  const named = {
    id: 'named',
    operation: 'renameEntry',
    variables: { entryId: '${steps.made.createEntry.entry.id}', name: 'z' },
  }
  const bridge = await start(t, { two: { ...two, steps: [two.steps[0], named] } })
  const id = await holdOnce(bridge, 'two', true)
  t.equal((await act(bridge, id, 'settle', { applied: true })).status, 200)
  const { eventId } = await read(bridge, id)
  t.match(
    await bridge.job(eventId, 'dead'),
    { reason: 'missing_key' },
    'without it, the next step has nothing to go by',
  )
  const again = await holdOnce(bridge, 'two', true)
  const result = { createEntry: { entry: { id: 'ent_free' } } }
  t.equal((await act(bridge, again, 'settle', { applied: true, result })).status, 200)
  await bridge.job((await read(bridge, again)).eventId, 'succeeded')
  t.match(requestsOf(bridge, 'renameEntry').at(-1), { variables: { entryId: 'ent_free' } })
})

t.test('a job whose mapping changed goes on once it begins as it was, or from the start', async t => {
  const bridge = await start(t, { two })
  const held = async (): Promise<string> => {
    const id = await holdOnce(bridge, 'two', true)
    await change(bridge, 'two', { ...two, steps: [{ ...two.steps[0], id: 'other' }, two.steps[1]] })
    await act(bridge, id, 'settle', { applied: true })
    const { eventId } = await read(bridge, id)
    t.match(await bridge.job(eventId, 'held'), { reason: 'mapping_changed' })
    return id
  }
  const first = await held()
  await act(bridge, first, 'retry')
  const { eventId } = await read(bridge, first)
  t.match(await bridge.job(eventId, 'held'), { reason: 'mapping_changed' }, 'it is still another')
  await change(bridge, 'two', two)
  await act(bridge, first, 'retry')
  await bridge.job(eventId, 'succeeded')
  t.equal(requestsOf(bridge, 'appendOnce').length, 1)
  const second = await held()
  await act(bridge, second, 'retry', { fromStart: true })
  await bridge.job((await read(bridge, second)).eventId, 'succeeded')
  t.equal(requestsOf(bridge, 'appendOnce').length, 3, 'what was applied is sent again')
})

t.test('a mapping that is gone holds the job until it is back', async t => {
  const bridge = await start(t, { rename: rename('${payload.label}') })
  const eventId = await emit(bridge, 'rename', { entry: 'ent_free' })
  const { id } = await bridge.job(eventId, 'dead')
  rmSync(`${bridge.folder.path}/mappings/rename.json`)
  t.ok(await bridge.reload('test'))
  await act(bridge, id, 'retry')
  t.match(await bridge.job(eventId, 'held'), { reason: 'mapping_missing' })
  await change(bridge, 'rename', rename('there'))
  await act(bridge, id, 'retry')
  await bridge.job(eventId, 'succeeded')
})

t.test('a discarded job lets its key go on', async t => {
  const bridge = await start(t, { two })
  const id = await holdOnce(bridge, 'two', false)
  const behind = await emit(bridge, 'two', { name: 'behind' })
  t.match(await act(bridge, id, 'discard'), { status: 200, body: { state: 'dead', message: 'Discarded by "env"' } })
  await bridge.job(behind, 'succeeded')
  t.match(await read(bridge, id), { state: 'dead', reason: 'discarded', can: ['settle'] })
})

t.test('an act on another version of the job is refused', async t => {
  const bridge = await start(t, { rename: rename('${payload.label}') })
  const eventId = await emit(bridge, 'rename', { entry: 'ent_free' })
  const { id } = await bridge.job(eventId, 'dead')
  const { version } = await read(bridge, id)
  t.equal((await act(bridge, id, 'retry', { version })).status, 200)
  await bridge.job(eventId, 'dead')
  t.match(await act(bridge, id, 'retry', { version: '0123456789abcdef' }), {
    status: 409,
    body: { error: { code: 'job_changed', message: /look at it again/ } },
  })
})

t.test('a job that failed before it was planned makes all its jobs by the mapping as it is now', async t => {
  const list = (rest: object): object => ({
    ...one('list', 'renameEntry', { entryId: '${item.id}', name: '${item.name}' }),
    forEach: 'payload.items',
    ...rest,
  })
  const bridge = await start(t, { list: list({ order: '${payload.key}' }) })
  const items = [
    { id: 'ent_free', name: 'a' },
    { id: 'ent_pro', name: 'b' },
  ]
  const eventId = await emit(bridge, 'list', { items, key_: 1 })
  const { id } = await bridge.job(eventId, 'dead')
  t.match(await act(bridge, id, 'retry'), {
    status: 409,
    body: { error: { code: 'not_planned', message: /fails too: element 0: order: payload has no key "key"/ } },
  })
  for (const [change, message] of [
    [{ when: 'false' }, /does not take the event/],
    [{ forEach: '[]' }, /makes no job/],
  ] as const) {
    bridge.folder.write('mappings/list.json', list(change))
    t.ok(await bridge.reload('test'))
    t.match(await act(bridge, id, 'retry'), { status: 409, body: { error: { code: 'not_planned', message } } })
  }
  bridge.folder.write('mappings/list.json', list({ order: '${item.id}' }))
  t.ok(await bridge.reload('test'))
  t.match(await act(bridge, id, 'retry'), { status: 200, body: { message: 'Planned anew by "env": 2 jobs' } })
  const { jobs } = await bridge.settled(
    eventId,
    ({ jobs }) => jobs.length === 2 && jobs.every(job => job.state === 'succeeded'),
  )
  t.match(jobs, [
    { id, itemIndex: 0, orderKey: 'ent_free' },
    { itemIndex: 1, orderKey: 'ent_pro' },
  ])
  t.same(
    requestsOf(bridge, 'renameEntry')
      .map(({ variables }) => (variables as { name: string }).name)
      .sort(),
    ['a', 'b'],
  )
})

t.test('bodies that say something else are refused with what was expected', async t => {
  const bridge = await start(t)
  const id = await holdOnce(bridge, 'once', false)
  for (const [name, body, message] of [
    ['settle', {}, /^applied: expected true/],
    ['settle', { applied: 'canary' }, /^applied: expected true/],
    ['settle', { applied: true, result: [1] }, /^result: expected an object/],
    ['retry', { canary: 1 }, /^expected an object with no other keys than version, force, fromStart$/],
    ['retry', { force: 'canary' }, /^force: expected true or false/],
    ['discard', { version: 'canary' }, /^version: expected/],
    ['discard', [], /^expected an object/],
  ] as const) {
    const answer = await act(bridge, id, name, body)
    t.equal(answer.status, 400, name)
    t.match(answer.body.error, { code: 'invalid_request', message })
    t.notMatch(answer.text, /canary/)
  }
  t.equal((await act(bridge, id, 'settle', { applied: true, result: { x: 'x'.repeat(300_000) } })).status, 413)
  t.equal((await act(bridge, 'job_1_zz', 'discard')).status, 404)
  t.match(await read(bridge, id), { state: 'held' })
})

t.test('a job behind a held one of its order key says that it waits for its order key', async t => {
  const stop = { source: 'open', on: ['stop'], integration: 'ci', order: 'k', steps: [{ id: 'h', hold: 'look' }] }
  const bridge = await start(t, { stop })
  const held = await bridge.job(await emit(bridge, 'stop'), 'held')
  await bridge.settled(await emit(bridge, 'stop'), ({ jobs }) => jobs.length === 1)
  const { jobs } = jobsAnswer.parse((await getApi(bridge, 'jobs')).body)
  t.match(jobs, [
    { state: 'queued', waitsFor: 'order_key' },
    { state: 'held', waitsFor: null },
  ])
  t.match(await read(bridge, jobs[0]!.id), { waitsFor: 'order_key' })
  t.equal((await act(bridge, held.id, 'discard')).status, 200)
  t.equal((await bridge.job(jobs[0]!.eventId, 'held')).id, jobs[0]!.id)
})
