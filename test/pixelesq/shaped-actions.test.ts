import t from 'tap'
import { loadMappings } from '../../src/mapping/load-mappings.ts'
import { readBlocks, readDoc } from '../docs/read-docs.ts'
import { CONTEXT } from '../fixtures/mapping-folder.ts'
import { emit, requestsOf, startWorkerBridge } from '../fixtures/start-worker-bridge.ts'

/** The actions that write content bring it into the form of the collection's fields first: through a whole bridge. */

const { actions } = await loadMappings(t.testdir({}), CONTEXT)
const mappings = Object.fromEntries(
  [...actions.values()].map(({ name, parameters }) => [
    name.toLowerCase(),
    {
      source: 'open',
      on: [name],
      integration: 'ci',
      action: name,
      with: Object.fromEntries(Object.keys(parameters).map(key => [key, `\${default(payload.${key}, null)}`])),
    },
  ]),
)
const bridge = await startWorkerBridge(t, { mappings })
const { sandbox } = bridge

async function run(action: string, parameters: object) {
  const seen = requestsOf(bridge).length
  const job = await bridge.job(await emit(bridge, action, parameters))
  const writes = requestsOf(bridge)
    .slice(seen)
    .filter(({ mutation }) => mutation)
    .map(({ operationName }) => operationName)
  return { job, state: job.state, reason: job.reason, message: job.message ?? '', writes }
}

const contentOf = (slug: string) =>
  [...sandbox.model.entries.values()].find(entry => entry.slug === slug && entry.collectionId !== 'col_x')?.content

const products = { collectionId: 'col_products' }
const LOOSE = {
  title: 2026,
  price: '12.5',
  in_stock: 'true',
  description: '<p>x</p>',
  image: 'https://x.example/a.png',
  released: '2026-03-10T15:04:05Z',
}
const SHAPED = { ...LOOSE, title: '2026', price: 12.5, in_stock: true, released: '2026-03-10' }

t.test('every action that writes content shapes it, for a new entry and for one that is there', async t => {
  for (const action of ['createEntry', 'upsertEntry', 'upsertAndPublishEntry']) {
    const slug = `new-${action.toLowerCase()}`
    t.match(await run(action, { ...products, name: 'New', slug, content: LOOSE }), { state: 'succeeded' })
    t.strictSame(contentOf(slug), SHAPED, action)
  }
  for (const action of ['upsertEntry', 'updateEntry', 'updateAndPublishEntry', 'upsertAndPublishEntry']) {
    const slug = `old-${action.toLowerCase()}`
    await run('createEntry', { ...products, name: 'Old', slug, content: { title: 'Old' } })
    const given = { ...products, name: 'Old', slug, content: LOOSE }
    t.match(await run(action, given), { state: 'succeeded' })
    t.strictSame(contentOf(slug), SHAPED, action)
    t.match(await run(action, given), { state: 'succeeded', writes: [] }, 'the same loose values again change nothing')
  }
})

t.test('content that does not fit is a dead letter that names all of it, and nothing is written', async t => {
  const message = readBlocks(readDoc('docs/mapping-language.md'), 'content').get('message')!.trim()
  const content = { price: 'cheap', realeased: '2026-03-10' }
  for (const action of [
    'createEntry',
    'updateEntry',
    'upsertEntry',
    'updateAndPublishEntry',
    'upsertAndPublishEntry',
  ]) {
    for (const slug of ['pro-plan', 'not-there-yet']) {
      const { state, reason, message: said, writes } = await run(action, { ...products, name: 'N', slug, content })
      t.strictSame(writes, [], `${action} ${slug}`)
      if (state === 'held') t.ok(['slug_taken', 'entry_not_found'].includes(reason!), 'held before it came to content')
      else {
        t.strictSame([state, reason], ['dead', 'invalid_value'])
        t.ok(said.includes(message), said)
        t.notOk(said.includes('cheap'), 'no value of the payload')
      }
    }
  }
})

t.test('by id, values are shaped where the collection is named, and sent as they are where it is not', async t => {
  await run('updateEntry', { entryId: 'ent_free', ...products, content: { price: '3' } })
  t.equal(sandbox.model.entries.get('ent_free')?.content.price, 3)
  const dead = await run('updateEntry', { entryId: 'ent_free', content: { price: '4' } })
  t.match(dead, { state: 'dead', reason: 'rejected', message: /"price": expected a number/ })
})

t.test('a new entry without a required value is not made where it could not be published', async t => {
  const submission = { collectionId: 'col_submissions', name: 'S', slug: 's-1', content: { message: 5, email: '' } }
  const held = await run('upsertAndPublishEntry', submission)
  t.match(held, { state: 'held', reason: 'required_missing', writes: [] })
  t.match(held.message, /^The new entry would have no value for email, which the collection col_submissions requires/)
  const given = { ...submission, content: { message: 5, email: 'a@x.example', topic: 'SALES', received: 1767225600 } }
  t.match(await run('upsertAndPublishEntry', given), { state: 'succeeded', writes: ['createEntry', 'publishEntry'] })
  t.match(contentOf('s-1'), { message: '5', topic: 'sales', received: '2026-01-01T00:00:00+00:00' })
  const cleared = await run('upsertAndPublishEntry', { ...given, content: { email: null } })
  t.match(cleared, {
    state: 'dead',
    writes: [],
    message: /"email": expected a value, the field is required, found none/,
  })
})

t.test('lists, references and icons of a collection with pages', async t => {
  const content = {
    title: 'Post',
    tags: 'news',
    products: 'ent_pro',
    icon: 'regular/rocket.svg',
    cover: { src: '/a.png' },
  }
  const given = { collectionId: 'col_posts', name: 'Post', slug: 'post-1', content }
  t.match(await run('upsertAndPublishEntry', given), { state: 'succeeded', writes: ['createEntry', 'publishEntry'] })
  t.match(contentOf('post-1'), { tags: ['news'], products: ['ent_pro'] })
  t.match(await run('upsertAndPublishEntry', given), { state: 'succeeded', writes: [] })
})

t.test('the fields are read once for all jobs of a minute', async t => {
  const reads = () => requestsOf(bridge, 'collection').length
  await run('updateEntry', { ...products, slug: 'free-plan', content: { price: 5 } })
  const before = reads()
  for (let price = 10; price < 15; price++)
    await run('updateEntry', { ...products, slug: 'free-plan', content: { price } })
  t.equal(reads(), before)
})

t.test('a field that was added a moment ago is known', async t => {
  const collection = sandbox.model.collections.get('col_products')!
  const field = { ...collection.fields[0]!, name: 'subtitle' }
  collection.fields.push(field)
  collection.fieldsByName.set('subtitle', field)
  t.match(await run('updateEntry', { ...products, slug: 'free-plan', content: { subtitle: 'S' } }), {
    state: 'succeeded',
    writes: ['updateEntry'],
  })
})
