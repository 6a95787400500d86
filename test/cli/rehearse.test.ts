import t, { type Test } from 'tap'
import { ADMIN_KEY } from '../fixtures/call-api.ts'
import { type Ran, runCli } from '../fixtures/run-cli.ts'
import { startTarget } from '../fixtures/start-target.ts'
import { startTestBridge, type TestBridge } from '../fixtures/start-test-bridge.ts'
import { emit, one } from '../fixtures/start-worker-bridge.ts'

const rename = one('rename', 'renameEntry', { entryId: '${payload.entry}', name: '${payload.name}' })

async function run(t: Test, url: string, args: readonly string[], env: Record<string, string> = {}): Promise<Ran> {
  const cwd = t.testdir({})
  return runCli(t, ['rehearse', ...args], { cwd, env: { BRIDGE_URL: url, BRIDGE_ADMIN_KEY: ADMIN_KEY, ...env } })
}

/** One event that is unchanged, and one that is renamed otherwise today. */
async function startChanged(t: Test): Promise<TestBridge> {
  const bridge = await startTestBridge(t, { mappings: { rename }, env: { BRIDGE_ADMIN_KEY: ADMIN_KEY } })
  for (const name of ['same', 'old']) await bridge.settled(await emit(bridge, 'rename', { entry: 'ent_free', name }))
  const variables = { entryId: '${payload.entry}', name: "${payload.name == 'old' ? 'new' : payload.name}" }
  bridge.folder.write('mappings/rename.json', one('rename', 'renameEntry', variables))
  t.ok(await bridge.reload('test'))
  return bridge
}

t.test('counts come first, differences on demand, and the same for machines', async t => {
  const { url } = await startChanged(t)
  const counts = await run(t, url, ['--since', '1h'])
  t.equal(counts.code, 0)
  t.match(counts.out, /^2 events since \S+; nothing was sent\n/)
  t.match(
    counts.out,
    /unchanged {2}changed {2}newly matched {2}no longer matched {2}undecided\nrename +1 +1 +0 +0 +0\n/,
  )
  t.match(counts.out, /--details shows each of them\n$/)
  t.notMatch(counts.out, /evt_/)

  const details = await run(t, url, ['--since', '1h', '--mapping', 'rename', '--details'])
  t.match(
    details.out,
    /\nchanged {2}rename {2}evt_1_2 {2}\S+ {2}open {2}rename\n {2}a {2}renameEntry {2}variables\.name: "old" → "new"\n/,
  )

  const json = JSON.parse((await run(t, url, ['--since', '1h', '--json', '--details'])).out)
  t.match(json, {
    complete: true,
    counts: { unchanged: 1, changed: 1 },
    results: [{ verdict: 'changed', differences: [{ path: 'variables.name' }] }],
  })
  t.notOk('results' in JSON.parse((await run(t, url, ['--since', '1h', '--json'])).out))

  const some = await run(t, url, ['--since', '1h', '--limit', '1'])
  t.match(some.out, /^1 events[^\n]*\nstopped at \S+: --limit/)
})

t.test('what the service refuses is said in its words', async t => {
  const { url } = await startTestBridge(t, { env: { BRIDGE_ADMIN_KEY: ADMIN_KEY } })
  for (const [args, env, code, message] of [
    [['--since', 'soon'], {}, 1, /400 invalid_request: since: expected a duration such as "7d"/],
    [['--since', '7d', '--mapping', 'nobody'], {}, 1, /400 invalid_request: mapping: expected the name of a mapping/],
    [['--since', '7d'], { BRIDGE_ADMIN_KEY: 'another-key-0123456789' }, 1, /401 unauthorized: An admin key is needed/],
    [['--since', '7d'], { BRIDGE_ADMIN_KEY: '' }, 78, /^BRIDGE_ADMIN_KEY: expected the admin key of the service/],
    [['--since', '7d'], { BRIDGE_URL: 'nonsense' }, 78, /^BRIDGE_URL: expected an http\(s\) URL/],
    [['--since', '7d'], { BRIDGE_URL: 'http://127.0.0.1:2' }, 1, /found ECONNREFUSED\. Is the service running\?/],
    [['--since', '7d', '--limit', 'many'], {}, 2, /^--limit: expected a whole number from 1, found "many"/],
    [[], {}, 2, /--since/],
  ] as const) {
    const ran = await run(t, url, args, env)
    t.equal(ran.code, code, `${args.join(' ')} ${JSON.stringify(env)}: ${ran.err}`)
    t.match(ran.err, message)
    t.equal(ran.out, '')
  }
})

t.test('an answer that is cut off is not taken for a whole one', async t => {
  for (const body of ['', '{"kind":"progress","events":50}\n', '{"kind":"summ', '<html>\n']) {
    const { endpoint } = await startTarget(t, { body })
    const ran = await run(t, endpoint.origin, ['--since', '7d'])
    t.equal(ran.code, 1, body)
    t.match(ran.err, /expected a (summary as the last line|whole answer), found/)
  }
  const failed = await startTarget(t, { body: '{"kind":"error","code":"internal","message":"no"}\n' })
  const ran = await run(t, failed.endpoint.origin, ['--since', '7d'])
  t.match(ran, { code: 1, err: /: internal: no\n$/ })
})

t.test('a redirect does not take the key along', async t => {
  const elsewhere = await startTarget(t, { body: '{}' })
  const { endpoint } = await startTarget(t, { status: 307, headers: { location: elsewhere.endpoint.href }, body: '' })
  t.equal((await run(t, endpoint.origin, ['--since', '7d'])).code, 1)
  t.equal(elsewhere.requests.length, 0)
})

t.test('what stands in events cannot steer the terminal', async t => {
  const bridge = await startTestBridge(t, { mappings: { rename }, env: { BRIDGE_ADMIN_KEY: ADMIN_KEY } })
  await bridge.settled(await emit(bridge, 'rename', { entry: 'ent_free', name: '\u001b[2J\u202ename' }))
  const variables = { entryId: '${payload.entry}', name: '${payload.name}!' }
  bridge.folder.write('mappings/rename.json', one('rename', 'renameEntry', variables))
  t.ok(await bridge.reload('test'))
  const { out } = await run(t, bridge.url, ['--since', '1h', '--details'])
  t.match(out, /"\\\\?u001b\[2J\\u202ename" → /)
  t.notMatch(out, /[\u001b\u202e]/)
})
