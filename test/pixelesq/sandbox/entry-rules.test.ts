import t from 'tap'
import { call, openSandbox, post, readEntry } from '../../fixtures/call-sandbox.ts'

const products = 'col_products'

function publishVariables(entry: { id: string; latestRevision: { id: string; headAnchor: string } }) {
  const { id, headAnchor } = entry.latestRevision
  return { entryId: entry.id, revisionId: id, expectedRevisionId: id, expectedHeadAnchor: headAnchor }
}

t.test('the documented createEntry makes a draft', async t => {
  const sandbox = await openSandbox(t)
  const { result, entry } = await call(sandbox, 'createEntry', {
    collectionId: products,
    payload: { name: 'Gold', slug: 'gold' },
  })
  t.equal(result.success, true)
  t.match(entry, {
    name: 'Gold',
    slug: 'gold',
    status: 'DRAFT',
    publishedRevisionId: null,
    hasUnpublishedChanges: true,
  })
  t.equal(entry.latestRevision.version, 1)
})

t.test('a taken slug gets the suffixes -2 and -3 and is never refused', async t => {
  const sandbox = await openSandbox(t)
  const create = () =>
    call(sandbox, 'createEntry', { collectionId: products, payload: { name: 'Pro plan', slug: 'pro-plan' } })
  t.equal((await create()).entry.slug, 'pro-plan-2')
  t.equal((await create()).entry.slug, 'pro-plan-3')
})

t.test('a slug that is left out is made from the name', async t => {
  const sandbox = await openSandbox(t)
  const create = (name: string) => call(sandbox, 'createEntry', { collectionId: products, payload: { name } })
  t.equal((await create('Über Größe & Co.')).entry.slug, 'uber-gro-e-co')
  t.equal((await create('日本')).entry.slug, 'entry')
})

t.test('a malformed slug, an empty name and an unknown collection are refused', async t => {
  const sandbox = await openSandbox(t)
  const create = (collectionId: string, payload: object) => call(sandbox, 'createEntry', { collectionId, payload })
  t.equal((await create(products, { name: 'x', slug: 'Not A Slug' })).code, 'VALIDATION_FAILED')
  t.equal((await create(products, { name: ' ' })).code, 'VALIDATION_FAILED')
  t.equal((await create('col_none', { name: 'x' })).code, 'NOT_FOUND')
  t.equal(sandbox.readLedger().effects, 0)
})

t.test('updateEntry merges into the draft: absent keeps, null clears', async t => {
  const sandbox = await openSandbox(t)
  const { entry, code } = await call(sandbox, 'updateEntry', {
    entryId: 'ent_pro',
    lastVersion: 1,
    content: { price: 30, released: null },
  })
  t.equal(code, null)
  t.equal(entry.latestRevision.version, 2)
  t.equal(entry.hasUnpublishedChanges, true)
  t.same((await readEntry(sandbox, 'ent_pro')).content, { title: 'Pro', price: 30, in_stock: true })
  t.equal(sandbox.model.entries.get('ent_pro')?.publishedContent?.price, 29)
})

t.test('the first save after a publish forks a new revision id, the next keeps it and changes the anchor', async t => {
  const sandbox = await openSandbox(t)
  const published = (await readEntry(sandbox, 'ent_pro')).latestRevision
  const save = (lastVersion: number, price: number) =>
    call(sandbox, 'updateEntry', { entryId: 'ent_pro', lastVersion, content: { price } })
  const first = (await save(1, 1)).entry.latestRevision
  const second = (await save(2, 2)).entry.latestRevision
  t.not(first.id, published.id)
  t.equal(second.id, first.id)
  t.not(second.headAnchor, first.headAnchor)
})

t.test('a stale lastVersion is refused as a conflict and changes nothing', async t => {
  const sandbox = await openSandbox(t)
  const save = (price: number) =>
    call(sandbox, 'updateEntry', { entryId: 'ent_pro', lastVersion: 1, content: { price } })
  t.equal((await save(1)).code, null)
  const refused = await save(2)
  t.equal(refused.status, 200)
  t.equal(refused.code, 'CONFLICT')
  t.equal(refused.body?.data, null)
  t.equal((await readEntry(sandbox, 'ent_pro')).content.price, 1)
})

t.test('a patch that changes nothing makes no revision and no effect', async t => {
  const sandbox = await openSandbox(t)
  const { result, entry } = await call(sandbox, 'updateEntry', {
    entryId: 'ent_pro',
    lastVersion: 1,
    content: { price: 29, description: null },
  })
  t.equal(result.success, true)
  t.equal(entry.latestRevision.version, 1)
  t.equal(entry.hasUnpublishedChanges, false)
  t.equal(sandbox.readLedger().effects, 0)
})

t.test('a publish makes the newest draft live', async t => {
  const sandbox = await openSandbox(t)
  const draft = (await call(sandbox, 'updateEntry', { entryId: 'ent_pro', lastVersion: 1, content: { price: 30 } }))
    .entry
  const { result, entry } = await call(sandbox, 'publishEntry', publishVariables(draft))
  t.equal(result.success, true)
  t.match(entry, { status: 'PUBLISHED', hasUnpublishedChanges: false, publishedRevisionId: draft.latestRevision.id })
  t.equal(sandbox.model.entries.get('ent_pro')?.publishedContent?.price, 30)
})

t.test('a publish is refused when a newer draft exists or the draft was edited since it was read', async t => {
  const sandbox = await openSandbox(t)
  const published = await readEntry(sandbox, 'ent_pro')
  const read = (await call(sandbox, 'updateEntry', { entryId: 'ent_pro', lastVersion: 1, content: { price: 30 } }))
    .entry
  await call(sandbox, 'updateEntry', { entryId: 'ent_pro', lastVersion: 2, content: { price: 31 } })
  t.equal((await call(sandbox, 'publishEntry', publishVariables(published))).code, 'CONFLICT')
  t.equal((await call(sandbox, 'publishEntry', publishVariables(read))).code, 'CONFLICT')
  const unbound = { entryId: 'ent_pro', revisionId: read.latestRevision.id }
  t.equal((await call(sandbox, 'publishEntry', { ...unbound, expectedRevisionId: 'rev_other' })).code, 'CONFLICT')
  t.equal((await call(sandbox, 'publishEntry', unbound)).code, null)
})

t.test('publishing an unchanged published revision again succeeds without a new effect', async t => {
  const sandbox = await openSandbox(t)
  const { result } = await call(sandbox, 'publishEntry', publishVariables(await readEntry(sandbox, 'ent_pro')))
  t.equal(result.success, true)
  t.equal(sandbox.readLedger().effects, 0)
})

t.test('a publish is refused while a required field has no value', async t => {
  const sandbox = await openSandbox(t)
  const { entry } = await call(sandbox, 'createEntry', { collectionId: 'col_submissions', payload: { name: 'Hi' } })
  const refused = await call(sandbox, 'publishEntry', publishVariables(entry))
  t.equal(refused.code, 'VALIDATION_FAILED')
  t.match(refused.body?.errors?.[0]?.message, /email/)
})

t.test('an entry name is live at once, and so is the slug of an entry without a page', async t => {
  const sandbox = await openSandbox(t)
  const { entry } = await call(sandbox, 'renameEntry', {
    entryId: 'ent_pro',
    name: 'Professional',
    slug: 'professional',
  })
  t.match(entry, { name: 'Professional', slug: 'professional', draftSlug: null, hasUnpublishedChanges: false })
  t.equal(entry.latestRevision.version, 1)
  const { entry: next } = await call(sandbox, 'createEntry', {
    collectionId: products,
    payload: { name: 'x', slug: 'pro-plan' },
  })
  t.equal(next.slug, 'pro-plan')
})

t.test('the slug of an entry with a page waits for the publish, which redirects the old path', async t => {
  const sandbox = await openSandbox(t)
  const { entry } = await call(sandbox, 'renameEntry', { entryId: 'ent_hello', slug: 'welcome' })
  t.match(entry, { slug: 'hello', draftSlug: 'welcome', hasUnpublishedChanges: true })
  const stale = { ...publishVariables(entry), expectedAddress: '' }
  t.equal((await call(sandbox, 'publishEntry', stale)).code, 'CONFLICT')
  const { entry: moved, result } = await call(sandbox, 'publishEntry', {
    ...publishVariables(entry),
    expectedAddress: 'welcome',
  })
  t.match(moved, { slug: 'welcome', draftSlug: null, page: { slug: '/blog/welcome' } })
  t.match(result.warnings, [/template is empty/])
  const { result: redirects } = await call(sandbox, 'redirects', { projectId: 'prj_demo' })
  t.match(redirects.results, [{ source: '/blog/hello', destination: '/blog/welcome', permanent: true, active: true }])
})

t.test('no redirect is made when the caller declines it, and the live slug cancels a pending move', async t => {
  const sandbox = await openSandbox(t)
  const rename = (slug: string) => call(sandbox, 'renameEntry', { entryId: 'ent_hello', slug })
  await rename('welcome')
  t.equal((await rename('hello')).entry.draftSlug, null)
  const { entry } = await rename('welcome')
  await call(sandbox, 'publishEntry', { ...publishVariables(entry), redirectOldPath: false })
  t.same((await call(sandbox, 'redirects', { projectId: 'prj_demo' })).result.results, [])
})

t.test('a taken slug is refused when renaming', async t => {
  const sandbox = await openSandbox(t)
  t.equal((await call(sandbox, 'renameEntry', { entryId: 'ent_pro', slug: 'team-plan' })).code, 'CONFLICT')
  t.equal((await call(sandbox, 'renameEntry', { entryId: 'ent_pro', slug: 'No' })).code, 'VALIDATION_FAILED')
})

t.test('an unpublished entry keeps its draft, and a second unpublish has no effect', async t => {
  const sandbox = await openSandbox(t)
  const { entry } = await call(sandbox, 'unpublishEntry', { entryId: 'ent_pro' })
  t.match(entry, { status: 'DRAFT', publishedRevisionId: null, hasUnpublishedChanges: true })
  t.equal((await call(sandbox, 'unpublishEntry', { entryId: 'ent_pro' })).result.success, true)
  t.equal(sandbox.readLedger().effects, 1)
})

t.test('a deleted entry is gone, and deleting it again is NOT_FOUND', async t => {
  const sandbox = await openSandbox(t)
  t.equal((await call(sandbox, 'deleteEntry', { entryId: 'ent_pro' })).result.success, true)
  t.equal((await call(sandbox, 'deleteEntry', { entryId: 'ent_pro' })).code, 'NOT_FOUND')
  t.equal((await call(sandbox, 'entry', { entryId: 'ent_pro' })).code, 'NOT_FOUND')
  t.equal((await call(sandbox, 'entries', { collectionId: products })).result.results?.length, 2)
})

t.test('entries are paged and searched by name and slug, or by name only', async t => {
  const sandbox = await openSandbox(t)
  const search = async (variables: object) => {
    const { result } = await call(sandbox, 'entries', { collectionId: products, ...variables })
    return result.results?.map(entry => entry.id)
  }
  t.same(await search({ search: 'PRO PLAN' }), ['ent_pro'])
  t.same(await search({ search: 'pro-plan' }), ['ent_pro'])
  t.same(await search({ limit: 1, offset: 1 }), ['ent_pro'])
  t.equal((await call(sandbox, 'entries', { collectionId: products, limit: 101 })).code, 'BAD_USER_INPUT')
  const strict = await openSandbox(t, { searchIn: 'name' })
  t.same((await call(strict, 'entries', { collectionId: products, search: 'pro-plan' })).result.results, [])
})

t.test('a repeated document gives the same answers once it is compiled', async t => {
  const sandbox = await openSandbox(t)
  const query =
    'mutation { createEntry(collectionId: "col_products", payload: { name: "Lit", content: { title: "x", price: 1.5 } }) { success entry { slug content } } }'
  for (const slug of ['lit', 'lit-2', 'lit-3']) {
    const { body } = await post(sandbox, { query })
    t.same(body, { data: { createEntry: { success: true, entry: { slug, content: { title: 'x', price: 1.5 } } } } })
  }
})
