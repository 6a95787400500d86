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
    return runFlow(sandbox, mapping, loaded.operations, parameters, before)
  }
  return { sandbox, run, entry: (id = 'ent_pro') => readEntry(sandbox, id) }
}

const MUTATIONS = new Set(['saved', 'published', 'created'])
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
    /^slug_taken: the API gave the new entry \S+ the slug "pro-plan-2" because "pro-plan" was taken$/,
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
