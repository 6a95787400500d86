import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import Database from 'better-sqlite3'
import t, { type Test } from 'tap'
import { hashFile } from '../../src/store/sqlite/check-copy.ts'
import { ADMIN_KEY, getRaw } from '../fixtures/call-api.ts'
import { type Ran, runCli } from '../fixtures/run-cli.ts'
import { type TestBridge, waitFor } from '../fixtures/start-test-bridge.ts'
import { emit, startWorkerBridge } from '../fixtures/start-worker-bridge.ts'
import { makeBackupPlace } from '../fixtures/take-backup.ts'

const OPERATOR_KEY = 'canary-operator-key-012345'
const keys = [
  { name: 'ops', role: 'admin', key: 'env:OPS_KEY' },
  { name: 'op', role: 'operator', key: 'env:OP_KEY' },
]
const config = { admin: { keys } }

const start = (t: Test): Promise<TestBridge> =>
  startWorkerBridge(t, { config, env: { OPS_KEY: ADMIN_KEY, OP_KEY: OPERATOR_KEY } })

function backUp(t: Test, url: string, args: readonly string[], key = ADMIN_KEY): Promise<Ran> {
  return runCli(t, ['backup', ...args], { cwd: t.testdir(), env: { BRIDGE_URL: url, BRIDGE_ADMIN_KEY: key } })
}

function countEvents(file: string): number {
  const db = new Database(file, { readonly: true })
  try {
    return db.prepare<[], number>('select count(*) from event').pluck().get()!
  } finally {
    db.close()
  }
}

t.test(
  'a backup of the running service is one closed file with everything that was answered, and a manifest',
  async t => {
    const bridge = await start(t)
    for (let n = 0; n < 5; n++) await emit(bridge, 'read', { n })
    const file = makeBackupPlace(t)
    const { code, out, err } = await backUp(t, bridge.url, [file])
    t.same({ code, err }, { code: 0, err: '' })
    t.match(out, /copy\.db {2}\d+ bytes, as of \S+\n {2}5 events, \d jobs/)
    t.same(readdirSync(dirname(file)).sort(), ['copy.db', 'copy.db.manifest.json'])
    t.equal(statSync(file).mode & 0o777, 0o600)
    t.equal(countEvents(file), 5)
    const manifest = JSON.parse(readFileSync(`${file}.manifest.json`, 'utf8'))
    t.match(manifest, { format: 1, bytes: statSync(file).size, sha256: hashFile(file), epoch: 1, last: { event: 5 } })
    t.match(out, manifest.sha256)
    t.same(
      readdirSync(dirname(bridge.databaseFile)).filter(name => name.includes('backup')),
      [],
      'nothing is left beside the database',
    )
    t.match(bridge.rows(`select actor from audit_entry where action = 'store.backed_up'`), [{ actor: 'admin:ops' }])
  },
)

t.test('deliveries go on during a backup, and it holds all that were answered before it began', async t => {
  const bridge = await start(t)
  await emit(bridge, 'read')
  let answered = 1
  let isOver = false
  const delivering = (async () => {
    while (!isOver) {
      await emit(bridge, 'read', { answered })
      answered++
    }
  })()
  for (let n = 0; n < 3; n++) {
    const file = makeBackupPlace(t)
    const before = answered
    const { out } = await backUp(t, bridge.url, [file, '--json'])
    const held = countEvents(file)
    t.equal(JSON.parse(out).rows.event, held)
    t.ok(held >= before && held <= answered, `${before} <= ${held} <= ${answered}`)
  }
  isOver = true
  await delivering
})

t.test('a file that is there is not written over', async t => {
  const bridge = await start(t)
  const file = makeBackupPlace(t)
  writeFileSync(file, 'mine')
  const { code, err } = await backUp(t, bridge.url, [file])
  t.equal(code, 1)
  t.match(err, /copy\.db: expected a new file, found one that is there/)
  t.equal(readFileSync(file, 'utf8'), 'mine')
})

t.test('only an admin may take a backup', async t => {
  const bridge = await start(t)
  const file = makeBackupPlace(t)
  const { code, err } = await backUp(t, bridge.url, [file], OPERATOR_KEY)
  t.equal(code, 1)
  t.match(err, /403 forbidden/)
  t.same(readdirSync(dirname(file)), [])
})

t.test('one backup at a time, and one whose client went away does not stand in the way', async t => {
  const bridge = await start(t)
  await emit(bridge, 'read')
  const both = await Promise.all([getRaw(bridge, 'backup'), getRaw(bridge, 'backup')])
  t.same(both.map(({ status }) => status).sort(), [200, 409])
  const gone = new AbortController()
  const headers = { authorization: `Bearer ${ADMIN_KEY}` }
  const asked = fetch(`${bridge.url}/api/backup`, { headers, signal: gone.signal })
  setImmediate(() => gone.abort())
  await t.rejects(asked)
  const { status } = await waitFor('the next backup', async () => {
    const answer = await getRaw(bridge, 'backup')
    return answer.status === 409 ? null : answer
  })
  t.equal(status, 200)
})

t.test('a service that stops gives a backup up', async t => {
  const bridge = await start(t)
  await emit(bridge, 'read')
  const asked = getRaw(bridge, 'backup').then(
    ({ status }) => status,
    () => 'broken off',
  )
  await new Promise(resolve => setTimeout(resolve, 20))
  await bridge.stop()
  t.ok([200, 503, 'broken off'].includes(await asked))
  t.same(
    readdirSync(dirname(bridge.databaseFile)).filter(name => name.includes('backup')),
    [],
  )
})

t.test('a service that is not there is not taken for a stopped one', async t => {
  const { code, err } = await backUp(t, 'http://127.0.0.1:9', [makeBackupPlace(t)])
  t.equal(code, 1)
  t.match(err, /expected an answer, found ECONNREFUSED.*Is the service running/)
})

t.test('the database of a stopped service is backed up without it, and not while one runs', async t => {
  const bridge = await start(t)
  await emit(bridge, 'read')
  const file = makeBackupPlace(t)
  const cwd = bridge.folder.path
  t.match(await runCli(t, ['backup', file, '--stopped'], { cwd }), { code: 1, err: /Another process holds/ })
  t.same(readdirSync(dirname(file)), [])
  await bridge.stop()
  t.match(await runCli(t, ['backup', file, '--stopped'], { cwd }), { code: 0, out: /1 events/ })
  t.equal(countEvents(file), 1)
})
