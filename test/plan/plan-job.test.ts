import t, { type Test } from 'tap'
import { createAgents } from '../../src/execute/agents.ts'
import { loadMappings } from '../../src/mapping/load-mappings.ts'
import { openReader } from '../../src/plan/open-reader.ts'
import { type JobPlanned, planJob } from '../../src/plan/plan-job.ts'
import { loadSetup } from '../../src/setup/load-setup.ts'
import { call, openSandbox } from '../fixtures/call-sandbox.ts'
import { CONTEXT, eventScope, problemLines, writeFolder } from '../fixtures/mapping-folder.ts'
import { makeBridgeFolder } from '../fixtures/start-test-bridge.ts'

/** Plans one job of a mapping against a sandbox of its own. */
async function prepare(t: Test, operations: Readonly<Record<string, string>> = {}) {
  const sandbox = await openSandbox(t)
  const bridge = makeBridgeFolder(t, { endpoint: sandbox.url })
  const loaded = await loadSetup({ cwd: bridge.path, env: {} })
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems))
  const { config } = loaded.setup
  const agents = createAgents()
  t.teardown(() => agents.close())
  const open = () => openReader(config, config.integrations.get('ci')!, agents)
  const plan = async (mapping: object, payload: unknown = {}): Promise<JobPlanned & { sent: number }> => {
    const folder = writeFolder(t, { 'm.json': { source: 'github', integration: 'ci', ...mapping }, ...operations })
    const { mappings, operations: known, problems } = await loadMappings(folder, CONTEXT)
    if (mappings[0] === undefined)
      throw new Error(problemLines({ mappings, operations: known, actions: new Map(), problems }, folder).join('\n'))
    const reader = open()
    const planned = await planJob(mappings[0], eventScope(payload), { operations: known, reader })
    t.equal(sandbox.readLedger().effects, 0, 'a plan has no effect')
    t.notOk(
      sandbox.readLedger().entries.some(({ mutation }) => mutation),
      'a plan sends no mutation',
    )
    return { ...planned, sent: reader.sent }
  }
  return { sandbox, open, plan }
}

const step = (operation: string, variables: object, id = 'a') => ({ id, operation, variables })

/** The change of the one write. */
const changeOf = ({ steps }: JobPlanned) => {
  const write = steps.find(({ kind }) => kind === 'write')
  return write?.kind === 'write' ? write.change : undefined
}

t.test('each mutation is described against the present state', async t => {
  const { plan } = await prepare(t)
  const cases: [string, object, string, unknown[]][] = [
    [
      'updateEntry',
      { entryId: 'ent_pro', lastVersion: 1, content: { price: 39, in_stock: true, x: [1] } },
      'would save entry "Pro plan" (ent_pro), draft version 1',
      ['price: 29 39', 'x:  1'],
    ],
    [
      'updateEntry',
      { entryId: 'ent_pro', lastVersion: 1, content: { price: 29, description: null } },
      'nothing to do: the draft of entry "Pro plan" (ent_pro) has these values',
      [],
    ],
    [
      'updateEntry',
      { entryId: 'ent_team', lastVersion: 1, content: { price: 1 } },
      'would save entry "Team plan" (ent_team), draft version 2; the API would refuse it: version 1 is not the newest (2)',
      ['price: 109 1'],
    ],
    [
      'renameEntry',
      { entryId: 'ent_pro', name: 'Pro', slug: 'pro-plan' },
      'would rename entry "Pro plan" (ent_pro); a name is live at once',
      ['name: Pro plan Pro'],
    ],
    [
      'renameEntry',
      { entryId: 'ent_pro', name: 'Pro plan' },
      'nothing to do: entry "Pro plan" (ent_pro) is called so',
      [],
    ],
    ['deleteEntry', { entryId: 'ent_pro' }, 'would delete entry "Pro plan" (ent_pro) for good', []],
    [
      'createEntry',
      { collectionId: 'c', payload: { name: 'N', slug: 'n', content: { price: 1 } } },
      'would create entry "N" in the collection "c", slug "n"',
      ['price:  1'],
    ],
    [
      'createRedirect',
      { projectId: 'p', source: '/a', destination: '/b', permanent: false },
      'would redirect "/a" to "/b" (302), live at once',
      [],
    ],
    ['deleteRedirect', { redirectId: 'r' }, 'would delete the redirect "r"', []],
    ['createPage', { projectId: 'p', name: 'N', slug: '/n', idempotencyKey: 'k' }, 'would create page "N" at "/n"', []],
    [
      'updatePageMeta',
      { pageId: 'pg_status', title: 'T', description: '' },
      'would change the metadata of page "Status" (pg_status); it is live at once',
      ['title:  T'],
    ],
    [
      'updatePageMeta',
      { pageId: 'pg_status', description: '' },
      'nothing to do: page "Status" (pg_status) has this metadata',
      [],
    ],
  ]
  for (const [operation, variables, summary, fields] of cases) {
    const planned = await plan({ steps: [step(operation, variables)] })
    const change = changeOf(planned)
    t.equal(change?.summary, summary, operation)
    const shown = change?.fields.map(({ path, from, to }) => `${path}: ${from ?? ''} ${to ?? ''}`)
    t.strictSame(shown, fields, operation)
    t.equal(planned.outcome, summary.startsWith('nothing') ? 'nothing' : 'writes')
  }
})

t.test('publish and unpublish are told with their revisions', async t => {
  const { sandbox, plan } = await prepare(t)
  const page = sandbox.model.pages.get('pg_status')!
  const team = sandbox.model.entries.get('ent_team')!
  const summary = async (operation: string, variables: object) =>
    changeOf(await plan({ steps: [step(operation, variables)] }))?.summary
  t.equal(
    await summary('publishEntry', { entryId: 'ent_team', revisionId: team.latestRevision.id }),
    `would publish entry "Team plan" (ent_team): revision ${team.latestRevision.id} over ${team.publishedRevisionId}`,
  )
  t.equal(
    await summary('publishPage', { pageId: 'pg_status', revisionId: 'rev_old' }),
    `would publish page "Status" (pg_status): revision rev_old over ${page.publishedRevisionId}; the API would refuse it: the newest revision is ${page.latestRevision.id}`,
  )
  const pricing = sandbox.model.pages.get('pg_pricing')!
  t.equal(
    await summary('publishPage', { pageId: 'pg_pricing', revisionId: pricing.publishedRevisionId }),
    `nothing to do: page "Pricing" (pg_pricing) is public with revision ${pricing.publishedRevisionId}`,
  )
  t.equal(
    await summary('unpublishPage', { pageId: 'pg_pricing' }),
    `would take page "Pricing" (pg_pricing) offline: revision ${pricing.publishedRevisionId}`,
  )
})

t.test('a first publish and a pending slug are told', async t => {
  const sandbox = await openSandbox(t)
  t.ok(sandbox.url)
  const { plan, sandbox: other } = await prepare(t)
  // through the model: a mutation would be in the ledger that must stay empty
  const hello = other.model.entries.get('ent_hello')!
  hello.draftSlug = 'moved'
  const planned = changeOf(
    await plan({ steps: [step('publishEntry', { entryId: 'ent_hello', revisionId: hello.latestRevision.id })] }),
  )
  t.match(planned, { changes: true, fields: [{ path: 'slug', from: 'hello', to: 'moved' }] })
  hello.publishedRevisionId = null
  hello.draftSlug = null
  const first = changeOf(
    await plan({ steps: [step('publishEntry', { entryId: 'ent_hello', revisionId: hello.latestRevision.id })] }),
  )
  t.match(first?.summary, /revision rev_\w+ \(nothing of it is public now\)$/)
  t.equal((await call(sandbox, 'projects')).status, 200)
})

t.test('operations of users are understood by the field they call, or shown by their variables', async t => {
  const { plan } = await prepare(t, {
    'operations/raise.graphql': `mutation raise($e: String!, $c: JSON!, $v: Int = 1) {
      saved: updateEntry(entryId: $e, lastVersion: $v, content: $c) { success }
    }`,
    'operations/hidden.graphql': `mutation hidden($e: String!) { ...f } fragment f on Mutation { deleteEntry(entryId: $e) { success } }`,
  })
  const raised = await plan({ steps: [step('raise', { e: 'ent_pro', c: { price: 30 } })] })
  t.match(changeOf(raised), {
    summary: 'would save entry "Pro plan" (ent_pro), draft version 1',
    fields: [{ path: 'price', from: 29, to: 30 }],
  })
  const hidden = await plan({ steps: [step('hidden', { e: 'ent_pro' })] })
  t.match(hidden, { outcome: 'writes', steps: [{ kind: 'write', change: null, variables: { e: 'ent_pro' } }] })
  const saved = await plan({ steps: [step('savePage', { pageId: 'pg_status', lastVersion: 1, sections: [] })] })
  t.match(saved.steps, [{ kind: 'write', change: null }])
})

t.test('what comes after a write is not read, and a second write to the same thing is not compared', async t => {
  const { plan } = await prepare(t)
  const planned = await plan({
    steps: [
      step('updateEntry', { entryId: 'ent_pro', lastVersion: 1, content: { price: 1 } }, 'a'),
      step('entry', { entryId: 'ent_pro' }, 'b'),
      {
        ...step('publishEntry', { entryId: 'ent_pro', revisionId: 'x' }, 'c'),
        if: 'steps.b.entry.hasUnpublishedChanges',
      },
      step('renameEntry', { entryId: 'ent_pro', name: 'N' }, 'd'),
      step('deleteEntry', { entryId: 'ent_free' }, 'e'),
      { id: 'f', if: 'has(steps.c)', hold: 'look' },
    ],
  })
  t.match(planned.steps, [
    { step: 'a', kind: 'write' },
    { step: 'b', kind: 'after_write', operation: 'entry', variables: { entryId: 'ent_pro' } },
    { step: 'c', kind: 'after_write', operation: 'publishEntry', variables: null },
    { step: 'd', kind: 'write', change: null, note: 'after the write before it' },
    { step: 'e', kind: 'write', change: { summary: 'would delete entry "Free plan" (ent_free) for good' } },
    { step: 'f', kind: 'after_write', operation: null },
  ])
  t.equal(planned.sent, 2, 'one for each thing that is compared')
})

t.test('a write that changes nothing does not stand in the way of later reads', async t => {
  const { plan } = await prepare(t)
  const planned = await plan({ action: 'updateAndPublishEntry', with: { entryId: 'ent_pro', content: { price: 29 } } })
  t.equal(planned.outcome, 'nothing')
  const always = await plan({
    steps: [
      step('updateEntry', { entryId: 'ent_pro', lastVersion: 1, content: { price: 29 } }, 'a'),
      step('entry', { entryId: 'ent_pro' }, 'b'),
    ],
  })
  t.match(always, { outcome: 'nothing', sent: 1, steps: [{ kind: 'write' }, { kind: 'read' }] })
})

t.test('a thing that is not there is not compared with anything', async t => {
  const { plan } = await prepare(t)
  const planned = await plan({
    steps: [step('updateEntry', { entryId: 'nope', lastVersion: 1, content: { price: 1 } })],
  })
  t.match(planned.steps, [{ kind: 'write', note: /^not compared: / }])
})

t.test('a job that would be dead, or whose vars fail, says so', async t => {
  const { plan } = await prepare(t)
  t.match(await plan({ steps: [step('deleteEntry', { entryId: '${payload.x}' })] }), {
    outcome: 'dead',
    steps: [{ kind: 'failed', reason: 'missing_key' }],
  })
  t.match(await plan({ vars: { a: '${payload.x}' }, steps: [step('deleteEntry', { entryId: 'x' })] }), {
    outcome: 'dead',
    steps: [{ step: 'vars', kind: 'failed' }],
  })
})

t.test('the reader refuses everything that is no query, whatever its file says of itself', async t => {
  const { sandbox, open } = await prepare(t)
  const { operations } = await loadMappings(writeFolder(t, {}), CONTEXT)
  const mutation = operations.get('deleteEntry')!
  const query = operations.get('entry')!
  const variables = { entryId: 'ent_pro' }
  const reader = open()
  for (const operation of [
    mutation,
    { ...mutation, kind: 'query' as const },
    { ...mutation, kind: 'query' as const, effect: 'read' as const },
    { ...query, document: mutation.document, name: 'deleteEntry' },
    { ...query, effect: 'set' as const },
  ])
    await t.rejects(reader.read(operation, variables), { message: /^a plan only reads: / })
  t.equal(reader.sent, 0)
  t.strictSame([sandbox.readLedger().entries.length, sandbox.model.entries.has('ent_pro')], [0, true])
})

t.test('a plan asks each question once, and at most 200', async t => {
  const { open } = await prepare(t)
  const { operations } = await loadMappings(writeFolder(t, {}), CONTEXT)
  const query = operations.get('projects')!
  const reader = open()
  t.strictSame(await reader.read(query, {}), await reader.read(query, {}))
  t.equal(reader.sent, 1)
  const entry = operations.get('entry')!
  for (let i = 0; i < 199; i++) await reader.read(entry, { entryId: `e${i}` })
  t.match(await reader.read(entry, { entryId: 'one more' }), {
    ok: false,
    stops: true,
    message: 'a plan sends at most 200 requests',
  })
  t.equal(reader.sent, 200)
})
