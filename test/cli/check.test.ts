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

t.test('an expression is shown with a caret, but never a line of the configuration', async t => {
  const {
    path: cwd,
    read,
    write,
  } = makeBridgeFolder(t, { mappings: { bad: { ...good, when: 'sluggify(payload.x)' } } })
  const { code, out } = await callCli(t, ['check'], { cwd })
  t.equal(code, 1)
  t.match(out, /^error {2}.*\/when: .*\n {8}"when": "sluggify\(payload\.x\)"\n {8} {9}\^\n1 problems\n$/)

  const literal = 'literal-secret-4711-abcdef'
  const config = JSON.parse(read('bridge.json'))
  config.sources.zapier.secrets = [literal]
  write('bridge.json', config)
  const secret = await callCli(t, ['check'], { cwd })
  t.equal(secret.code, 78)
  t.match(secret.out, '/sources/zapier/secrets')
  t.notMatch(secret.out, literal)
})

const tested = (pageId: string, more: object = {}) => ({
  source: 'open',
  integration: 'ci',
  action: 'publishPage',
  with: { pageId: '${payload.page}' },
  tests: [
    {
      name: 'names the page \u001b[31m',
      event: { type: 'x', payload: { page: 'pg_1' } },
      expect: { matched: true, operations: [{ operation: 'page', variables: { pageId } }] },
      ...more,
    },
  ],
})

t.test('the tests of mappings are run, and counted', async t => {
  const { path: cwd, write } = makeBridgeFolder(t, { mappings: { good: tested('pg_1') } })
  write('mappings/good.test.json', { tests: tested('pg_1').tests })
  const { code, out } = await runCli(t, ['check'], { cwd })
  t.equal(code, 0)
  t.match(out, /^ok {2}5 sources, 1 mappings, \d+ operations, 2 tests\n$/)
  const json = await callCli(t, ['check', '--json'], { cwd })
  t.strictSame(JSON.parse(json.out), { ok: true, problems: [], tests: { passed: 2, failed: 0 } })
})

t.test('a failed test: exit code 1, and where it differs', async t => {
  const { path: cwd } = makeBridgeFolder(t, { mappings: { bad: tested('pg_2'), good: tested('pg_1') } })
  const human = await runCli(t, ['check'], { cwd })
  t.equal(human.code, 1)
  t.match(human.out, /^failed {2}.*mappings\/bad\.json:\d+ {2}test "names the page \\u001b\[31m"\n/)
  t.match(human.out, /\n {8}operations\[0\]\.variables\.pageId: expected "pg_2", found "pg_1"\n1 of 2 tests failed\n$/)
  const { code, out } = await callCli(t, ['check', '--json'], { cwd })
  t.equal(code, 1)
  const report = JSON.parse(out)
  t.strictSame(Object.keys(report), ['ok', 'problems', 'tests'])
  t.match(report, {
    ok: false,
    problems: [{ pointer: '/tests/0', severity: 'error', code: 'test_failed', expected: '"pg_2"', found: '"pg_1"' }],
    tests: { passed: 1, failed: 1 },
  })
  t.strictSame(Object.keys(report.problems[0]).sort(), [...KEYS].sort())
})

t.test('a test that cannot be read has failed', async t => {
  const { path: cwd } = makeBridgeFolder(t, {
    mappings: { bad: tested('pg_1', { event: { type: 'x', payloadFile: 'no.json' } }) },
  })
  const { code, out } = await callCli(t, ['check', '--json'], { cwd })
  t.equal(code, 1)
  t.match(JSON.parse(out), {
    ok: false,
    problems: [{ pointer: '/tests/0/event/payloadFile', code: 'file_unreadable' }],
    tests: { passed: 0, failed: 1 },
  })
})

t.test('a test that says too little is a warning: exit code 1 only with --strict', async t => {
  const expect = { matched: true, operations: [{ operation: 'publishPage' }] }
  const { path: cwd } = makeBridgeFolder(t, { mappings: { half: tested('pg_1', { expect }) } })
  const { code, out } = await callCli(t, ['check'], { cwd })
  t.equal(code, 0)
  t.match(out, /^warning {2}.*depends on the answer of "page".*\nok {2}/)
  const strict = await callCli(t, ['check', '--strict'], { cwd })
  t.match(strict, { code: 1, out: /\n1 warnings, which count with --strict\n$/ })
})
