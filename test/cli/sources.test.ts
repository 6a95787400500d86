import t, { type Test } from 'tap'
import { ADMIN_KEY } from '../fixtures/call-api.ts'
import { callCli } from '../fixtures/call-cli.ts'
import { callClient } from '../fixtures/call-client.ts'
import type { Ran } from '../fixtures/run-cli.ts'
import { envText, SECRETS, startTestBridge, type TestBridge } from '../fixtures/start-test-bridge.ts'
import { one } from '../fixtures/start-worker-bridge.ts'

const rename = one('rename', 'renameEntry', { entryId: 'ent_free', name: 'x' }, { source: 'zapier' })
const everything = {
  ...one('', 'renameEntry', { entryId: 'ent_free', name: 'x' }, { source: 'stripe' }),
  on: undefined,
}

const start = (t: Test, limits: object = {}): Promise<TestBridge> =>
  startTestBridge(t, { mappings: { rename, everything }, config: { limits }, env: { BRIDGE_ADMIN_KEY: ADMIN_KEY } })

function test(t: Test, bridge: TestBridge, source: string, ...more: string[]): Promise<Ran> {
  return callCli(t, ['sources', 'test', source, '--url', `${bridge.url}/hooks/${source}`, ...more], {
    cwd: bridge.folder.path,
  })
}

t.test('sources are listed', async t => {
  const bridge = await start(t)
  const { code, out } = await callClient(t, bridge.url, ['sources'])
  t.equal(code, 0)
  t.match(out.split('\n')[0], /^source +scheme +state +secret +fingerprint +expires +last verified$/)
  t.match(out, /\ngithub +github +running +1 +[0-9a-f]{16} +never\n/)
  t.match(JSON.parse((await callClient(t, bridge.url, ['sources', 'list', '--json'])).out), {
    sources: [{ name: 'github', scheme: 'github', retired: false }, {}, {}, {}, {}],
  })
})

t.test('a source is tested: a table of cases, expected, answered', async t => {
  const bridge = await start(t)
  const { code, out } = await test(t, bridge, 'zapier')
  t.equal(code, 0, out)
  const lines = out.trimEnd().split('\n')
  t.match(lines[0], /^case +expected +answered$/)
  t.match(lines[1], /^valid +200 +200 +ok {2}recorded as evt_1_1$/)
  t.match(out, /\nanother secret +401 +401 +ok\n/)
  t.match(
    out,
    /\none byte of the body changed +200 +200 +ok {2}recorded as evt_1_2; the scheme does not protect the body/,
  )
  t.match(out, /\nanother method +405 +405 +ok$/m)
  for (const id of ['evt_1_1', 'evt_1_2']) t.match(await bridge.settled(id), { outcome: 'unmatched', jobs: [] })
  t.match((await bridge.settled('evt_1_1')).event.type, 'pixelesq-bridge.test')
})

t.test("GitHub's own ping is sent, which is never mapped", async t => {
  const bridge = await start(t)
  const ran = JSON.parse((await test(t, bridge, 'github', '--json')).out)
  t.match(ran, { source: 'github', ok: true, cases: [{ case: 'valid', answered: 200, note: /^ignored as evt_/ }] })
  t.ok(ran.cases.length >= 7)
})

t.test('where a mapping would take the valid delivery it is not sent, unless that is wanted', async t => {
  const bridge = await start(t)
  const careful = await test(t, bridge, 'stripe')
  t.equal(careful.code, 0, careful.out)
  t.match(careful.out, /\nvalid +200 +not sent {2}not sent: mapping "everything" would take it \(--force\)\n/)
  t.equal(bridge.rows('select * from event').length, 0)
  t.equal((await test(t, bridge, 'stripe', '--force')).code, 0)
  t.match(await bridge.settled('evt_1_1'), { outcome: 'matched' })
})

t.test('a service with another secret is found out: exit code 1', async t => {
  const bridge = await start(t)
  bridge.folder.write('.env', envText({ ...SECRETS, ZAPIER_TOKEN: 'another-zapier-token-0123' }))
  const { code, out } = await test(t, bridge, 'zapier')
  t.equal(code, 1)
  t.match(out, /\nvalid +200 +401 +NOT OK\n/)
})

t.test('an address that is told to wait is said to be so, and nothing more is sent', async t => {
  const bridge = await start(t, { failedAuthPerMinute: 2 })
  const { code, out } = await test(t, bridge, 'acme')
  t.equal(code, 1)
  t.match(out.trimEnd().split('\n').at(-1), /401 +429 +NOT OK {2}this address is to wait/)
})

t.test('what cannot be tested says why', async t => {
  const bridge = await start(t)
  t.match(await test(t, bridge, 'nobody'), { code: 2, err: /^"nobody": expected one of the sources github/ })
  const config = JSON.parse(bridge.folder.read('bridge.json'))
  bridge.folder.write('bridge.json', {
    ...config,
    sources: { ...config.sources, acme: { ...config.sources.acme, retired: true } },
  })
  t.match(await test(t, bridge, 'acme'), { code: 2, err: '"acme": expected a source that is not retired\n' })
  const key =
    '-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=\n-----END PUBLIC KEY-----\n'
  bridge.folder.write('key.pem', key)
  const discord = { scheme: 'discord', secrets: ['file:key.pem'] }
  bridge.folder.write('bridge.json', { ...config, sources: { ...config.sources, discord } })
  t.match(await test(t, bridge, 'discord'), { code: 1, err: /^"discord": no test delivery can be made: / })
  const down = await callCli(t, ['sources', 'test', 'github', '--url', 'http://127.0.0.1:9/hooks/github'], {
    cwd: bridge.folder.path,
  })
  t.match(down, { code: 1, err: /expected an answer, found ECONNREFUSED\. Is the service running\?/ })
})
