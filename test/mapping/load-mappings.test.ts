import { mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { compileFlows } from '../../src/mapping/compile-flows.ts'
import { checkMappings, loadMappings } from '../../src/mapping/load-mappings.ts'
import { readMappingFiles } from '../../src/mapping/read-mapping-files.ts'
import { CONTEXT, loadFolder, problemLines, writeFolder } from '../fixtures/mapping-folder.ts'

const READ = { id: 'read', operation: 'page', variables: { pageId: 'pg_1' } }
const base = { source: 'github', integration: 'ci', steps: [READ] }

t.test('the examples of the contract load without problems', async t => {
  const short = {
    $schema: './schema.json',
    description: 'Publish the status page when CI on main succeeds',
    source: 'github',
    on: ['workflow_run.completed'],
    when: "payload.workflow_run.conclusion == 'success' && payload.workflow_run.head_branch == 'main'",
    integration: 'ci',
    order: '${payload.repository.full_name}',
    action: 'publishPage',
    with: { projectId: '${constants.projectId}', pageId: 'pg_status' },
  }
  const long = {
    source: 'stripe',
    on: ['product.updated'],
    integration: 'catalog',
    order: '${payload.data.object.id}',
    coalesce: 'latest',
    vars: { slug: '${slugify(payload.data.object.name)}' },
    steps: [
      {
        id: 'found',
        operation: 'entries',
        variables: { collectionId: '${constants.products}', search: '${vars.slug}' },
      },
      {
        id: 'entry',
        if: 'size(steps.found.entries.results) > 0',
        operation: 'entry',
        variables: { entryId: '${steps.found.entries.results[0].id}' },
      },
      {
        id: 'saved',
        if: 'has(steps.entry)',
        operation: 'updateEntry',
        variables: {
          entryId: '${steps.entry.entry.id}',
          lastVersion: '${steps.entry.entry.latestRevision.version}',
          content: {
            price: '${payload.data.object.default_price.unit_amount / 100.0}',
            title: 'Now: ${payload.data.object.name}',
          },
        },
      },
    ],
    tests: [{ name: 'a test', event: { type: 'product.updated', payload: {} }, expect: { matched: true } }],
  }
  const loaded = await loadFolder(t, { 'short.json': short, 'long.json': long, 'schema.json': {} })
  t.strictSame(loaded.problems, [])
  t.strictSame(
    loaded.mappings.map(({ name, action, coalesce, steps }) => [name, action, coalesce, steps.length]),
    [
      ['long', null, true, 3],
      ['short', 'publishPage', false, 2],
    ],
  )
})

/** One mistake each: the mapping (as text, or laid over the base), and the lines people read. */
const MISTAKES: readonly (readonly [string, unknown, readonly string[]])[] = [
  [
    'broken JSON',
    '{\n  "source": "github",\n  "integration" "ci"\n}',
    ['m.json: /: expected ":", found "\\"" (line 3, column 17)'],
  ],
  [
    'a trailing comma',
    '{"source": "github",}',
    ['m.json: /: expected a key in double quotes, found "}" (line 1, column 21)'],
  ],
  ['an empty file', '', ['m.json: /: expected a value, found the end of the file (line 1, column 1)']],
  ['not an object', '[]', ['m.json: /: expected an object, found an empty list (line 1, column 1)']],
  [
    'a duplicate key',
    '{"source":"github","integration":"ci","source":"stripe","action":"publishPage","with":{"pageId":"p"}}',
    ['m.json: /source: expected the key once, found it twice (line 1, column 39)'],
  ],
  [
    'an unknown key',
    { whn: 'true' },
    [
      'm.json: /whn: expected one of $schema, description, source, on, when, integration, order, coalesce, runAt, expiresAfter, forEach, onEcho, vars, steps, action, with, tests, found "whn" (line 13, column 3; did you mean "when"?)',
    ],
  ],
  [
    'an unknown key of a step',
    { steps: [{ ...READ, varables: {} }] },
    [
      'm.json: /steps/0/varables: expected one of id, if, operation, variables, hold, found "varables" (line 11, column 7; did you mean "variables"?)',
    ],
  ],
  [
    'headers of one’s own (T096)',
    { steps: [{ ...READ, headers: { 'x-a': 'b\r\nc: d' } }] },
    [
      'm.json: /steps/0/headers: expected one of id, if, operation, variables, hold, found "headers" (line 11, column 7)',
    ],
  ],
  [
    'a URL of one’s own (T094)',
    { url: 'http://169.254.169.254/' },
    [
      'm.json: /url: expected one of $schema, description, source, on, when, integration, order, coalesce, runAt, expiresAfter, forEach, onEcho, vars, steps, action, with, tests, found "url" (line 13, column 3)',
    ],
  ],
  [
    'a missing source',
    '{"integration":"ci","action":"publishPage","with":{"pageId":"p"}}',
    ['m.json: /source: expected "source", found nothing (line 1, column 1)'],
  ],
  ['a wrong type', { on: 'push' }, ['m.json: /on: expected a list, found "push" (line 13, column 9)']],
  [
    'an empty list of types',
    { on: [] },
    ['m.json: /on: expected at least 1 elements, found an empty list (line 13, column 9)'],
  ],
  [
    'an unknown coalesce',
    { coalesce: 'lates', order: 'x' },
    ['m.json: /coalesce: expected "latest", found "lates" (line 13, column 15; did you mean "latest"?)'],
  ],
  [
    'coalesce without order',
    { coalesce: 'latest' },
    ['m.json: /coalesce: expected "order" beside it, found nothing (line 13, column 3)'],
  ],
  [
    'an unknown source',
    { source: 'githb' },
    ['m.json: /source: expected one of github, stripe, found "githb" (line 2, column 13; did you mean "github"?)'],
  ],
  [
    'an unknown integration',
    { integration: 'catalogue' },
    [
      'm.json: /integration: expected one of catalog, ci, found "catalogue" (line 3, column 18; did you mean "catalog"?)',
    ],
  ],
  [
    'neither steps nor action',
    '{"source":"github","integration":"ci"}',
    ['m.json: /: expected "steps" or "action", found neither (line 1, column 1)'],
  ],
  [
    'steps and action',
    { action: 'publishPage', with: { pageId: 'p' } },
    ['m.json: /: expected "steps" or "action", found both (line 1, column 1)'],
  ],
  [
    'with without action',
    { with: {} },
    ['m.json: /with: expected "action" beside it, found nothing (line 13, column 3)'],
  ],
  [
    'an unknown action',
    { steps: undefined, action: 'publishPge', with: {} },
    [
      'm.json: /action: expected one of createEntry, createRedirect, deleteEntry, publishEntry, publishPage, unpublishPage, updateAndPublishEntry, updateEntry, updatePageMeta, upsertAndPublishEntry, upsertEntry, found "publishPge" (line 4, column 13; did you mean "publishPage"?)',
    ],
  ],
  [
    'an unknown parameter',
    { steps: undefined, action: 'publishPage', with: { pageID: 'p' } },
    [
      'm.json: /with: expected "pageId", found nothing (line 5, column 11)',
      'm.json: /with/pageID: expected one of pageId, projectId, found "pageID" (line 6, column 5; did you mean "pageId"?)',
    ],
  ],
  [
    'half of an alternative',
    { steps: undefined, action: 'publishEntry', with: { slug: 'x' } },
    ['m.json: /with: expected "entryId", or "collectionId" and "slug", found neither (line 5, column 11)'],
  ],
  [
    'an unknown operation',
    { steps: [{ id: 'a', operation: 'createEntri' }] },
    [
      'm.json: /steps/0/operation: expected an operation of operations/ or a shipped one, found "createEntri" (line 7, column 20; did you mean "createEntry"?)',
    ],
  ],
  [
    'an unknown variable',
    { steps: [{ id: 'a', operation: 'page', variables: { pageId: 'p', pageid: 'p' } }] },
    [
      'm.json: /steps/0/variables/pageid: expected one of pageId, found "pageid" (line 10, column 9; did you mean "pageId"?)',
    ],
  ],
  [
    'a missing variable',
    { steps: [{ id: 'a', operation: 'page' }] },
    ['m.json: /steps/0/variables: expected "pageId" (String!), found nothing (line 5, column 5)'],
  ],
  [
    'a step without operation',
    { steps: [{ id: 'a' }] },
    ['m.json: /steps/0: expected "operation" or "hold", found neither (line 5, column 5)'],
  ],
  [
    'two steps of one id',
    { steps: [READ, READ] },
    ['m.json: /steps/1/id: expected an id of its own, found "read" (line 13, column 13)'],
  ],
  [
    'an id CEL cannot name',
    { steps: [{ ...READ, id: 'my-step' }] },
    [
      'm.json: /steps/0/id: expected a name of letters, digits and _ that starts with a letter (at most 64), found "my-step" (line 6, column 13)',
    ],
  ],
  [
    'a syntax error in when',
    { when: 'payload.a = 1' },
    ['m.json: /when: expected "==", found "=" (line 13, column 22; compare with "==")'],
  ],
  [
    'when that gives no bool',
    { when: 'size(payload.a)' },
    ['m.json: /when: expected an expression that gives a bool, found one that gives int (line 13, column 12)'],
  ],
  [
    'when with text around',
    { when: 'x ${payload.a}' },
    ['m.json: /when: expected one CEL expression, found text with ${…} inside (line 13, column 11)'],
  ],
  [
    'a job’s name in when',
    { when: 'vars.a == 1' },
    ['m.json: /when: expected one of payload, headers, query, event, constants, found "vars" (line 13, column 12)'],
  ],
  [
    'item without forEach',
    { order: '${item.id}' },
    [
      'm.json: /order: expected one of payload, headers, query, event, constants, vars, found "item" (line 13, column 15)',
    ],
  ],
  [
    'forEach that gives no list',
    { forEach: 'payload.a == 1' },
    ['m.json: /forEach: expected an expression that gives a list, found one that gives bool (line 13, column 15)'],
  ],
  [
    'an unknown name after an escape',
    '{"source":"github","integration":"ci","order":"\\u0041\\n ${paylod.a}","action":"publishPage","with":{"pageId":"p"}}',
    [
      'm.json: /order: expected one of payload, headers, query, event, constants, vars, found "paylod" (line 1, column 59; did you mean "payload"?)',
    ],
  ],
  [
    'an expression that does not end',
    { order: 'a ${payload.a' },
    ['m.json: /order: the "${" has no closing "}" (line 13, column 15)'],
  ],
  [
    'a secret (T097)',
    { order: '${secrets.TOKEN} ${env.HOME}' },
    [
      'm.json: /order: expected one of payload, headers, query, event, constants, vars, found "secrets" (line 13, column 15)',
      'm.json: /order: expected one of payload, headers, query, event, constants, vars, found "env" (line 13, column 32)',
    ],
  ],
  [
    'code (T091)',
    { order: '${payload.constructor.constructor("return process")()}' },
    ['m.json: /order: expected an operator, or the end of the expression, found "(" (line 13, column 66)'],
  ],
  [
    'a regular expression that is none',
    { when: "payload.a.matches('(a+')" },
    ['m.json: /when: not a regular expression in RE2 syntax (no backreferences, no lookaround) (line 13, column 12)'],
  ],
  [
    'an unknown function',
    { when: 'sluggify(payload.a) == "x"' },
    [
      'm.json: /when: expected a function of the mapping language, found "sluggify" (line 13, column 12; did you mean "slugify"?)',
    ],
  ],
  [
    'an unknown constant',
    { order: '${constants.projectid}' },
    [
      'm.json: /order: expected one of constants.projectId, constants.products, found constants.projectid (line 13, column 15; did you mean "constants.projectId"?)',
    ],
  ],
  [
    'a var used before it is made',
    { vars: { a: '${vars.b}', b: 1 } },
    ['m.json: /vars/a: expected no use of vars: it has nothing here, found vars.b (line 14, column 13)'],
  ],
  [
    'a step’s own result',
    { steps: [{ id: 'a', operation: 'page', variables: { pageId: '${steps.a.page.id}' } }] },
    [
      'm.json: /steps/0/variables/pageId: expected no use of steps: it has nothing here, found steps.a (line 9, column 22)',
    ],
  ],
  [
    'an unknown member of event',
    { order: '${event.typ}' },
    [
      'm.json: /order: expected one of event.id, event.source, event.type, event.key, event.receivedAt, found event.typ (line 13, column 15; did you mean "event.type"?)',
    ],
  ],
]

t.test('each mistake is one readable line with place and suggestion', async t => {
  for (const [name, mistake, expected] of MISTAKES) {
    const content = typeof mistake === 'string' ? mistake : { ...base, ...(mistake as object) }
    const folder = writeFolder(t, { 'm.json': content })
    const loaded = await loadMappings(folder, CONTEXT)
    t.strictSame(problemLines(loaded, folder), expected, name)
    t.equal(loaded.mappings.length, 0, `${name}: the mapping is left out`)
    t.ok(loaded.problems.every(problem => problem.severity === 'error' && problem.line !== null))
  }
})

t.test('all problems of all files come at once', async t => {
  const folder = writeFolder(t, {
    'a.json': { ...base, source: 'x', when: '1 +', unknown: 1, steps: [{ id: 'a', operation: 'nope', extra: 1 }] },
    'b.json': '{',
    'Bad Name.json': base,
    'good.json': base,
    'operations/mine.graphql': 'query other { page(pageId: "x") { id } }',
  })
  const loaded = await loadMappings(folder, CONTEXT)
  t.strictSame(
    loaded.problems.map(({ file, code }) => `${file.replace(`${folder}/`, '')} ${code}`),
    [
      'Bad Name.json invalid_name',
      'a.json unknown_source',
      'a.json unknown_operation',
      'a.json unknown_key',
      'a.json expression',
      'a.json unknown_key',
      'b.json json_syntax',
      'operations/mine.graphql graphql_operation',
    ],
  )
  t.strictSame(
    loaded.mappings.map(mapping => mapping.name),
    ['good'],
  )
})

t.test('an operation of the folder takes the place of the shipped one', async t => {
  const document =
    '# mine\nquery page($pageId: String!, $extra: Boolean = true) { page(pageId: $pageId) { id name @include(if: $extra) } }\n'
  const loaded = await loadFolder(t, { 'operations/page.graphql': document, 'm.json': base })
  t.strictSame(loaded.problems, [])
  const page = loaded.operations.get('page')
  t.equal(page?.document, document, 'byte for byte')
  t.strictSame(page?.variables, [
    { name: 'pageId', type: 'String!', required: true },
    { name: 'extra', type: 'Boolean', required: false },
  ])
  t.equal(loaded.operations.get('createEntry')?.effect, 'verify', 'the others are the shipped ones')
})

t.test('an operation of the folder without sidecar is not given the shipped one’s', async t => {
  const document = readFileSync(new URL('../../src/pixelesq/operations/createEntry.graphql', import.meta.url), 'utf8')
  const loaded = await loadFolder(t, { 'operations/createEntry.graphql': document, 'm.json': base })
  t.match(loaded.operations.get('createEntry'), { effect: 'once', verify: null, success: null })
})

t.test('files that cannot be read are problems, not crashes (T095)', async t => {
  const folder = writeFolder(t, { 'bom.json': `\ufeff${JSON.stringify(base)}`, 'huge.json': ' '.repeat(1_048_577) })
  writeFileSync(join(folder, 'latin1.json'), Buffer.from([0x22, 0xe9, 0x22]))
  symlinkSync('/etc/passwd', join(folder, 'link.json'))
  symlinkSync(join(folder, 'nowhere'), join(folder, 'dangling.json'))
  const loaded = await loadMappings(folder, CONTEXT)
  t.strictSame(problemLines(loaded, folder), [
    'dangling.json: /: expected a readable file, found none',
    'huge.json: /: expected at most 1048576 bytes, found 1048577 bytes',
    'latin1.json: /: expected UTF-8 text, found other bytes',
    'link.json: /: expected a file of the folder, found a link out of it',
  ])
  t.strictSame(
    loaded.mappings.map(mapping => mapping.name),
    ['bom'],
    'a byte order mark is tolerated',
  )
})

t.test('a missing folder is an error, an empty one a warning', async t => {
  const missing = await loadMappings(join(t.testdirName, 'nowhere'), CONTEXT)
  t.match(missing.problems[0], { code: 'file_unreadable', severity: 'error', expected: 'a folder', found: 'none' })
  const empty = await loadFolder(t, {})
  t.match(empty.problems, [{ code: 'no_mappings', severity: 'warning' }])
})

t.test('what was read can be compiled again from plain data', async t => {
  const folder = writeFolder(t, { 'm.json': { ...base, when: 'payload.a == 1' } })
  const files = structuredClone(await readMappingFiles(folder))
  const once = checkMappings(files, CONTEXT)
  const again = checkMappings(structuredClone(files), structuredClone(CONTEXT))
  t.strictSame(again.problems, [])
  t.equal(again.mappings[0]?.hash, once.mappings[0]?.hash)
  t.strictSame(again.mappings[0]?.json, once.mappings[0]?.json)
})

const OWN_SCHEMA = 'type Query { page(pageId: String!): Page }\ntype Page { id: String! }\n'

t.test('the schema is the one configured, else the folder’s, else the one that ships', async t => {
  const folder = writeFolder(t, { 'm.json': base })
  const shipped = await readMappingFiles(folder)
  t.match(shipped.schema, { file: /src\/pixelesq\/schema\.graphql$/, isShipped: true })
  writeFileSync(join(folder, 'schema.graphql'), OWN_SCHEMA)
  t.match((await readMappingFiles(folder)).schema, { file: join(folder, 'schema.graphql'), isShipped: false })
  const other = join(folder, 'other.graphql')
  writeFileSync(other, 'type Query { page: Page }\ntype Page { id: String! }\n')
  t.match((await readMappingFiles(folder, other)).schema, { file: other, isShipped: false })
  const fitting = writeFolder(t, { 'm.json': { ...base, steps: [{ id: 'a', operation: 'mine' }] } })
  mkdirSync(join(fitting, 'operations'), { recursive: true })
  writeFileSync(join(fitting, 'operations/mine.graphql'), 'query mine { page { id } }')
  writeFileSync(join(fitting, 'schema.graphql'), OWN_SCHEMA)
  writeFileSync(join(fitting, 'other.graphql'), 'type Query { page: Page }\ntype Page { id: String! }\n')
  t.match(problemLines(await loadMappings(fitting, CONTEXT), fitting), [/expected "pageId" \(String!\) for page/])
  t.strictSame((await loadMappings(fitting, CONTEXT, join(fitting, 'other.graphql'))).problems, [])
})

t.test('a schema that cannot be read is a problem, and the rest is checked all the same', async t => {
  const folder = writeFolder(t, { 'm.json': { ...base, source: 'githb' } })
  const missing = await loadMappings(folder, CONTEXT, join(folder, 'none.graphql'))
  t.match(missing.problems, [
    { file: join(folder, 'm.json'), code: 'unknown_source' },
    { file: join(folder, 'none.graphql'), code: 'file_unreadable', severity: 'error' },
  ])
  writeFileSync(join(folder, 'schema.graphql'), 'type Query {\n  a: Nothing\n}\n')
  t.match((await loadMappings(folder, CONTEXT)).problems, [
    { code: 'unknown_source' },
    { file: join(folder, 'schema.graphql'), code: 'graphql_schema', line: 2, column: 6 },
  ])
  rmSync(join(folder, 'schema.graphql'))
  symlinkSync('/etc/hostname', join(folder, 'schema.graphql'))
  t.match((await loadMappings(folder, CONTEXT)).problems, [
    { code: 'unknown_source' },
    { code: 'file_unreadable', expected: 'a file of the folder' },
  ])
})

t.test('a reload compiles what was changed only, and answers as a first load does', async t => {
  const folder = writeFolder(t, { 'a.json': base, 'b.json': { ...base, when: 'payload.a' } })
  const first = await loadMappings(folder, CONTEXT)
  writeFileSync(join(folder, 'b.json'), JSON.stringify({ ...base, when: 'payload.b' }))
  const second = await loadMappings(folder, CONTEXT)
  t.equal(second.mappings[0], first.mappings[0], 'unchanged: the same object')
  t.not(second.mappings[1], first.mappings[1])
  t.equal(second.mappings[1]?.when?.source, 'payload.b')
  const others = await loadMappings(folder, { ...CONTEXT, sources: new Set(['stripe']) })
  t.match(others.problems, [{ code: 'unknown_source' }, { code: 'unknown_source' }], 'the context counts')
  const constants = await loadMappings(folder, { ...CONTEXT, constants: {} })
  t.not(constants.mappings[0], second.mappings[0])
  writeFileSync(join(folder, 'schema.graphql'), 'type Query { page(id: String!): Int }\n')
  const schema = await loadMappings(folder, CONTEXT)
  t.ok(
    schema.problems.some(({ code }) => code === 'graphql_schema'),
    'the schema counts',
  )
  rmSync(join(folder, 'schema.graphql'))
  mkdirSync(join(folder, 'operations'), { recursive: true })
  writeFileSync(join(folder, 'operations/page.graphql'), 'query page($id: String!) { page(pageId: $id) { id } }')
  const shadowed = await loadMappings(folder, CONTEXT)
  t.match(
    shadowed.problems,
    [
      { code: 'missing_variable' },
      { code: 'unknown_variable' },
      { code: 'missing_variable' },
      { code: 'unknown_variable' },
    ],
    'operations count',
  )
})

t.test('what ships fits the schema that ships: every operation, sidecar and action, without a warning', async t => {
  const files = await readMappingFiles(writeFolder(t, {}))
  const flows = compileFlows(files)
  const text = JSON.stringify([...flows.actions.keys()].map(action => ({ action })))
  const operations = JSON.stringify([...flows.operations.keys()].map(operation => ({ operation })))
  t.ok(flows.actions.size >= 6 && flows.operations.size >= 15 && flows.types !== null)
  t.strictSame(flows.problems, [])
  const all = [text, operations].map((text, i) => ({ name: String(i), file: String(i), text }))
  t.strictSame(flows.problemsInUse(all), [])
})

t.test('the mappings that ship as examples load without problems', async t => {
  const names = ['github', 'stripe', 'zapier', 'pixelesq']
  const anything = new Proxy({}, { ownKeys: () => [] })
  const files = await readMappingFiles(new URL('../../mappings', import.meta.url).pathname)
  const loaded = checkMappings(files, { sources: new Set(names), integrations: new Set(), constants: anything })
  const other = loaded.problems.filter(
    ({ code }) => code !== 'unknown_source' && code !== 'unknown_integration' && code !== 'unknown_reference',
  )
  t.strictSame(other, [])
  t.ok(loaded.actions.size >= 6 && loaded.operations.size >= 15)
})
