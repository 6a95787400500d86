import { join } from 'node:path'
import t, { type Test } from 'tap'
import { ADMIN_KEY } from '../fixtures/call-api.ts'
import { callCli } from '../fixtures/call-cli.ts'
import { callClient } from '../fixtures/call-client.ts'
import { runCli } from '../fixtures/run-cli.ts'
import type { TestBridge } from '../fixtures/start-test-bridge.ts'
import { emit, one, requestsOf, startWorkerBridge } from '../fixtures/start-worker-bridge.ts'

const rename = one('rename', 'renameEntry', { entryId: '${payload.entry}', name: '${payload.label}' }, { order: 'k' })
const VIEWER_KEY = 'canary-viewer-key-0123456789'

function start(t: Test): Promise<TestBridge> {
  const keys = [
    { name: 'ops', role: 'operator', key: 'env:OPS_KEY' },
    { name: 'look', role: 'viewer', key: 'env:LOOK_KEY' },
  ]
  return startWorkerBridge(t, {
    mappings: { rename },
    env: { OPS_KEY: ADMIN_KEY, LOOK_KEY: VIEWER_KEY },
    config: {
      admin: { keys },
      integrations: { ci: { token: 'env:PIXELESQ_TOKEN' } },
      limits: { settle: '50ms', attempts: 4 },
    },
  })
}
async function dead(bridge: TestBridge, payload: object = { entry: 'ent_free' }): Promise<string> {
  return (await bridge.job(await emit(bridge, 'rename', payload), 'dead')).id
}
async function doubtful(bridge: TestBridge): Promise<string> {
  bridge.sandbox.addFault({ kind: 'reset-after', operation: 'appendOnce' })
  return (await bridge.job(await emit(bridge, 'once', { name: 'n' }), 'held')).id
}

t.test('jobs are listed as a table, and for machines', async t => {
  const bridge = await start(t)
  t.match(await callClient(t, bridge.url, ['jobs']), { code: 0, out: 'no jobs\n' })
  const first = await dead(bridge)
  const second = await dead(bridge)
  const held = await doubtful(bridge)
  const { code, out } = await callClient(t, bridge.url, ['jobs'])
  t.equal(code, 0)
  const lines = out.trimEnd().split('\n')
  t.match(lines[0], /^job +state +reason +mapping +order key +event +made +message$/)
  t.equal(lines.length, 4)
  t.match(lines[1], new RegExp(`^${held} +held +in_doubt +once +evt_1_3 +\\d{4}-[^ ]+Z +\\S`))
  t.match(lines[3], new RegExp(`^${first} +dead +missing_key +rename +k +evt_1_1 `))

  const json = JSON.parse((await callClient(t, bridge.url, ['jobs', 'list', '--state', 'dead,held', '--json'])).out)
  t.match(json, { jobs: [{ id: held }, { id: second }, { id: first }], next: null })
  const some = await callClient(t, bridge.url, ['jobs', '--state', 'dead', '--limit', '1'])
  t.match(some.out, new RegExp(`\\n${second} .*\\nthere are more: --limit\\n$`))
  const none = await callClient(t, bridge.url, ['jobs', '--mapping', 'rename', '--state', 'held', '--json'])
  t.same(JSON.parse(none.out), { jobs: [], next: null })
})

t.test('a job is shown with its attempts and what can be done', async t => {
  const bridge = await start(t)
  const id = await doubtful(bridge)
  const { code, out } = await callClient(t, bridge.url, ['jobs', 'show', id])
  t.equal(code, 0)
  t.match(out, new RegExp(`^${id}  held  in_doubt\\n`))
  t.match(out, /\n {2}in doubt: appendOnce \(step a\) {2}\{"collectionId":"col_products"/)
  t.match(out, /\n {2}\S+Z {2}a {2}appendOnce {2}unknown /)
  t.match(out, new RegExp(`\\n  jobs settle ${id} --applied \\| --not-applied\\n`))
  t.notMatch(out, /jobs retry/, 'a retry would be refused')
  t.match(JSON.parse((await callClient(t, bridge.url, ['jobs', 'show', id, '--json'])).out), { id, state: 'held' })
  t.match(await callClient(t, bridge.url, ['jobs', 'show', 'job_1_zz']), { code: 1, err: /404 not_found: No job/ })
})

t.test('several jobs are retried at once; one that is refused makes it 1, and the others go on', async t => {
  const bridge = await start(t)
  const ids = [await dead(bridge), await dead(bridge)]
  bridge.folder.write('mappings/rename.json', one('rename', 'renameEntry', { entryId: 'ent_free', name: 'now' }))
  t.ok(await bridge.reload('test'))
  const held = await doubtful(bridge)
  const ran = await callClient(t, bridge.url, ['jobs', 'retry', ids[0]!, held, 'job_1_zz', ids[1]!])
  t.equal(ran.code, 1)
  t.equal(ran.out, ids.map(id => `${id}  queued  Retried by "ops"\n`).join(''))
  t.match(ran.err, new RegExp(`^${held}  in_doubt  .*settle it.*\\njob_1_zz  not_found  `))
  for (const id of ids) {
    const { eventId } = JSON.parse((await callClient(t, bridge.url, ['jobs', 'show', id, '--json'])).out)
    t.match(await bridge.job(eventId, 'succeeded'), { id })
  }
  const again = await callClient(t, bridge.url, ['jobs', 'retry', ids[0]!, '--json'])
  t.match(again, { code: 1, err: '' })
  t.match(JSON.parse(again.out), { id: ids[0], ok: false, code: 'wrong_state' })
})

t.test('what a newer job has overtaken is retried by force only', async t => {
  const bridge = await start(t)
  const id = await dead(bridge)
  await bridge.job(await emit(bridge, 'rename', { entry: 'ent_free', label: 'newer' }), 'succeeded')
  t.match(await callClient(t, bridge.url, ['jobs', 'retry', id]), { code: 1, err: /overtaken .*order key/ })
  t.match(await callClient(t, bridge.url, ['jobs', 'retry', id, '--force', '--from-start']), {
    code: 0,
    out: /queued {2}Retried from the start by "ops"/,
  })
})

t.test('a job in doubt is settled by a word', async t => {
  const bridge = await start(t)
  const id = await doubtful(bridge)
  for (const options of [[], ['--applied', '--not-applied'], ['--not-applied', '--result', 'x.json']])
    t.match(await callClient(t, bridge.url, ['jobs', 'settle', id, ...options]), { code: 2, err: /expected/ })
  const ran = await callClient(t, bridge.url, ['jobs', 'settle', id, '--applied'])
  t.match(ran, { code: 0, out: new RegExp(`^appendOnce \\(step a\\).*\\n${id}  queued  "appendOnce" was applied`) })
  await bridge.job('evt_1_1', 'succeeded')
  t.equal(requestsOf(bridge, 'appendOnce').length, 1)
  t.match(await callClient(t, bridge.url, ['jobs', 'settle', id, '--applied']), { code: 1, err: /wrong_state/ })
  const other = await doubtful(bridge)
  t.match(await callClient(t, bridge.url, ['jobs', 'settle', other, '--not-applied', '--json']), { code: 0 })
  await bridge.job('evt_1_2', 'succeeded')
  t.equal(requestsOf(bridge, 'appendOnce').length, 3)
})

t.test('what the write answered is read from a file', async t => {
  const bridge = await start(t)
  const id = await doubtful(bridge)
  const cwd = t.testdir({
    '.env': `BRIDGE_URL=${bridge.url}\nBRIDGE_ADMIN_KEY=${ADMIN_KEY}\n`,
    'broken.json': '{',
    'answer.json': '{"createEntry":{"entry":{"id":"ent_x"}}}',
  })
  const settle = (file: string) => callCli(t, ['jobs', 'settle', id, '--applied', '--result', join(cwd, file)], { cwd })
  t.match(await settle('broken.json'), { code: 2, err: /expected JSON/ })
  t.match(await settle('nothing.json'), { code: 2, err: /expected a readable file/ })
  t.match(await settle('answer.json'), { code: 0 })
  await bridge.job('evt_1_1', 'succeeded')
  const { out } = await callCli(t, ['jobs', 'show', id, '--json'], { cwd })
  t.match(JSON.parse(out).done, [{ id: 'a', data: { createEntry: { entry: { id: 'ent_x' } } } }])
})

t.test('a discarded job is dead; a viewer may only look', async t => {
  const bridge = await start(t)
  const id = await doubtful(bridge)
  t.match(await callClient(t, bridge.url, ['jobs', 'discard', id], VIEWER_KEY), {
    code: 1,
    err: /403 forbidden/,
    out: '',
  })
  t.match(await callClient(t, bridge.url, ['jobs', '--json'], VIEWER_KEY), { code: 0, out: /"held"/ })
  t.match(await callClient(t, bridge.url, ['jobs', 'discard', id]), {
    code: 0,
    out: `${id}  dead  Discarded by "ops"\n`,
  })
})

t.test('wrong usage, no key and no service have their exit codes', async t => {
  const bridge = await start(t)
  for (const [args, code, err] of [
    [['jobs', '--limit', 'many'], 2, /--limit: expected a whole number/],
    [['jobs', '--colour'], 2, /unknown option/],
    [['jobs', 'dance'], 2, /too many arguments|unknown command/],
    [['jobs', 'retry'], 2, /expected ids, or --state/],
    [['jobs', 'discard', 'job_1_1', '--state', 'held'], 2, /either ids, or a filter/],
    [['jobs', '--state', 'sleepy'], 1, /400 invalid_request: state: expected one or more of queued/],
    [['jobs', '--since', 'soon'], 1, /400 invalid_request: since: expected a duration/],
    [['jobs', 'show', '../events'], 1, /404/],
  ] as const)
    t.match(await callClient(t, bridge.url, args), { code, err, out: '' }, args.join(' '))
  t.match(await callClient(t, 'http://127.0.0.1:2', ['jobs']), { code: 1, err: /found ECONNREFUSED/ })
  const cwd = t.testdir({})
  t.match(await runCli(t, ['jobs'], { cwd }), { code: 78, err: /^BRIDGE_ADMIN_KEY: expected/ })
})

t.test('what stands in events cannot steer the terminal', async t => {
  const bridge = await start(t)
  const bad = '\u001b[2J\u202eevil\u0007'
  bridge.sandbox.addFault({ kind: 'graphql-error', message: `no ${bad}` })
  const id = await dead(bridge, { entry: 'ent_free', label: bad })
  for (const args of [['jobs'], ['jobs', 'show', id], ['events', 'show', 'evt_1_1']]) {
    const { out } = await callClient(t, bridge.url, args)
    t.match(out, /evil/, args.join(' '))
    t.notMatch(out, /[\u001b\u202e\u0007]/)
  }
})
