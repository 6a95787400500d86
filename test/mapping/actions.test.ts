import t, { type Test } from 'tap'
import { loadMappings } from '../../src/mapping/load-mappings.ts'
import type { SandboxOptions } from '../../src/pixelesq/sandbox/start-sandbox.ts'
import { call, openSandbox, readEntry, readPage } from '../fixtures/call-sandbox.ts'
import { CONTEXT, problemLines, writeFolder } from '../fixtures/mapping-folder.ts'
import { type BeforeStep, runFlow } from '../fixtures/run-flow.ts'

/** A sandbox, and a function that runs an action in it with the given parameters. */
async function open(t: Test, options: SandboxOptions = {}) {
  const sandbox = await openSandbox(t, options)
  const run = async (action: string, parameters: object, before?: BeforeStep) => {
    const given = Object.fromEntries(Object.keys(parameters).map(name => [name, `\${payload.${name}}`]))
    const folder = writeFolder(t, { 'one.json': { source: 'github', integration: 'ci', action, with: given } })
    const loaded = await loadMappings(folder, CONTEXT)
    const mapping = loaded.mappings[0]
    if (mapping === undefined) throw new Error(problemLines(loaded, folder).join('\n'))
    const result = await runFlow(sandbox, mapping, loaded.operations, parameters, before)
    // the worker keeps the fields of a collection, so this read is not part of every run
    return { ...result, sent: result.sent.filter(id => id !== 'fields') }
  }
  return { sandbox, run, entry: (id = 'ent_pro') => readEntry(sandbox, id) }
}

const MUTATIONS = new Set(['saved', 'published', 'created', 'unpublished', 'deleted'])
const mutations = (sent: readonly string[]) => sent.filter(id => MUTATIONS.has(id))

t.test('publishPage publishes a draft once, and a second run changes nothing', async t => {
  const { sandbox, run } = await open(t)
  t.equal((await readPage(sandbox, 'pg_status')).hasUnpublishedChanges, true)
  t.match(await run('publishPage', { pageId: 'pg_status', projectId: 'prj_demo' }), {
    outcome: 'done',
    sent: ['page', 'published'],
  })
  t.equal((await readPage(sandbox, 'pg_status')).hasUnpublishedChanges, false)
  t.match(await run('publishPage', { pageId: 'pg_status' }), { outcome: 'done', sent: ['page'] })
})

t.test('publishPage publishes a page that was taken offline', async t => {
  const { sandbox, run } = await open(t)
  await call(sandbox, 'unpublishPage', { pageId: 'pg_pricing' })
  t.match(await run('publishPage', { pageId: 'pg_pricing' }), { outcome: 'done', sent: ['page', 'published'] })
  t.equal((await readPage(sandbox, 'pg_pricing')).status, 'PUBLISHED')
})

t.test('publishPage starts over when the draft changes under its feet', async t => {
  const { sandbox, run } = await open(t)
  let disturbed = false
  const disturb: BeforeStep = async id => {
    if (id !== 'published' || disturbed) return
    disturbed = true
    const { latestRevision } = await readPage(sandbox, 'pg_status')
    const saved = await call(sandbox, 'savePage', {
      pageId: 'pg_status',
      lastVersion: latestRevision.version,
      sections: [{ name: 'new' }],
    })
    if (saved.code !== null) throw new Error(saved.code)
  }
  t.match(await run('publishPage', { pageId: 'pg_status' }, disturb), {
    outcome: 'done',
    sent: ['page', 'published', 'page', 'published'],
  })
  t.equal((await readPage(sandbox, 'pg_status')).hasUnpublishedChanges, false)
})

t.test('updateEntry merges by id or by slug, and skips a patch that changes nothing', async t => {
  const { run, entry } = await open(t)
  t.match(await run('updateEntry', { entryId: 'ent_pro', content: { price: 12.5 } }), {
    outcome: 'done',
    sent: ['entry', 'saved'],
  })
  t.equal((await entry()).content.price, 12.5)
  t.match(await run('updateEntry', { entryId: 'ent_pro', content: { price: 12.5 } }), {
    outcome: 'done',
    sent: ['entry'],
  })
  const bySlug = { collectionId: 'col_products', slug: 'pro-plan' }
  t.match(await run('updateEntry', { ...bySlug, content: { price: 13 } }), {
    outcome: 'done',
    sent: ['bySlug', 'entry', 'saved'],
  })
  const { content, hasUnpublishedChanges } = await entry()
  t.equal(content.price, 13)
  t.equal(hasUnpublishedChanges, true, 'a draft is saved, not published')
})

t.test('updateEntry finds an entry by slug where the API searches names only, renamed or not', async t => {
  const { sandbox, run, entry } = await open(t, { searchIn: 'name' })
  const bySlug = { collectionId: 'col_products', slug: 'pro-plan' }
  t.match(await run('updateEntry', { ...bySlug, content: { price: 1 } }), {
    outcome: 'done',
    sent: ['bySlug', 'byWords', 'entry', 'saved'],
  })
  await call(sandbox, 'renameEntry', { entryId: 'ent_pro', name: 'Something else' })
  t.match(await run('updateEntry', { ...bySlug, content: { price: 2 } }), {
    outcome: 'done',
    sent: ['bySlug', 'byWords', 'listed', 'entry', 'saved'],
  })
  t.equal((await entry()).content.price, 2)
})

t.test('an entry that is not there is held for a person', async t => {
  const { run } = await open(t)
  const bySlug = { collectionId: 'col_products', slug: 'nowhere' }
  const expected = {
    outcome: 'held',
    message: 'entry_not_found: no entry with the slug "nowhere" was found in the collection col_products',
  }
  t.match(await run('updateEntry', { ...bySlug, content: {} }), expected)
  t.match(await run('publishEntry', bySlug), expected)
  t.match(await run('updateAndPublishEntry', { ...bySlug, content: {} }), expected)
})

t.test('updateAndPublishEntry saves, reads again, publishes; then does nothing', async t => {
  const { run, entry } = await open(t)
  const parameters = { entryId: 'ent_pro', content: { price: 21 } }
  t.match(await run('updateAndPublishEntry', parameters), {
    outcome: 'done',
    sent: ['entry', 'saved', 'draft', 'published'],
  })
  t.match(await entry(), { hasUnpublishedChanges: false, status: 'PUBLISHED', content: { price: 21 } })
  t.match(await run('updateAndPublishEntry', parameters), { outcome: 'done', sent: ['entry', 'draft'] })
})

t.test('updateAndPublishEntry starts over at the mutation that conflicts, not before', async t => {
  const { sandbox, run, entry } = await open(t)
  const disturbed = new Set<string>()
  const disturb: BeforeStep = async id => {
    if (!MUTATIONS.has(id) || disturbed.has(id)) return
    disturbed.add(id)
    const { latestRevision } = await entry()
    const content = { description: `<p>${id}</p>` }
    await call(sandbox, 'updateEntry', { entryId: 'ent_pro', lastVersion: latestRevision.version, content })
  }
  const result = await run('updateAndPublishEntry', { entryId: 'ent_pro', content: { price: 33 } }, disturb)
  t.match(result, {
    outcome: 'done',
    sent: ['entry', 'saved', 'entry', 'saved', 'draft', 'published', 'draft', 'published'],
  })
  t.match(await entry(), { hasUnpublishedChanges: false, content: { price: 33, description: '<p>published</p>' } })
})

t.test('publishEntry publishes only what is unpublished, a pending slug included', async t => {
  const { sandbox, run, entry } = await open(t)
  const { latestRevision } = await entry()
  await call(sandbox, 'updateEntry', { entryId: 'ent_pro', lastVersion: latestRevision.version, content: { price: 3 } })
  t.match(await run('publishEntry', { entryId: 'ent_pro' }), { outcome: 'done', sent: ['entry', 'published'] })
  t.match(await run('publishEntry', { entryId: 'ent_pro' }), { outcome: 'done', sent: ['entry'] })
  t.equal((await entry()).hasUnpublishedChanges, false)
  await call(sandbox, 'renameEntry', { entryId: 'ent_hello', slug: 'hi' })
  t.equal((await entry('ent_hello')).draftSlug, 'hi')
  const bySlug = { collectionId: 'col_posts', slug: 'hi' }
  t.match(await run('publishEntry', bySlug), {
    outcome: 'done',
    sent: ['bySlug', 'byWords', 'listed', 'entry', 'published'],
  })
  t.match(await entry('ent_hello'), { slug: 'hi', draftSlug: null })
})

t.test('createEntry makes an entry, and holds when the slug is taken', async t => {
  const { run, entry } = await open(t)
  const parameters = { collectionId: 'col_products', name: 'Grünes Gerät', content: { title: 'G' } }
  const made = await run('createEntry', parameters)
  t.match(made, { outcome: 'done', sent: ['bySlug', 'byWords', 'created'] })
  const { createEntry } = made.steps.created as { createEntry: { entry: { id: string } } }
  t.match(await entry(createEntry.entry.id), { slug: 'grunes-gerat', name: 'Grünes Gerät', content: { title: 'G' } })
  t.match(await run('createEntry', parameters), {
    outcome: 'held',
    message: 'slug_taken: the collection col_products has an entry with the slug "grunes-gerat" already',
  })
  t.match(
    await run('createEntry', { ...parameters, slug: null }),
    { outcome: 'held' },
    'a null slug counts as left out',
  )
  t.match(await run('createEntry', { collectionId: 'col_products', name: 'x', slug: 'own' }), { outcome: 'done' })
})

t.test('createEntry holds when the lookup missed a taken slug and the API added a suffix', async t => {
  const { run } = await open(t, { searchIn: 'name' })
  const result = await run('createEntry', { collectionId: 'col_products', name: 'Unlike', slug: 'pro-plan' })
  t.equal(result.outcome, 'held')
  t.match(
    result.message,
    /^slug_suffixed: the entry \S+ was made with the slug "pro-plan-2" because "pro-plan" is taken in the collection /,
  )
})

t.test('upsertEntry makes an entry once and updates it from then on', async t => {
  const { sandbox, run, entry } = await open(t, { searchIn: 'name' })
  const parameters = { collectionId: 'col_products', name: 'New plan', slug: 'new-plan', content: { price: 1 } }
  const made = await run('upsertEntry', parameters)
  t.match(made, { outcome: 'done' })
  t.strictSame(mutations(made.sent), ['created'])
  const { id } = (made.steps.created as { createEntry: { entry: { id: string } } }).createEntry.entry
  t.strictSame(mutations((await run('upsertEntry', parameters)).sent), [], 'the same again changes nothing')
  t.strictSame(mutations((await run('upsertEntry', { ...parameters, content: { price: 2 } })).sent), ['saved'])
  await call(sandbox, 'renameEntry', { entryId: id, name: 'Renamed by a person' })
  t.strictSame(mutations((await run('upsertEntry', { ...parameters, content: { price: 3 } })).sent), ['saved'])
  t.match(await entry(id), { name: 'Renamed by a person', content: { price: 3 } })
})

/** Does something once, right before a step is sent for the first time. */
function once(step: string, act: () => Promise<{ code: string | null }>): BeforeStep {
  let done = false
  return async id => {
    if (id !== step || done) return
    done = true
    const { code } = await act()
    if (code !== null) throw new Error(code)
  }
}

t.test('publishEntry starts over when another slug becomes pending under its feet', async t => {
  const { sandbox, run, entry } = await open(t)
  await call(sandbox, 'renameEntry', { entryId: 'ent_hello', slug: 'hi' })
  const move = once('published', () => call(sandbox, 'renameEntry', { entryId: 'ent_hello', slug: 'hey' }))
  t.match(await run('publishEntry', { entryId: 'ent_hello' }, move), {
    outcome: 'done',
    sent: ['entry', 'published', 'entry', 'published'],
  })
  t.match(await entry('ent_hello'), { slug: 'hey', draftSlug: null })
})

t.test('updateAndPublishEntry starts over when a slug becomes pending between its reading and its publish', async t => {
  const { sandbox, run, entry } = await open(t)
  const move = once('published', () => call(sandbox, 'renameEntry', { entryId: 'ent_hello', slug: 'hey' }))
  const content = { body: '<p>New</p>' }
  t.match(await run('updateAndPublishEntry', { entryId: 'ent_hello', content }, move), {
    outcome: 'done',
    sent: ['entry', 'saved', 'draft', 'published', 'draft', 'published'],
  })
  t.match(await entry('ent_hello'), { slug: 'hey', draftSlug: null, content })
})

t.test(
  'upsertAndPublishEntry keeps what others save meanwhile, and starts over at the mutation that conflicts',
  async t => {
    const { sandbox, run, entry } = await open(t)
    const parameters = { collectionId: 'col_products', name: 'Pro plan', slug: 'pro-plan', content: { price: 35 } }
    const disturbed = new Set<string>()
    const disturb: BeforeStep = async id => {
      if (!MUTATIONS.has(id) || disturbed.has(id)) return
      disturbed.add(id)
      const { latestRevision } = await entry()
      const content = { description: `<p>${id}</p>` }
      await call(sandbox, 'updateEntry', { entryId: 'ent_pro', lastVersion: latestRevision.version, content })
    }
    const result = await run('upsertAndPublishEntry', parameters, disturb)
    t.equal(result.outcome, 'done')
    t.strictSame(mutations(result.sent), ['saved', 'saved', 'published', 'published'])
    t.match(await entry(), { hasUnpublishedChanges: false, content: { price: 35, description: '<p>published</p>' } })
  },
)

t.test('upsertAndPublishEntry does not make a second entry when its publish conflicts', async t => {
  const { sandbox, run } = await open(t)
  const parameters = { collectionId: 'col_products', name: 'Gold', slug: 'gold', content: { price: 1 } }
  let id = ''
  const disturb = once('published', async () => {
    const found = await call(sandbox, 'entries', { collectionId: 'col_products', search: 'gold' })
    const { id: entryId, latestRevision } = found.result.results![0]!
    id = entryId
    return call(sandbox, 'updateEntry', { entryId, lastVersion: latestRevision.version, content: { title: 'G' } })
  })
  const result = await run('upsertAndPublishEntry', parameters, disturb)
  t.equal(result.outcome, 'done')
  t.strictSame(mutations(result.sent), ['created', 'published', 'published'])
  t.match(await readEntry(sandbox, id), {
    status: 'PUBLISHED',
    hasUnpublishedChanges: false,
    content: { price: 1, title: 'G' },
  })
})

t.test('createRedirect that is overtaken sees it: the same is success, another is held', async t => {
  const { sandbox, run } = await open(t)
  const given = { projectId: 'prj_demo', source: '/a', destination: '/b' }
  const same = once('created', () => call(sandbox, 'createRedirect', given))
  t.match(await run('createRedirect', given, same), { outcome: 'done', sent: ['found', 'created', 'found'] })
  const wanted = { ...given, source: '/c' }
  const other = once('created', () => call(sandbox, 'createRedirect', { ...wanted, destination: '/z' }))
  t.match(await run('createRedirect', wanted, other), {
    outcome: 'held',
    message: 'redirect_taken: /c is redirected to /z (301) already',
    sent: ['found', 'created', 'found'],
  })
})

t.test('what is gone between the look and the write is success where it should be gone', async t => {
  const { sandbox, run, entry } = await open(t)
  const gone = once('deleted', () => call(sandbox, 'deleteEntry', { entryId: 'ent_pro' }))
  t.match(await run('deleteEntry', { entryId: 'ent_pro' }, gone), { outcome: 'done', sent: ['entry', 'deleted'] })
  t.match(await run('updateEntry', { entryId: 'ent_pro', content: { price: 1 } }), { outcome: 'failed' })
  const hidden = once('unpublished', () => call(sandbox, 'unpublishPage', { pageId: 'pg_pricing' }))
  t.match(await run('unpublishPage', { pageId: 'pg_pricing' }, hidden), {
    outcome: 'done',
    sent: ['page', 'unpublished'],
  })
  t.notOk((await entry('ent_pro'))?.id)
})

t.test('deleteEntry finds the entry by its slug, also a pending one', async t => {
  const { sandbox, run } = await open(t)
  await call(sandbox, 'renameEntry', { entryId: 'ent_hello', slug: 'hi' })
  const result = await run('deleteEntry', { collectionId: 'col_posts', slug: 'hi' })
  t.strictSame(mutations(result.sent), ['deleted'])
  t.match(await run('deleteEntry', { collectionId: 'col_posts', slug: 'hi' }), { outcome: 'done' })
})

t.test('updatePageMeta sends what is left out as it was read', async t => {
  const { sandbox, run } = await open(t)
  await call(sandbox, 'updatePageMeta', { pageId: 'pg_pricing', description: 'All plans', index: false })
  t.match(await run('updatePageMeta', { pageId: 'pg_pricing', title: 'Pricing' }), { sent: ['page', 'saved'] })
  t.match((await readPage(sandbox, 'pg_pricing')).meta, { title: 'Pricing', description: 'All plans', index: false })
  t.match(await run('updatePageMeta', { pageId: 'pg_pricing', index: true }), { sent: ['page', 'saved'] })
  t.equal((await readPage(sandbox, 'pg_pricing')).meta.index, true)
})
