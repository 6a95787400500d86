import t from 'tap'
import { loadMappings } from '../../src/mapping/load-mappings.ts'
import { computeVars, mapStep } from '../../src/mapping/map.ts'
import { CONTEXT, eventScope, loadOne, writeFolder } from '../fixtures/mapping-folder.ts'

t.test('vars see those before them and are data whatever their name', async t => {
  const mapping = await loadOne(t, {
    vars: { a: '${payload.n + 1}', b: { twice: '${vars.a * 2}' } },
    steps: [{ id: 'read', operation: 'page', variables: { pageId: '${string(vars.b.twice)}' } }],
  })
  t.strictSame(computeVars(mapping, eventScope({ n: 1 })), { ok: true, vars: { a: 2, b: { twice: 4 } } })
  t.strictSame(computeVars(mapping, eventScope({})), {
    ok: false,
    reason: 'missing_key',
    message: 'vars.a: payload has no key "n"',
  })
})

t.test('a step is skipped, run, held or failed', async t => {
  const mapping = await loadOne(t, {
    steps: [
      { id: 'read', if: 'payload.read', operation: 'page', variables: { pageId: '${payload.id}' } },
      { id: 'stop', if: '!has(steps.read)', hold: 'nothing was read for ${payload.id}' },
      {
        id: 'done',
        operation: 'publishPage',
        variables: { pageId: '${steps.read.page.id}', revisionId: '${steps.read.page.latestRevision.id}' },
      },
    ],
  })
  const steps = { read: { page: { id: 'pg_1', latestRevision: { id: 'rev_1' } } } }
  const map = (i: number, payload: unknown, results = {}) =>
    mapStep(mapping, i, { ...eventScope(payload), steps: results })
  t.strictSame(map(0, { read: true, id: 'x' }), { kind: 'run', operation: 'page', variables: { pageId: 'x' } })
  t.strictSame(map(0, { read: false }), { kind: 'skip' })
  t.strictSame(map(1, { id: 7 }), { kind: 'hold', message: 'nothing was read for 7' })
  t.strictSame(map(1, { id: 7 }, steps), { kind: 'skip' })
  t.strictSame(map(2, {}, steps), {
    kind: 'run',
    operation: 'publishPage',
    variables: { pageId: 'pg_1', revisionId: 'rev_1' },
  })
  t.strictSame(map(2, {}), {
    kind: 'failed',
    reason: 'missing_key',
    message: 'variables.pageId of step "done": no such step result: "read" (the step was skipped or has not run)',
  })
  t.strictSame(map(0, { read: 'yes' }), {
    kind: 'failed',
    reason: 'mapping_type',
    message: 'if of step "read" gives neither true nor false',
  })
  t.strictSame(map(0, { read: true }), {
    kind: 'failed',
    reason: 'missing_key',
    message: 'variables.pageId of step "read": payload has no key "id"',
  })
  t.strictSame(map(9, {}), { kind: 'failed', reason: 'missing_key', message: 'there is no step 9' })
})

t.test('half a surrogate pair and more than 1 MiB are never sent', async t => {
  const mapping = await loadOne(t, {
    steps: [
      {
        id: 'read',
        operation: 'updateEntry',
        variables: { entryId: 'e', lastVersion: 1, content: { deep: ['${payload}', '${payload}'] } },
      },
    ],
  })
  const map = (payload: unknown) => mapStep(mapping, 0, eventScope(payload))
  t.match(map('\ud800'), {
    kind: 'failed',
    reason: 'invalid_text',
    message: 'a text of step "read" holds half of a surrogate pair',
  })
  t.match(map({ '\udc00': 1 }), { kind: 'failed', reason: 'invalid_text' })
  t.match(map('a😀 \\ud800'), { kind: 'run' })
  t.match(map('x'.repeat(600_000)), { kind: 'failed', reason: 'variables_too_large' })
  t.match(map('x'.repeat(500_000)), { kind: 'run' })
})

t.test('what a payload holds only ever travels in variables (T089)', async t => {
  const folder = writeFolder(t, {
    'one.json': {
      source: 'github',
      integration: 'ci',
      steps: [
        {
          id: 'created',
          operation: 'createEntry',
          variables: {
            collectionId: '${constants.products}',
            payload: { name: '${payload.name}', slug: 'x', content: { title: '${payload.name}' } },
          },
        },
      ],
    },
  })
  const { mappings, operations } = await loadMappings(folder, CONTEXT)
  const name = '"}){id} deletePage(id:"1"){ok} #${1+1}'
  const before = operations.get('createEntry')!.document
  const mapped = mapStep(mappings[0]!, 0, { ...eventScope({ name }), vars: {}, steps: {} })
  t.strictSame(mapped, {
    kind: 'run',
    operation: 'createEntry',
    variables: { collectionId: 'col_products', payload: { name, slug: 'x', content: { title: name } } },
  })
  t.equal(operations.get('createEntry')!.document, before)
})

t.test('a parameter of an action that fails says which', async t => {
  const mapping = await loadOne(t, { action: 'publishPage', with: { pageId: '${payload.page.id}' } })
  t.strictSame(mapStep(mapping, 0, eventScope({})), {
    kind: 'failed',
    reason: 'missing_key',
    message: 'with/pageId: payload has no key "page"',
  })
})

t.test('a hold with a list or a map for its message fails instead of saying [object Object]', async t => {
  const mapping = await loadOne(t, { steps: [{ id: 'stop', hold: '${payload.why}' }] })
  t.strictSame(mapStep(mapping, 0, eventScope({ why: 'because' })), { kind: 'hold', message: 'because' })
  for (const why of [{}, ['a']])
    t.match(mapStep(mapping, 0, eventScope({ why })), {
      kind: 'failed',
      reason: 'mapping_type',
      message: /hold of step "stop"/,
    })
})
