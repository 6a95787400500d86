import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { loadMappings } from '../../src/mapping/load-mappings.ts'
import { formatProblem, type Problem } from '../../src/mapping/problem.ts'
import { readMappingTests } from '../../src/mapping/read-mapping-tests.ts'
import { problemsOfTests, runMappingTests, type TestResult } from '../../src/mapping/run-mapping-tests.ts'
import { CONTEXT, problemLines, writeFolder } from '../fixtures/mapping-folder.ts'

const LIMITS = { jsonDepthMax: 64, jobsPerEventMax: 100 }
const base = { source: 'github', integration: 'ci' }

interface Ran {
  results: TestResult[]
  unreadable: number
  problems: Problem[]
  /** Problems of reading and of failed tests as lines, paths relative to the folder. */
  lines: string[]
}

async function runFolder(t: Test, files: Readonly<Record<string, unknown>>): Promise<Ran> {
  const folder = writeFolder(t, files)
  return runIn(folder)
}

async function runIn(folder: string): Promise<Ran> {
  const loaded = await loadMappings(folder, CONTEXT)
  const errors = loaded.problems.filter(({ severity }) => severity === 'error')
  if (errors.length > 0) throw new Error(problemLines(loaded, folder).join('\n'))
  const mappings = new Map(loaded.mappings.map(mapping => [mapping.name, mapping]))
  const { tests, unreadable, problems } = await readMappingTests(folder, mappings, LIMITS)
  const context = { operations: loaded.operations, constants: CONTEXT.constants, limits: LIMITS }
  const results = runMappingTests(tests, context)
  const all = [...problems, ...problemsOfTests(results)]
  const lines = all.map(problem => formatProblem({ ...problem, file: problem.file.replace(`${folder}/`, '') }))
  return { results, unreadable, problems: all, lines }
}

/** Runs one test of one mapping and gives its outcome. */
async function runOne(t: Test, mapping: object, test: object): Promise<TestResult['outcome']> {
  const { results, lines } = await runFolder(t, {
    'm.json': { ...base, ...mapping, tests: [{ name: 'it', event: { type: 'push' }, ...test }] },
  })
  if (results.length !== 1) throw new Error(lines.join('\n'))
  return results[0]!.outcome
}

const differences = (outcome: TestResult['outcome']): string[] =>
  outcome.kind === 'failed' ? outcome.differences.map(d => `${d.path}: ${d.expected} | ${d.found}`) : [outcome.kind]

/** Reads an entry, saves it, publishes it. */
const flow = {
  steps: [
    { id: 'entry', operation: 'entry', variables: { entryId: '${payload.id}' } },
    {
      id: 'saved',
      if: 'steps.entry.entry.content.price != payload.price',
      operation: 'updateEntry',
      variables: {
        entryId: '${steps.entry.entry.id}',
        lastVersion: '${steps.entry.entry.latestRevision.version}',
        content: { price: '${payload.price}' },
      },
    },
    { id: 'page', operation: 'publishPage', variables: { pageId: 'pg_1', revisionId: 'r' } },
  ],
}
const event = { type: 'push', payload: { id: 'ent_1', price: 39 } }
const entryWith = (price: number) => ({
  entry: { entry: { id: 'ent_1', content: { price }, latestRevision: { version: 3 } } },
})
const read = { operation: 'entry', variables: { entryId: 'ent_1' } }
const saved = { operation: 'updateEntry', variables: { entryId: 'ent_1', lastVersion: 3, content: { price: 39 } } }
const published = { operation: 'publishPage', variables: { pageId: 'pg_1', revisionId: 'r' } }

t.test('operations are compared as a sequence from which reads may be left out', async t => {
  const run = (answers: object, operations: object[]) =>
    runOne(t, flow, { event, answers, expect: { matched: true, operations } })
  t.same(await run(entryWith(29), [read, saved, published]), { kind: 'passed' })
  t.same(await run(entryWith(29), [saved, published]), { kind: 'passed' })
  t.same(await run(entryWith(39), [published]), { kind: 'passed' }, 'a step whose "if" is false sends nothing')
  t.same(await run(entryWith(29), [{ operation: 'updateEntry' }, published]), { kind: 'passed' }, 'any variables')

  t.strictSame(differences(await run(entryWith(29), [published])), ['operations[0]: publishPage | updateEntry'])
  t.strictSame(differences(await run(entryWith(29), [saved])), [
    'operations[1]: nothing more | publishPage {"pageId":"pg_1","revisionId":"r"}',
  ])
  t.strictSame(differences(await run(entryWith(29), [saved, published, published])), [
    'operations[2]: publishPage | nothing more',
  ])
  t.strictSame(differences(await run(entryWith(29), [saved, read, published])), ['operations[1]: entry | publishPage'])
  const other = { operation: 'entry', variables: { entryId: 'ent_2' } }
  t.strictSame(differences(await run(entryWith(29), [other, saved, published])), [
    'operations[0].variables.entryId: "ent_2" | "ent_1"',
  ])
})

t.test('a difference names the path, what was expected and what was found', async t => {
  const variables = { entryId: 'ent_1', lastVersion: 2, content: { price: '39', 'odd key': [1, { a: null }] } }
  const outcome = await runOne(t, flow, {
    event,
    answers: entryWith(29),
    expect: { matched: true, operations: [{ operation: 'updateEntry', variables }, published] },
  })
  t.strictSame(differences(outcome), [
    'operations[0].variables.lastVersion: 2 | 3',
    'operations[0].variables.content.price: "39" | 39',
    'operations[0].variables.content["odd key"]: [1,{"a":null}] | nothing',
  ])
})

t.test('without answers what is known is compared, and the rest is said to be unknown', async t => {
  const run = (operations: object[]) => runOne(t, flow, { event, expect: { matched: true, operations } })
  t.same(await run([read]), { kind: 'passed' })
  t.same(await run([read, saved, published]), { kind: 'undecided', needs: ['entry'] })
  t.same(await run([]), { kind: 'undecided', needs: ['entry'] }, 'that nothing is written cannot be said')
  const wrong = { operation: 'entry', variables: { entryId: 'x' } }
  t.strictSame(differences(await run([wrong])), ['operations[0].variables.entryId: "x" | "ent_1"'])
  t.strictSame(differences(await run([read, { operation: 'deleteEntry' }])), [
    'operations[1]: deleteEntry | no step that could send it here',
  ])
  t.strictSame(differences(await run([published, saved])), [
    'operations[0]: publishPage | no step that could send it here',
  ])
})

t.test('actions are tested with the answers their steps get', async t => {
  const mapping = { action: 'publishPage', with: { pageId: '${payload.page}' } }
  const page = { id: 'pg_1', hasUnpublishedChanges: true, latestRevision: { id: 'rev_2', headAnchor: 'anc_2' } }
  const run = (answers: object | undefined, operations: object[]) =>
    runOne(t, mapping, {
      event: { type: 'push', payload: { page: 'pg_1' } },
      ...(answers && { answers }),
      expect: { matched: true, operations },
    })
  const variables = {
    pageId: 'pg_1',
    revisionId: 'rev_2',
    expectedRevisionId: 'rev_2',
    expectedHeadAnchor: 'anc_2',
  }
  t.same(await run({ page: { page } }, [{ operation: 'publishPage', variables }]), { kind: 'passed' })
  const unchanged = { ...page, hasUnpublishedChanges: false, status: 'PUBLISHED' }
  t.same(await run({ page: { page: unchanged } }, []), { kind: 'passed' }, 'nothing to do')
  t.same(await run(undefined, [{ operation: 'page', variables: { pageId: 'pg_1' } }]), { kind: 'passed' })
  t.strictSame(differences(await run({ pgae: { page } }, [])), [
    'answers: one of the steps page, published | "pgae" (did you mean "page"?)',
  ])
})

t.test('a match is expected or not, and the reason is told', async t => {
  const mapping = { on: ['push'], when: "payload.ref == 'main'", ...flow }
  const run = (ref: string, type: string, matched: boolean) =>
    runOne(t, mapping, { event: { type, payload: { ref, id: 'e', price: 1 } }, expect: { matched } })
  t.same(await run('main', 'push', true), { kind: 'passed' })
  t.same(await run('dev', 'push', false), { kind: 'passed' })
  t.strictSame(differences(await run('dev', 'push', true)), ["matched: a match | none: false: payload.ref == 'main'"])
  t.strictSame(differences(await run('main', 'pull', true)), [
    'matched: a match | none: the event type "pull" is none of push',
  ])
  t.strictSame(differences(await run('main', 'push', false)), ['matched: none | a match'])
})

t.test('a job that would be dead fails its test', async t => {
  const run = (mapping: object) => runOne(t, mapping, { expect: { matched: true } })
  const steps = [{ id: 'a', operation: 'page', variables: { pageId: '${payload.page.id}' } }]
  const dead = 'job: a job that can be done | '
  t.strictSame(differences(await run({ steps })), [
    `${dead}missing_key: variables.pageId of step "a": payload has no key "page"`,
  ])
  t.strictSame(differences(await run({ order: '${payload.x}', steps })), [
    `${dead}missing_key: order: payload has no key "x"`,
  ])
  t.strictSame(differences(await run({ vars: { a: '${payload.x}' }, steps })), [
    `${dead}missing_key: vars.a: payload has no key "x"`,
  ])
  const unread = [{ id: 'a', if: 'false', operation: 'entry', variables: { entryId: 'e' } }]
  const reads = { id: 'b', operation: 'entry', variables: { entryId: '${steps.a.entry.id}' } }
  t.match(differences(await run({ steps: [...unread, reads] })), [/no such step result: "a"/])
})

t.test('a hold ends the job, and its message can be expected', async t => {
  const steps = [
    { id: 'look', if: 'payload.n > 1', hold: 'look at ${payload.n}' },
    { id: 'a', operation: 'deleteEntry', variables: { entryId: 'e' } },
  ]
  const run = (n: number, expect: object) => runOne(t, { steps }, { event: { type: 'x', payload: { n } }, expect })
  t.same(await run(2, { matched: true, held: 'look at 2', operations: [] }), { kind: 'passed' })
  t.same(await run(1, { matched: true, operations: [{ operation: 'deleteEntry' }] }), { kind: 'passed' })
  t.strictSame(differences(await run(1, { matched: true, held: 'look at 2' })), [
    'held: "look at 2" | a job that is not held',
  ])
  t.strictSame(differences(await run(2, { matched: true, operations: [{ operation: 'deleteEntry' }] })), [
    'operations[0]: deleteEntry | a hold: "look at 2"',
  ])
})

t.test('every job of forEach adds its operations, in order', async t => {
  const mapping = {
    forEach: 'payload.ids',
    steps: [{ id: 'a', operation: 'deleteEntry', variables: { entryId: '${item}' } }],
  }
  const operations = ['x', 'y'].map(entryId => ({ operation: 'deleteEntry', variables: { entryId } }))
  const test = { event: { type: 'x', payload: { ids: ['x', 'y'] } }, expect: { matched: true, operations } }
  t.same(await runOne(t, mapping, test), { kind: 'passed' })
})

t.test('the scope of a test is that of an event: headers in lower case, a fixed instant, constants', async t => {
  const variables = {
    collectionId: '${constants.products}',
    search: "${headers['x-a']} ${event.type} ${date(event.receivedAt)}",
  }
  const test = {
    event: { type: 'push.x', payload: {}, headers: { 'X-A': 'b' } },
    expect: {
      matched: true,
      operations: [
        { operation: 'entries', variables: { collectionId: 'col_products', search: 'b push.x 2026-01-01' } },
      ],
    },
  }
  t.same(await runOne(t, { steps: [{ id: 'a', operation: 'entries', variables }] }, test), { kind: 'passed' })
})

t.test('a number that loses precision fails in a test as it would in a job', async t => {
  const folder = writeFolder(t, {
    'm.json': `{ "source": "github", "integration": "ci",
      "steps": [{ "id": "a", "operation": "page", "variables": { "pageId": "\${string(payload.id)}" } }],
      "tests": [{ "name": "big", "event": { "type": "x", "payload": { "id": 12345678901234567890 } }, "expect": { "matched": true } }] }`,
  })
  const { results } = await runIn(folder)
  t.match(differences(results[0]!.outcome), [/precision_loss/])
})

t.test('tests stand in the mapping file, in <name>.test.json as an object, or there as a list', async t => {
  const steps = [{ id: 'a', operation: 'page', variables: { pageId: '${payload.id}' } }]
  const good = { name: 'good', event: { type: 'x', payload: { id: 'p' } }, expect: { matched: true } }
  const bad = { ...good, name: 'bad', expect: { matched: false } }
  const { results, lines, problems } = await runFolder(t, {
    'a.json': { ...base, steps, tests: [good, bad] },
    'a.test.json': { tests: [bad] },
    'b.json': { ...base, steps },
    'b.test.json': [good, bad],
  })
  t.equal(results.length, 5)
  t.strictSame(lines, [
    'a.json: /tests/1: expected none, found a match (line 26, column 5)',
    'a.test.json: /tests/0: expected none, found a match (line 3, column 5)',
    'b.test.json: /1: expected none, found a match (line 14, column 3)',
  ])
  t.match(problems[0], {
    code: 'test_failed',
    severity: 'error',
    message: 'test "bad": matched: expected none, found a match',
  })
})

t.test('a test that says too little is a warning, with what to do', async t => {
  const { problems, lines } = await runFolder(t, {
    'm.json': { ...base, ...flow, tests: [{ name: 'half', event, expect: { matched: true, operations: [saved] } }] },
  })
  t.match(problems, [{ severity: 'warning', code: 'test_undecided' }])
  t.match(lines, [
    /^m\.json: \/tests\/0: test "half": what follows depends on the answer of "entry" \(line \d+, column 5; give it in "answers": \{ "entry": … \}\)$/,
  ])
})

t.test('a payload file lies below the folder of the mapping', async t => {
  const steps = [{ id: 'a', operation: 'page', variables: { pageId: '${payload.id}' } }]
  const test = (name: string, payloadFile: string, more: object = {}) => ({
    name,
    event: { type: 'x', payloadFile, ...more },
    expect: { matched: true, operations: [{ operation: 'page', variables: { pageId: 'p' } }] },
  })
  const folder = writeFolder(t, {
    'in/m.json': {
      ...base,
      steps,
      tests: [
        test('fine', 'payloads/p.json'),
        test('above', '../secret.json'),
        test('absolute', '/etc/hostname'),
        test('a link', 'payloads/link.json'),
        test('absent', 'payloads/no.json'),
        test('no JSON', 'payloads/text.json'),
        test('both', 'payloads/p.json', { payload: {} }),
      ],
    },
    'in/payloads/p.json': '\ufeff{"id":"p"}',
    'in/payloads/text.json': 'hello',
    'secret.json': { id: 'p' },
  })
  mkdirSync(join(folder, 'in/operations'))
  symlinkSync(join(folder, 'secret.json'), join(folder, 'in/payloads/link.json'))
  const { results, unreadable, lines } = await runIn(join(folder, 'in'))
  t.same(
    results.map(({ outcome }) => outcome),
    [{ kind: 'passed' }],
  )
  t.equal(unreadable, 6)
  const at = (line: string) => line.replace(/ \(line.*/, '')
  t.strictSame(lines.map(at), [
    'm.json: /tests/1/event/payloadFile: expected a file below the folder of the mapping, found "../secret.json"',
    'm.json: /tests/2/event/payloadFile: expected a file below the folder of the mapping, found "/etc/hostname"',
    'm.json: /tests/3/event/payloadFile: expected a file below the folder of the mapping, found "payloads/link.json"',
    'm.json: /tests/4/event/payloadFile: expected a readable file, found "payloads/no.json"',
    'm.json: /tests/5/event/payloadFile: expected a payload, found not valid JSON',
    'm.json: /tests/6/event/payloadFile: expected one of them, found both',
  ])
})

t.test('a file of tests that cannot be used is a problem of its own', async t => {
  const folder = writeFolder(t, { 'm.json': { ...base, ...flow }, 'x.test.json': [], 'm.test.json': '{ "tests": [' })
  const { lines, results } = await runIn(folder)
  t.strictSame(results, [])
  t.match(lines, [
    /^m\.test\.json: \/: expected .*, found .* \(line 1, column \d+\)$/,
    'x.test.json: /: expected x.json beside it, found none',
  ])
  writeFileSync(join(folder, 'm.test.json'), '{ "tests": [{ "name": "a", "event": {}, "expect": { "matched": 1 } }] }')
  t.match((await runIn(folder)).lines, [
    /^m\.test\.json: \/tests\/0\/event\/type: expected "type", found nothing/,
    /^m\.test\.json: \/tests\/0\/expect\/matched: expected true or false, found 1/,
    /^x/,
  ])
  writeFileSync(join(folder, 'm.test.json'), '[{ "name": "a", "event": { "type": "x" } }]')
  t.match((await runIn(folder)).lines, [/^m\.test\.json: \/0\/expect: expected "expect", found nothing/, /^x/])
})

t.test('a mapping over its cost fails its tests as it would fail its jobs', async t => {
  const list = Array.from({ length: 300 }, (_, i) => i)
  const cubic = '${string(payload.list.map(a, payload.list.map(b, payload.list.filter(c, a + b == c))).size())}'
  const steps = [{ id: 'a', operation: 'page', variables: { pageId: cubic } }]
  const outcome = await runOne(t, { steps }, { event: { type: 'x', payload: { list } }, expect: { matched: true } })
  t.match(differences(outcome), [/^job: a job that can be done \| mapping_cost: /])
})
