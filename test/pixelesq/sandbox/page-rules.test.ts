import t from 'tap'
import { call, openSandbox, readPage } from '../../fixtures/call-sandbox.ts'

function publishVariables(page: { id: string; latestRevision: { id: string; headAnchor: string } }) {
  const { id, headAnchor } = page.latestRevision
  return { pageId: page.id, revisionId: id, expectedRevisionId: id, expectedHeadAnchor: headAnchor }
}

const section = { logicalId: 'a', type: 'Uislice', uislices: [] }

t.test('the demo holds two public pages, one with an unpublished draft', async t => {
  const sandbox = await openSandbox(t)
  const { result } = await call(sandbox, 'pages', { projectId: 'prj_demo' })
  const brief = result.results?.map(page => [page.id, page.slug, page.status, page.hasUnpublishedChanges])
  t.same(brief, [
    ['pg_status', '/status', 'PUBLISHED', true],
    ['pg_pricing', '/pricing', 'PUBLISHED', false],
  ])
})

t.test('pages are filtered by status, searched and paged', async t => {
  const sandbox = await openSandbox(t)
  await call(sandbox, 'unpublishPage', { pageId: 'pg_pricing' })
  const list = async (variables: object) => {
    const { result } = await call(sandbox, 'pages', { projectId: 'prj_demo', ...variables })
    return result.results?.map(page => page.id)
  }
  t.same(await list({ status: 'DRAFT' }), ['pg_pricing'])
  t.same(await list({ search: 'stat' }), ['pg_status'])
  t.same(await list({ limit: 1, offset: 1 }), ['pg_pricing'])
  t.equal((await call(sandbox, 'pages', { projectId: 'prj_none' })).code, 'NOT_FOUND')
})

t.test('publishing the read draft of a page makes it live, a second time without an effect', async t => {
  const sandbox = await openSandbox(t)
  const read = await readPage(sandbox, 'pg_status')
  const { page } = await call(sandbox, 'publishPage', publishVariables(read))
  t.match(page, { hasUnpublishedChanges: false, publishedRevisionId: read.latestRevision.id })
  t.equal((await call(sandbox, 'publishPage', publishVariables(read))).result.success, true)
  t.equal(sandbox.readLedger().effects, 1)
})

t.test('a page edited after it was read is not published', async t => {
  const sandbox = await openSandbox(t)
  const read = await readPage(sandbox, 'pg_status')
  t.equal(
    (await call(sandbox, 'savePage', { pageId: 'pg_status', lastVersion: 3, sections: [section] })).page.latestRevision
      .id,
    read.latestRevision.id,
  )
  t.equal((await call(sandbox, 'publishPage', publishVariables(read))).code, 'CONFLICT')
  t.equal((await readPage(sandbox, 'pg_status')).hasUnpublishedChanges, true)
})

t.test('savePage refuses a stale version, scripts and what is not a list, and ignores an equal list', async t => {
  const sandbox = await openSandbox(t)
  const save = (lastVersion: number, sections: unknown) =>
    call(sandbox, 'savePage', { pageId: 'pg_pricing', lastVersion, sections })
  t.equal((await save(2, [section])).page.latestRevision.version, 3)
  t.equal((await save(2, [])).code, 'CONFLICT')
  t.equal((await save(3, { a: 1 })).code, 'VALIDATION_FAILED')
  for (const text of ['<script>', '<img src=x onerror=x>', 'javascript:x'])
    t.equal((await save(3, [{ text }])).code, 'VALIDATION_FAILED', text)
  t.equal((await save(3, [section])).page.latestRevision.version, 3)
  t.equal(sandbox.readLedger().effects, 1)
})

t.test('an address gets its slash, and a suffix when it is taken', async t => {
  const sandbox = await openSandbox(t)
  const create = (slug: string, key: string) =>
    call(sandbox, 'createPage', { projectId: 'prj_demo', name: 'P', slug, idempotencyKey: key })
  t.equal((await create('about/', 'a')).page.slug, '/about')
  t.equal((await create('/about', 'b')).page.slug, '/about-2')
  t.equal((await create('/blog/hello', 'c')).page.slug, '/blog/hello-2')
  for (const slug of ['/a b', '/x/page/', '/x/filter/y', '/a//b'])
    t.equal((await create(slug, 'd')).code, 'VALIDATION_FAILED', slug)
})

t.test('the same idempotency key replays the first page, a key over 128 characters is refused', async t => {
  const sandbox = await openSandbox(t)
  const create = (idempotencyKey: string, slug = '/new') =>
    call(sandbox, 'createPage', { projectId: 'prj_demo', name: 'New', slug, idempotencyKey })
  const first = await create('key-1')
  const again = await create('key-1')
  t.equal(again.page.id, first.page.id)
  t.equal(again.result.success, true)
  t.not((await create('key-2')).page.id, first.page.id)
  t.not((await create('key-1', '/other')).page.id, first.page.id)
  t.equal((await create('k'.repeat(129))).code, 'VALIDATION_FAILED')
  t.equal(sandbox.readLedger().effects, 3)
})

t.test('page metadata is live at once and makes no revision', async t => {
  const sandbox = await openSandbox(t)
  const jsonLD = '{"@context":"https://schema.org","@type":"WebPage"}'
  const { page } = await call(sandbox, 'updatePageMeta', {
    pageId: 'pg_pricing',
    title: 'Prices',
    index: false,
    jsonLD,
  })
  t.match(page, { meta: { title: 'Prices', description: null, index: false, jsonLD }, hasUnpublishedChanges: false })
  t.equal(page.latestRevision.version, 2)
  t.equal((await call(sandbox, 'updatePageMeta', { pageId: 'pg_pricing', jsonLD: '' })).page.meta.jsonLD, null)
  t.equal(
    (await call(sandbox, 'updatePageMeta', { pageId: 'pg_pricing', jsonLD: '{"a":1}' })).code,
    'VALIDATION_FAILED',
  )
  await call(sandbox, 'updatePageMeta', { pageId: 'pg_pricing', title: 'Prices' })
  t.equal(sandbox.readLedger().effects, 2)
})

t.test('a page that was taken offline can be published again', async t => {
  const sandbox = await openSandbox(t)
  t.match((await call(sandbox, 'unpublishPage', { pageId: 'pg_pricing' })).page, {
    status: 'DRAFT',
    publishedRevisionId: null,
  })
  const { page } = await call(sandbox, 'publishPage', publishVariables(await readPage(sandbox, 'pg_pricing')))
  t.equal(page.status, 'PUBLISHED')
  t.equal(sandbox.readLedger().effects, 2)
})
