import { chmodSync } from 'node:fs'
import Database from 'better-sqlite3'
import t, { type Test } from 'tap'
import type { Check } from '../../src/doctor/check.ts'
import { ADMIN_KEY } from '../fixtures/call-api.ts'
import { type Ran, runCli } from '../fixtures/run-cli.ts'
import type { TestBridge } from '../fixtures/start-test-bridge.ts'
import { emit, startWorkerBridge } from '../fixtures/start-worker-bridge.ts'

const config = { admin: { keys: [{ name: 'ops', role: 'admin', key: 'env:OPS_KEY' }] } }
const start = (t: Test): Promise<TestBridge> => startWorkerBridge(t, { config, env: { OPS_KEY: ADMIN_KEY } })

function examine(t: Test, { folder, url }: TestBridge, args: readonly string[] = []): Promise<Ran> {
  const env = { BRIDGE_URL: url, BRIDGE_ADMIN_KEY: ADMIN_KEY }
  return runCli(t, ['doctor', ...args], { cwd: folder.path, env })
}
function checksOf({ out }: Ran): Map<string, Check> {
  return new Map((JSON.parse(out) as { checks: Check[] }).checks.map(check => [check.name, check]))
}

t.test('a sound service is looked at while it runs', async t => {
  const bridge = await start(t)
  chmodSync(`${bridge.folder.path}/.env`, 0o600)
  for (let n = 0; n < 3; n++) await bridge.job(await emit(bridge, 'read', { n }))
  const ran = await examine(t, bridge, ['--json'])
  const checks = checksOf(ran)
  const names = ['node', 'libraries', 'permissions', 'disk', 'clock', 'setup', 'pragmas', 'integrity', 'contents']
  t.same([...checks.keys()], [...names, 'invariants', 'audit', 'backlog', 'stopped jobs', 'tokens'])
  for (const name of names.slice(1).concat('invariants', 'audit', 'backlog', 'tokens'))
    if (name !== 'setup' && name !== 'disk')
      t.equal(checks.get(name)?.status, 'ok', `${name}: ${checks.get(name)?.found}`)
  t.match(checks.get('contents')?.found, /^\d+ blocks/)
  t.match(checks.get('setup'), { status: 'warning', found: /send to "open"/ })
  t.equal(ran.code, 0)
  t.match((await examine(t, bridge)).out, /^ok {7}node {10}Node 24/)
})

t.test('what contradicts itself in the database is found, running or stopped', async t => {
  const bridge = await start(t)
  const [first, second] = [await emit(bridge, 'read'), await emit(bridge, 'read')]
  for (const eventId of [first, second]) await bridge.job(eventId)
  const db = new Database(bridge.databaseFile)
  db.exec(`
    update job set head = 1 where seq = 1;
    update event set body_hash = zeroblob(32) where seq = 2;
    delete from event where seq = 1`)
  db.close()
  const running = await examine(t, bridge, ['--json'])
  await bridge.stop()
  const stopped = await examine(t, bridge, ['--json'])
  for (const ran of [running, stopped]) {
    t.equal(ran.code, 1)
    const checks = checksOf(ran)
    t.match(checks.get('invariants'), {
      status: 'failed',
      found: /1 jobs without an event, 1 jobs that stand in the wrong/,
    })
    t.match(checks.get('contents'), { status: 'failed', found: /payloads of events 2 cannot/ })
  }
  t.match(checksOf(stopped).get('service'), { status: 'warning', found: /no service answers at http/ })
})

t.test('a service that is not where it is looked for is told from one that is stopped', async t => {
  const bridge = await start(t)
  const ran = await examine(t, { ...bridge, url: 'http://127.0.0.1:9' }, ['--json'])
  t.equal(ran.code, 1)
  t.match(checksOf(ran).get('database'), { status: 'failed', found: /Another process holds/, todo: /BRIDGE_URL/ })
})

t.test('a database that is not there yet is made at the first start, not by looking', async t => {
  const bridge = await start(t)
  await bridge.stop()
  const ran = await runCli(t, ['doctor', '--json'], {
    cwd: bridge.folder.path,
    env: { BRIDGE_URL: bridge.url, BRIDGE_STORE: 'sqlite:data/none.db' },
  })
  t.equal(ran.code, 0)
  t.match(checksOf(ran).get('database'), { status: 'warning', found: /none\.db is not there/ })
})
