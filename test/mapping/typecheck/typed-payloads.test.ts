import { readFileSync } from 'node:fs'
import t, { type Test } from 'tap'
import { type LoadContext, loadMappings } from '../../../src/mapping/load-mappings.ts'
import { formatProblem } from '../../../src/mapping/problem.ts'
import { eventSchemaFile } from '../../fixtures/event-schema.ts'
import { writeFolder } from '../../fixtures/mapping-folder.ts'

const CONTEXT: LoadContext = {
  sources: new Set(['github', 'hub']),
  integrations: new Set(['ci']),
  constants: { projectId: 'prj_demo', statusPageId: 'pg_status' },
  presets: new Map([['github', 'github']]),
  findEventSchema: preset => (preset === 'github' ? eventSchemaFile() : null),
}

const PAGE = { pageId: 'pg_1', projectId: 'prj_1' }

/** The problems of a mapping, severity of warnings and code before each. */
async function linesOf(t: Test, json: object, context = CONTEXT): Promise<string[]> {
  const base = { source: 'github', on: ['workflow_run.completed'], integration: 'ci' }
  const what =
    Object.hasOwn(json, 'steps') || Object.hasOwn(json, 'action') ? {} : { action: 'publishPage', with: PAGE }
  const folder = writeFolder(t, { 'm.json': { ...base, ...what, ...json } })
  const { problems } = await loadMappings(folder, context)
  return problems.map(problem => {
    const line = formatProblem({ ...problem, file: problem.file.replace(`${folder}/`, '') })
    return `${problem.severity === 'warning' ? 'warning ' : ''}${problem.code}: ${line}`
  })
}

/** A page read by this id (a `String!`). */
function readPage(pageId: string): object {
  return { steps: [{ id: 'a', operation: 'page', variables: { pageId } }] }
}

function limit(limit: unknown): object {
  return { steps: [{ id: 'a', operation: 'entries', variables: { collectionId: 'col_1', limit } }] }
}

const MISTAKES: readonly (readonly [name: string, json: object, lines: readonly string[]])[] = [
  [
    'a conclusion there is not',
    { when: "payload.workflow_run.conclusion == 'sucess'" },
    [
      `warning never_equal: m.json: /when: expected conclusion: one of success, failure, neutral, cancelled, timed_out, action_required, stale, skipped (by the sender's event schema), found "sucess" (line 12, column 47; did you mean "success"?)`,
    ],
  ],
  [
    'an action "on" does not take',
    { when: "payload.action == 'requested'" },
    [
      `warning never_equal: m.json: /when: expected action: one of completed (by the sender's event schema), found "requested" (line 12, column 30)`,
    ],
  ],
  [
    'one of several values',
    { when: "payload.workflow_run.conclusion in ['failure', 'timedout']" },
    [
      `warning never_equal: m.json: /when: expected conclusion: one of success, failure, neutral, cancelled, timed_out, action_required, stale, skipped (by the sender's event schema), found "timedout" (line 12, column 59; did you mean "timed_out"?)`,
    ],
  ],
  [
    'a misspelt member',
    { order: '${payload.repository.fullname}' },
    [
      `warning unknown_member: m.json: /order: expected one of id, full_name, html_url, private, description, owner, topics, license, created_at, custom_properties (by the sender's event schema), found payload.repository.fullname (line 12, column 34; did you mean "full_name"?)`,
    ],
  ],
  [
    'a misspelt member that is asked for',
    { when: 'has(payload.workflow_run.head_brnach)' },
    [
      `warning unknown_member: m.json: /when: expected one of id, name, run_number, head_branch, html_url, event, status, conclusion, created_at, actor, pull_requests (by the sender's event schema), found payload.workflow_run.head_brnach (line 12, column 37; did you mean "head_branch"?)`,
    ],
  ],
  [
    'a member of a text',
    { when: "payload.workflow_run.name.first == 'x'" },
    [
      `warning unknown_member: m.json: /when: expected an object (by the sender's event schema), found string (payload.workflow_run.name) (line 12, column 38)`,
    ],
  ],
  [
    'a member of a list',
    { on: ['push'], when: "payload.commits.message == 'x'" },
    [
      `warning unknown_member: m.json: /when: expected an object (by the sender's event schema), found a list of Commit (payload.commits) (line 12, column 28; take one element first, for example payload.commits[0].message)`,
    ],
  ],
  [
    'a misspelt member of the turns of a list',
    { on: ['push'], when: "payload.commits.exists(c, c.mesage == 'x')" },
    [
      `warning unknown_member: m.json: /when: expected one of id, message, timestamp, added (by the sender's event schema), found c.mesage (line 12, column 40; did you mean "message"?)`,
    ],
  ],
  [
    'a misspelt member of an item',
    { on: ['push'], forEach: 'payload.commits', ...readPage('${item.mesage}') },
    [
      `warning unknown_member: m.json: /steps/0/variables/pageId: expected one of id, message, timestamp, added (by the sender's event schema), found item.mesage (line 13, column 27; did you mean "message"?)`,
    ],
  ],
  [
    'a misspelt member of a var',
    { vars: { run: '${payload.workflow_run}' }, order: '${vars.run.nmae}' },
    [
      `warning unknown_member: m.json: /order: expected one of id, name, run_number, head_branch, html_url, event, status, conclusion, created_at, actor, pull_requests (by the sender's event schema), found vars.run.nmae (line 15, column 24; did you mean "name"?)`,
    ],
  ],
  [
    'a member of one of several events',
    { on: ['push', 'workflow_run.*'], when: "payload.forcd || payload.workflow_run.nam == 'x'" },
    [
      `warning unknown_member: m.json: /when: expected one of ref, forced, base_ref, commits, head_commit, repository, sender, action, workflow, workflow_run (by the sender's event schema), found payload.forcd (line 13, column 20; did you mean "forced"?)`,
      `warning unknown_member: m.json: /when: expected one of id, name, run_number, head_branch, html_url, event, status, conclusion, created_at, actor, pull_requests (by the sender's event schema), found payload.workflow_run.nam (line 13, column 50; did you mean "name"?)`,
    ],
  ],
  [
    'a number for a text',
    readPage('${payload.workflow_run.id}'),
    [
      `warning variable_type: m.json: /steps/0/variables/pageId: expected String! (by the sender's event schema), found int (line 12, column 22; make it text with string(...))`,
    ],
  ],
  [
    'a text for a number, though it may be null',
    limit('${payload.repository.description}'),
    [
      `warning variable_type: m.json: /steps/0/variables/limit: expected Int (by the sender's event schema), found string (line 13, column 21; make it a whole number with int(...))`,
    ],
  ],
  [
    'a list for a text',
    readPage('${payload.repository.topics}'),
    [
      `warning variable_type: m.json: /steps/0/variables/pageId: expected String! (by the sender's event schema), found a list of string (line 12, column 22)`,
    ],
  ],
  [
    'a number for a parameter of an action',
    { action: 'publishPage', with: { pageId: '${payload.workflow_run.id}', projectId: 'x' } },
    [
      `warning variable_type: m.json: /with/pageId: expected String! for pageId of the operation page in the action publishPage (by the sender's event schema), found int (line 9, column 15; make it text with string(...))`,
    ],
  ],
  [
    'a text and a number added',
    { order: "${'run ' + payload.workflow_run.run_number}" },
    [
      `warning expression_type: m.json: /order: no such operation: "run " + int (by the sender's event schema) (line 12, column 15; make the other side text with string(...))`,
    ],
  ],
  [
    'a number for slugify',
    { order: '${slugify(payload.workflow_run.id)}' },
    [
      `warning expression_type: m.json: /order: expected slugify(string) (by the sender's event schema), found slugify(double) (line 12, column 15; make it text with string(...))`,
    ],
  ],
  [
    'an object in a text',
    { order: 'by ${payload.sender}' },
    [
      `warning expression_type: m.json: /order: expected a text, a number or a bool (by the sender's event schema), found User (an object) (line 12, column 18; name one of its members, or use json(...))`,
    ],
  ],
  [
    'a condition that is a text',
    { when: 'payload.workflow_run.name' },
    [
      `warning expression_type: m.json: /when: expected an expression that gives a bool (by the sender's event schema), found one that gives string (line 12, column 12)`,
    ],
  ],
  [
    'a number compared with a text',
    { when: "payload.workflow_run.id == '5'" },
    [
      `warning never_equal: m.json: /when: expected two values that can be equal (by the sender's event schema), found int == "5" (line 12, column 39)`,
    ],
  ],
  [
    'no list for forEach',
    { on: ['push'], forEach: 'payload.head_commit.message' },
    [
      `warning expression_type: m.json: /forEach: expected an expression that gives a list (by the sender's event schema), found one that gives string (line 12, column 15)`,
    ],
  ],
  [
    'a mistake that is one without the schema stays an error',
    { vars: { n: 7 }, order: "${'a' + vars.n + payload.workflow_run.id}" },
    [
      'expression_type: m.json: /order: no such operation: "a" + 7 (line 15, column 15; make the other side text with string(...))',
    ],
  ],
]

t.test('each mistake about a payload is a warning with its place, what the schema has, and what was found', async t => {
  for (const [name, json, lines] of MISTAKES) t.strictSame(await linesOf(t, json), lines, name)
})

const ACCEPTED: readonly (readonly [name: string, json: object])[] = [
  ['a conclusion of the schema', { when: "payload.workflow_run.conclusion == 'success'" }],
  ['a member the schema does not know yet', { when: "payload.workflow_run.referenced_workflows[0].path == 'x'" }],
  ['a member of the payload the schema does not know yet', { when: 'payload.enterprise.id == 5' }],
  ['a member of another event', { when: "payload.pull_request.title == 'x'" }],
  ['any event', { on: undefined, when: "payload.workflow_run.conclusion == 'sucess'" }],
  ['an event the schema does not know yet', { on: ['sub_issues.added'], when: "payload.action == 'x'" }],
  ['one of two events', { on: ['workflow_run.*', 'sub_issues.*'], when: "payload.action == 'added'" }],
  ['any action of a repository_dispatch', { on: ['repository_dispatch.*'], when: "payload.action == 'deploy'" }],
  ['a client payload', { on: ['repository_dispatch.deploy'], when: 'payload.client_payload.a.b == 1' }],
  ['a member that is in one of the events', { on: ['push', 'workflow_run.*'], when: 'payload.forced' }],
  ['a value that may be null for a required text', readPage('${payload.repository.description}')],
  ['a value that may be null for a function', { order: '${slugify(payload.repository.description)}' }],
  ['a member of what may be null', readPage('${payload.repository.license.key}')],
  [
    'a value that is null by the schema',
    { on: ['workflow_run.requested'], when: "payload.workflow_run.conclusion == 'x'" },
  ],
  ['what is compared with null', { when: 'payload.workflow_run.name != null && payload.repository.private == null' }],
  ['a fallback for what may be null', { when: "default(payload.workflow_run.conclusion, 'none') == 'none'" }],
  [
    'a fallback for a var that may be null',
    {
      vars: { conclusion: '${payload.workflow_run.conclusion}' },
      order: "${default(vars.conclusion, 'none') == 'none' ? 'a' : 'b'}",
    },
  ],
  ['a fallback of another kind', limit('${default(payload.workflow_run.nothing, 5)}')],
  ['a number for an Int', limit('${payload.workflow_run.run_number}')],
  ['a number of which the schema does not say that it is whole', limit('${payload.workflow_run.pull_requests[0].id}')],
  ['arithmetic', limit('${payload.workflow_run.run_number + 1}')],
  ['a value of several kinds', limit('${payload.repository.created_at}')],
  ['a number in a text', readPage('run ${payload.workflow_run.run_number}')],
  ['a number made text', readPage('${string(payload.workflow_run.id)}')],
  ['a value of an enum for a text', readPage('${payload.workflow_run.conclusion}')],
  ['functions of texts', { when: "payload.workflow_run.name.startsWith('a') && lower(payload.sender.type) == 'bot'" }],
  ['a time', { order: '${date(payload.workflow_run.created_at)}' }],
  ['a list joined', readPage("${join(payload.repository.topics, ',')}")],
  ['turns of a list', { on: ['push'], when: "payload.commits.exists(c, c.added.exists(f, f.endsWith('.md')))" }],
  ['the type of a member', { when: 'has(payload.action) && type(payload.action) == string' }],
  ['a lookup by an enum', readPage("${lookup({'success': 'pg_1'}, payload.workflow_run.conclusion, 'pg_2')}")],
  [
    'content of any shape',
    {
      action: 'updateEntry',
      with: { entryId: 'ent_1', content: { run: '${payload.workflow_run}', by: '${payload.sender.login}' } },
    },
  ],
  [
    'a member that may be missing where one is required',
    {
      on: ['pull_request.labeled'],
      steps: [{ id: 'a', operation: 'createEntry', variables: { collectionId: 'col_1', payload: '${payload.label}' } }],
    },
  ],
  [
    'an enum for a parameter that an action compares with ""',
    { action: 'updateEntry', with: { entryId: '${payload.workflow_run.conclusion}', content: {} } },
  ],
]

t.test('what the schema has, does not know yet, or leaves open is not reported', async t => {
  for (const [name, json] of ACCEPTED) t.strictSame(await linesOf(t, json), [], name)
})

t.test('the mappings of the repository are without a problem', async t => {
  for (const path of ['publish-on-ci.json', 'examples/ci-github.json']) {
    const { tests, ...json } = JSON.parse(readFileSync(new URL(`../../../mappings/${path}`, import.meta.url), 'utf8'))
    t.strictSame(await linesOf(t, json), [], path)
    t.match(await linesOf(t, { ...json, when: json.when.replace('conclusion', 'conclusoin') }), [
      /^warning unknown_member/,
    ])
  }
})

t.test('without the package nothing is said of payloads', async t => {
  const json = { when: "payload.workflow_run.conclusion == 'sucess'" }
  for (const [name, context] of Object.entries({
    'no package': { ...CONTEXT, findEventSchema: () => null },
    'a package that cannot be read': { ...CONTEXT, findEventSchema: () => eventSchemaFile('{') },
    'a source with event types of its own': { ...CONTEXT, presets: new Map() },
    'a sender without a schema': { ...CONTEXT, presets: new Map([['github', 'stripe']]) },
  }))
    t.strictSame(await linesOf(t, json, context), [], name)
  t.strictSame(await linesOf(t, { ...json, source: 'hub' }), [], 'another source')
})

t.test('a mapping with warnings of the schema only comes into force', async t => {
  const json = { source: 'github', on: ['push'], integration: 'ci', action: 'publishPage', with: PAGE }
  const folder = writeFolder(t, { 'm.json': { ...json, when: 'payload.ref == 5' } })
  const { mappings, problems } = await loadMappings(folder, CONTEXT)
  t.match([mappings.length, problems.length, problems[0]?.severity], [1, 1, 'warning'])
})

t.test('the schema is read once, when a mapping asks for an event of it, and again when it was changed', async t => {
  const file = eventSchemaFile()
  const context = { ...CONTEXT, findEventSchema: () => file }
  const mapping = { source: 'github', integration: 'ci', action: 'publishPage', with: PAGE }
  const read = async (files: object) => {
    const before = file.reads
    await loadMappings(writeFolder(t, { ...files }), context)
    return file.reads - before
  }
  file.key = 'one version'
  t.equal(await read({ 'm.json': mapping }), 0, 'no mapping names events')
  const some = { 'a.json': { ...mapping, on: ['push'] }, 'b.json': { ...mapping, on: ['workflow_run.*'] } }
  t.equal(await read(some), 1, 'two events')
  t.equal(await read({ ...some, 'a.json': { ...mapping, on: ['push'], when: 'payload.forced' } }), 0, 'the same events')
  file.key = 'another version'
  t.equal(await read(some), 1, 'another version')
})
