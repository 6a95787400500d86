import t from 'tap'
import { callCli } from '../fixtures/call-cli.ts'
import { runCli } from '../fixtures/run-cli.ts'
import { makeBridgeFolder } from '../fixtures/start-test-bridge.ts'
import { one } from '../fixtures/start-worker-bridge.ts'

const KEYS = ['file', 'pointer', 'line', 'column', 'severity', 'code', 'message', 'expected', 'found', 'suggestion']
const good = one('x', 'entries', { collectionId: 'col_products' })

t.test('a sound folder: exit code 0', async t => {
  const { path: cwd } = makeBridgeFolder(t, { mappings: { good } })
  const { code, out, err } = await runCli(t, ['check'], { cwd })
  t.strictSame([code, err], [0, ''])
  t.match(out, /^ok {2}5 sources, 1 mappings, \d+ operations\n$/)
  const json = await callCli(t, ['check', '--json'], { cwd })
  t.equal(json.code, 0)
  t.strictSame(JSON.parse(json.out), { ok: true, problems: [], tests: { passed: 0, failed: 0 } })
})

t.test('a mapping with mistakes: exit code 1, every one with its place', async t => {
  const { path: cwd } = makeBridgeFolder(t, {
    mappings: { bad: { ...good, source: 'opne', steps: [{ id: 'a', operation: 'entriez' }], wehn: 'true' } },
  })
  const human = await callCli(t, ['check'], { cwd })
  t.equal(human.code, 1)
  t.match(
    human.out,
    /error {2}.*mappings\/bad\.json: \/source: expected one of .*, found "opne" \(line 2, column 13; did you mean "open"\?\)/,
  )
  t.match(human.out, /\n3 problems\n$/)

  const { code, out } = await runCli(t, ['check', '--json'], { cwd })
  t.equal(code, 1)
  const report = JSON.parse(out)
  t.strictSame(Object.keys(report), ['ok', 'problems', 'tests'])
  t.equal(report.ok, false)
  t.equal(report.problems.length, 3)
  for (const problem of report.problems) t.strictSame(Object.keys(problem).sort(), [...KEYS].sort())
  t.match(report.problems, [
    {
      pointer: '/source',
      line: 2,
      column: 13,
      severity: 'error',
      code: 'unknown_source',
      found: '"opne"',
      suggestion: 'open',
    },
    {},
    {},
  ])
})

t.test('a configuration with mistakes: exit code 78, those of mappings among them', async t => {
  const { path: cwd } = makeBridgeFolder(t, {
    config: { limits: { attempts: 0 } },
    mappings: { bad: { ...good, source: 'nobody' } },
  })
  const { code, out } = await callCli(t, ['check', '--json'], { cwd })
  t.equal(code, 78)
  const { ok, problems } = JSON.parse(out)
  t.equal(ok, false)
  t.match(problems, [
    { pointer: '/limits/attempts', severity: 'error', expected: 'a whole number from 1 to 100', found: '0' },
    { pointer: '/source', code: 'unknown_source' },
  ])
})

t.test('no configuration at all: exit code 78', async t => {
  const cwd = t.testdir({})
  const { code, out } = await runCli(t, ['check', '--json'], { cwd })
  t.equal(code, 78)
  t.match(JSON.parse(out), { ok: false, problems: [{ code: 'file_unreadable', pointer: '' }] })
  const named = await callCli(t, ['check', '--config', 'nowhere.json'], { cwd })
  t.match(named, { code: 78, out: /nowhere\.json: \/: expected a configuration, found no such file/ })
})

t.test('warnings are told, and are errors only with --strict', async t => {
  const { path: cwd } = makeBridgeFolder(t)
  const { code, out } = await callCli(t, ['check'], { cwd })
  t.equal(code, 0)
  t.match(out, /^warning {2}.*no mapping files|^warning .*expected a file such as publish-page\.json, found none/)
  t.equal((await callCli(t, ['check', '--strict'], { cwd })).code, 1)
})
