import { copyFileSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import t from 'tap'
import { anchorsFileOf } from '../../src/audit/anchors.ts'
import { ADMIN_KEY } from '../fixtures/call-api.ts'
import { callCli } from '../fixtures/call-cli.ts'
import { callClient } from '../fixtures/call-client.ts'
import { makeTempFolder } from '../fixtures/open-temp-store.ts'
import { startTestBridge } from '../fixtures/start-test-bridge.ts'
import { emit, one } from '../fixtures/start-worker-bridge.ts'

const rename = one('rename', 'renameEntry', { entryId: 'ent_free', name: 'x' })
const bridge = await startTestBridge(t, { mappings: { rename }, env: { BRIDGE_ADMIN_KEY: ADMIN_KEY } })
const job = await bridge.job(await emit(bridge, 'rename'))

t.test('the audit is listed as a table, and for machines', async t => {
  const { code, out } = await callClient(t, bridge.url, ['audit', '--job', job.id])
  t.equal(code, 0)
  const lines = out.trimEnd().split('\n')
  t.match(lines[0], /^row +at +actor +action +on +detail$/)
  t.match(lines[1], new RegExp(`^\\d+ +\\S+Z +bridge +job.succeeded +${job.id}$`))
  t.match(lines[2], new RegExp(`^\\d+ +\\S+Z +bridge +attempt.applied +${job.id} +\\{"step":"a"`))
  const json = await callClient(t, bridge.url, [
    'audit',
    'list',
    '--action',
    'attempt.applied',
    '--limit',
    '1',
    '--json',
  ])
  t.match(JSON.parse(json.out), { entries: [{ action: 'attempt.applied', jobId: job.id }] })
  t.match(await callClient(t, bridge.url, ['audit', '--actor', 'admin:nobody']), { code: 0, out: 'no entries\n' })
  t.match((await callClient(t, bridge.url, ['audit', '--limit', '1'])).out, /there are more: --limit\n$/)
})

t.test('an export goes into a private file, or to standard output', async t => {
  const out = join(makeTempFolder(t), 'audit.csv')
  const { code, err } = await callClient(t, bridge.url, ['audit', 'export', '--format', 'csv', '--out', out])
  t.equal(code, 0)
  t.match(err, `bytes in ${out}`)
  t.match(readFileSync(out, 'utf8'), /^seq,at,actor/)
  t.equal(statSync(out).mode & 0o777, 0o600)
  const lines = (await callClient(t, bridge.url, ['audit', 'export', '--job', job.id])).out.trimEnd().split('\n')
  t.same(
    lines.map(line => (JSON.parse(line) as { action: string }).action),
    ['attempt.applied', 'job.succeeded'],
  )
  t.match(await callClient(t, bridge.url, ['audit', 'export', '--format', 'xml']), {
    code: 2,
    err: /--format: expected/,
  })
  const wrong = await callClient(t, bridge.url, ['audit', 'export', '--out', out], 'another-key-0123456789')
  t.match(wrong, { code: 1, err: /401 unauthorized/ })
  t.match(readFileSync(out, 'utf8'), /^seq,at,actor/, 'a refusal leaves the file as it was')
})

t.test('the running service is verified, and so is a copy without it', async t => {
  const whole = await callClient(t, bridge.url, ['audit', 'verify'])
  t.equal(whole.code, 0)
  t.match(whole.out, /^whole {2}\d+ rows, 1 to \d+\n/)
  t.match(whole.out, /signed by the key [0-9a-f]{16} from row \d+ on\n$/)
  t.match(JSON.parse((await callClient(t, bridge.url, ['audit', 'verify', '--json'])).out), { ok: true, problem: null })
  t.match(await callClient(t, bridge.url, ['audit', 'verify', '--anchors', 'x']), {
    code: 2,
    err: /with --database only/,
  })

  await bridge.stop()
  const cwd = t.testdir({})
  const copy = join(cwd, 'copy.db')
  const anchors = anchorsFileOf(bridge.databaseFile)
  copyFileSync(bridge.databaseFile, copy)
  const verify = (...args: string[]) => callCli(t, ['audit', 'verify', '--database', copy, ...args], { cwd })
  const key = bridge.bridge.checkpoints.fingerprint
  t.match(await verify('--anchors', anchors, '--key', key), { code: 0, out: /^whole/ })
  t.match(await verify(), { code: 0, out: /not compared with the file of checkpoints: --anchors/ })
  t.match(await verify('--key', '0123456789abcdef'), { code: 1, out: /key_unknown: the newest checkpoint/ })
  t.match(await verify('--anchors', join(cwd, 'none')), { code: 2, err: /--anchors: expected the file of checkpoints/ })
  const db = new Database(copy)
  db.exec('delete from audit_entry where seq = 3')
  db.close()
  const bad = await verify('--anchors', anchors)
  t.match(bad, {
    code: 1,
    out: /^not as it was written {2}row 3 {2}row_missing: row 3 is missing\ngood before that {2}2 rows, 1 to 2\n/,
  })
  const none = await callCli(t, ['audit', 'verify', '--database', join(cwd, 'nothing.db')], { cwd })
  t.match(none, { code: 1, err: /expected a copy of the bridge's database with an audit/ })
})
