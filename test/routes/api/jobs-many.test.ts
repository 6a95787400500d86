import t, { type Test } from 'tap'
import type { z } from 'zod'
import { jobsActedAnswer } from '../../../src/admin/job-answers.ts'
import { ADMIN_KEY, postApi } from '../../fixtures/call-api.ts'
import { callClient } from '../../fixtures/call-client.ts'
import { type TestBridge, waitFor } from '../../fixtures/start-test-bridge.ts'
import { emit, one, requestsOf, startWorkerBridge } from '../../fixtures/start-worker-bridge.ts'

const rename = (name: string, rest: object = {}): Record<string, unknown> =>
  one('rename', 'renameEntry', { entryId: 'ent_free', name }, rest)

function start(t: Test, mapping = rename('${payload.label}')): Promise<TestBridge> {
  return startWorkerBridge(t, { mappings: { rename: mapping }, env: { BRIDGE_ADMIN_KEY: ADMIN_KEY } })
}
async function many(bridge: TestBridge, act: string, body: object): Promise<z.output<typeof jobsActedAnswer>> {
  const { status, text } = await postApi(bridge, `jobs/${act}`, body)
  if (status !== 200) throw new Error(`${status} ${text}`)
  return jobsActedAnswer.parse(JSON.parse(text))
}
async function dead(bridge: TestBridge, count: number): Promise<string[]> {
  const ids: string[] = []
  for (let n = 0; n < count; n++) ids.push(await emit(bridge, 'rename', { n: `n${n}` }))
  const jobs = []
  for (const id of ids) jobs.push((await bridge.job(id, 'dead')).id)
  return jobs
}
async function change(bridge: TestBridge, mapping: object): Promise<void> {
  bridge.folder.write('mappings/rename.json', mapping)
  if (!(await bridge.reload('test'))) throw new Error('not in force')
}

t.test('many dead jobs are counted, then retried oldest first, some a call', async t => {
  const bridge = await start(t)
  const ids = await dead(bridge, 53)
  await change(bridge, rename('${payload.n}'))
  t.match(await many(bridge, 'retry', { state: 'dead', dryRun: true }), { total: 53, more: false, done: 0, next: null })
  t.equal(requestsOf(bridge).length, 0)
  const first = await many(bridge, 'retry', { state: 'dead', reason: 'missing_key', mapping: 'rename' })
  t.match(first, { done: 50, refused: {}, total: null })
  t.same(
    first.results.map(({ id }) => id),
    ids.slice(0, 50),
  )
  const rest = await many(bridge, 'retry', { state: 'dead', cursor: first.next })
  t.match(rest, { done: 3, next: null })
  await waitFor('the requests', () => requestsOf(bridge, 'renameEntry').length === 53)
  t.same(bridge.rows(`select count(*) as n from audit_entry where action = 'job.retried'`), [{ n: 53 }])
})

t.test('jobs of one order key do not overtake one another when they are retried together', async t => {
  const bridge = await start(t, rename('${payload.label}', { order: 'k' }))
  await dead(bridge, 3)
  await change(bridge, rename('${payload.n}', { order: 'k' }))
  t.match(await many(bridge, 'retry', { state: 'dead' }), { done: 3, refused: {} })
  await waitFor('the requests', () => requestsOf(bridge, 'renameEntry').length === 3)
  t.same(
    requestsOf(bridge, 'renameEntry').map(({ variables }) => (variables as { name: string }).name),
    ['n0', 'n1', 'n2'],
  )
})

t.test('what is refused of one stops no other', async t => {
  const bridge = await start(t, rename('x', { order: '${payload.missing}' }))
  const [unplanned] = await dead(bridge, 1)
  bridge.sandbox.addFault({ kind: 'reset-after', operation: 'appendOnce' })
  const doubtful = (await bridge.job(await emit(bridge, 'once', { name: 'n' }), 'held')).id
  const acted = await many(bridge, 'retry', { state: 'dead,held' })
  t.match(acted, { done: 0, refused: { not_planned: 1, in_doubt: 1 }, next: null })
  t.match(acted.results, [
    { id: unplanned, state: null, code: 'not_planned', message: /fails too/ },
    { id: doubtful, state: null, code: 'in_doubt', message: /settle/ },
  ])
  await change(bridge, rename('x'))
  t.match(await many(bridge, 'retry', { ids: [unplanned, doubtful] }), { done: 1, refused: { in_doubt: 1 } })
  t.match(await many(bridge, 'discard', { state: 'held' }), { done: 1, results: [{ id: doubtful, state: 'dead' }] })
  t.match(await many(bridge, 'discard', { state: 'held' }), { done: 0, results: [] })
})

t.test('what is asked for wrongly is refused', async t => {
  const bridge = await start(t)
  for (const [body, message] of [
    [{}, /^state: expected/],
    [{ mapping: 'rename' }, /^state: expected/],
    [{ state: 'sleepy' }, /^state: expected/],
    [{ ids: ['job_1_1'], state: 'dead' }, /^ids: expected/],
    [{ ids: ['evt_1_1'] }, /^ids: expected/],
    [{ state: 'dead', cursor: 'x' }, /^cursor: expected/],
    [{ state: 'dead', since: 'soon' }, /^since: expected/],
    [{ state: 'dead', all: 1 }, /no other keys/],
  ] as const)
    for (const act of ['retry', 'discard'])
      t.match(await postApi(bridge, `jobs/${act}`, body), { status: 400, body: { error: { message } } })
  t.match(await postApi(bridge, 'jobs/discard', { state: 'held', force: true }), { status: 400 })
})

t.test('the command counts, asks, and goes on call by call', async t => {
  const bridge = await start(t)
  await dead(bridge, 52)
  const args = ['jobs', 'retry', '--state', 'dead', '--mapping', 'rename']
  t.match(await callClient(t, bridge.url, [...args, '--dry-run']), { code: 0, out: '52 jobs\n' })
  t.match(await callClient(t, bridge.url, args), { code: 0, out: '52 jobs\nnothing was done: --yes retries them\n' })
  t.equal((await callClient(t, bridge.url, [...args, '--json'])).code, 1, 'a script is told that nothing was done')
  await change(bridge, rename('${payload.n}'))
  const ran = await callClient(t, bridge.url, [...args, '--yes'])
  t.match(ran, { code: 0, out: '52 jobs\n52 done\n', err: '50 of 52\n' })
  await waitFor('the requests', () => requestsOf(bridge, 'renameEntry').length === 52)
  const none = await callClient(t, bridge.url, [...args, '--yes', '--json'])
  t.same(JSON.parse(none.out), { total: 0, more: false, done: 0, refused: {} })
  t.match(await callClient(t, bridge.url, ['jobs', 'discard', '--mapping', 'x']), { code: 2, err: /--state/ })
})
