import { cpSync, existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { ADMIN_KEY } from '../fixtures/call-api.ts'
import { callCli } from '../fixtures/call-cli.ts'
import { callClient } from '../fixtures/call-client.ts'
import { runCli } from '../fixtures/run-cli.ts'
import { startTestBridge, type TestBridge } from '../fixtures/start-test-bridge.ts'
import { emit, one } from '../fixtures/start-worker-bridge.ts'

const rename = one('rename', 'renameEntry', { entryId: '${payload.entry}', name: '${payload.name}' })
const other = one('rename', 'renameEntry', { entryId: 'e', name: 'x' }, { when: 'payload.name == "nobody"' })

async function start(t: Test): Promise<TestBridge> {
  return startTestBridge(t, { mappings: { rename, other }, env: { BRIDGE_ADMIN_KEY: ADMIN_KEY } })
}

t.test('events are listed as a table, page by page, and for machines', async t => {
  const bridge = await start(t)
  t.match(await callClient(t, bridge.url, ['events']), { code: 0, out: 'no events\n' })
  for (let n = 0; n < 3; n++) await bridge.settled(await emit(bridge, 'rename', { entry: 'ent_free', name: `n${n}` }))
  const left = await emit(bridge, 'nothing', {})
  await bridge.settled(left)
  const { code, out } = await callClient(t, bridge.url, ['events', '--since', '1h'])
  t.equal(code, 0)
  const lines = out.trimEnd().split('\n')
  t.match(lines[0], /^event +received +source +type +outcome +jobs$/)
  t.match(lines[1], new RegExp(`^${left} +\\S+Z +open +nothing +unmatched$`))
  t.match(lines[2], /^evt_1_3 +\S+Z +open +rename +matched +1 succeeded$/)
  const json = JSON.parse((await callClient(t, bridge.url, ['events', '--outcome', 'unmatched', '--json'])).out)
  t.match(json, { events: [{ id: left, jobs: {} }], next: null })
  const some = await callClient(t, bridge.url, ['events', 'list', '--limit', '2'])
  t.match(some.out, /\nthere are more: --limit\n$/)
  t.equal(some.out.trimEnd().split('\n').length, 4)
})

t.test('more than one page of the API is read', async t => {
  const bridge = await start(t)
  for (let n = 0; n < 210; n++) await emit(bridge, 'nothing', { n })
  const { events, next } = JSON.parse((await callClient(t, bridge.url, ['events', '--limit', '205', '--json'])).out)
  t.equal(events.length, 205)
  t.equal(new Set(events.map(({ id }: { id: string }) => id)).size, 205)
  t.type(next, 'string')
})

t.test('an event is shown with what took it, what did not and why, and its payload', async t => {
  const bridge = await start(t)
  const id = await emit(bridge, 'rename', { entry: 'ent_free', name: 'a' })
  await bridge.settled(id)
  const { code, out } = await callClient(t, bridge.url, ['events', 'show', id])
  t.equal(code, 0)
  t.match(out, new RegExp(`^${id}  open  rename  matched\\n`))
  t.match(out, /\n {2}match {2}rename {2}jobs 1\n/)
  t.match(out, /\n {2}no match {2}other {2}\S/)
  t.match(out, /\n {2}payload \{"entry":"ent_free","name":"a"\}\n/)
  t.match(out, /\n {2}job_1_1 {2}rename {2}succeeded\n$/)
  t.match(JSON.parse((await callClient(t, bridge.url, ['events', 'show', id, '--json'])).out), { id })
  t.match(await callClient(t, bridge.url, ['events', 'show', 'evt_1_zz']), { code: 1, err: /404 not_found: No event/ })
})

t.test('the payload comes byte for byte', async t => {
  const bridge = await start(t)
  const body = '{"n":1.0,\n "t":"\\u001b"}'
  const id = await bridge.deliver('github', body, { type: 'push' })
  const env = { BRIDGE_URL: bridge.url, BRIDGE_ADMIN_KEY: ADMIN_KEY }
  const ran = await runCli(t, ['events', 'show', id, '--raw'], { cwd: t.testdir({}), env })
  t.match(ran, { code: 0, out: body, err: '' })
})

t.test('an event is saved as a test of the mapping that took it, and the test holds', async t => {
  const bridge = await start(t)
  const id = await emit(bridge, 'rename', { entry: 'ent_free', name: 'a', big: 1 })
  await bridge.settled(id)
  const cwd = t.testdir({})
  for (const name of ['bridge.json', 'mappings'])
    cpSync(join(bridge.folder.path, name), join(cwd, name), { recursive: true })
  writeFileSync(join(cwd, '.env'), `${bridge.folder.read('.env')}BRIDGE_URL=${bridge.url}\n`)
  const save = (...more: string[]) => callCli(t, ['events', 'show', id, '--save-test', 'as it came', ...more], { cwd })
  const ran = await save()
  t.match(ran, { code: 0, out: /\nsaved as test "as it came" in \S+rename\.test\.json\n/ }, ran.err)
  t.match(JSON.parse(readFileSync(join(cwd, 'mappings', 'rename.test.json'), 'utf8')).tests, [
    {
      name: 'as it came',
      event: { type: 'rename', payload: { entry: 'ent_free', name: 'a', big: 1 } },
      expect: {
        matched: true,
        operations: [{ operation: 'renameEntry', variables: { entryId: 'ent_free', name: 'a' } }],
      },
    },
  ])
  t.match(await save(), { code: 1, err: /expected another name/ })
  t.match(await save('--mapping', 'other'), { code: 0 })
  t.match(await save('--mapping', 'nobody'), { code: 2, err: /expected one of the mappings/ })
  t.ok(existsSync(join(cwd, 'mappings', 'other.test.json')))
  const checked = JSON.parse((await callCli(t, ['check', '--json'], { cwd })).out)
  t.match(checked.tests, { passed: 2, failed: 0 })
})

t.test('events are searched by the words of their payloads', async t => {
  const search = { payloads: true }
  const bridge = await startTestBridge(t, { config: { search }, env: { BRIDGE_ADMIN_KEY: ADMIN_KEY } })
  const nothing = await callClient(t, bridge.url, ['events', '--q', 'needle'])
  t.match(nothing, { code: 0, out: 'no events\nsearched: nothing, no payload was kept for it yet\n' })
  const id = await emit(bridge, 'other', { text: 'A needle, in hay' })
  await bridge.settled(id)
  const found = await callClient(t, bridge.url, ['events', '--q', 'hay needle'])
  t.match(found, { code: 0, out: new RegExp(`\n${id} `) })
  const absent = await callClient(t, bridge.url, ['events', 'list', '--q', 'hay -needle pin'])
  t.match(absent, { code: 0, out: /^no events\nsearched: events since \S+Z\n$/ })
  const json = JSON.parse((await callClient(t, bridge.url, ['events', '--q', 'needle', '--json'])).out)
  t.match(json, { events: [{ id }], next: null, searchedSince: String })
  t.match(await callClient(t, bridge.url, ['events', '--q', '"*"']), { code: 1, err: /q: expected 1 to 20 words/ })
})
