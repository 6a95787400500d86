import t from 'tap'
import { loadMappings } from '../../src/mapping/load-mappings.ts'
import { activateRedirect } from '../../src/pixelesq/sandbox/redirect-rules.ts'
import { CONTEXT } from '../fixtures/mapping-folder.ts'
import { emit, one, requestsOf, startWorkerBridge } from '../fixtures/start-worker-bridge.ts'

/** Every shipped action through a whole bridge against the sandbox over HTTP: what the ledger saw is what is judged. */

const { actions } = await loadMappings(t.testdir({}), CONTEXT)

/** One mapping per action, for the event type of its name: each parameter is the payload's member of its name, or null. */
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
/** Removals without an action of their own, as a step. */
const removals = {
  'drop-redirect': one('dropRedirect', 'deleteRedirect', { redirectId: '${payload.id}' }),
  'hide-entry': one('hideEntry', 'unpublishEntry', { entryId: '${payload.id}' }),
}
const bridge = await startWorkerBridge(t, { mappings: { ...mappings, ...removals } })
const { sandbox } = bridge
t.afterEach(() => sandbox.clearFaults())

/** Runs an action to its end. `reads` and `writes`: the operations asked for; `effects`: how many took effect. */
async function run(action: string, parameters: object) {
  const seen = requestsOf(bridge).length
  const job = await bridge.job(await emit(bridge, action, parameters))
  const requests = requestsOf(bridge).slice(seen)
  return {
    job,
    state: job.state,
    reason: job.reason,
    message: job.message ?? '',
    reads: requests.filter(({ mutation }) => !mutation).map(({ operationName }) => operationName),
    writes: requests.filter(({ mutation }) => mutation).map(({ operationName }) => operationName),
    effects: requests.reduce((sum, { effects }) => sum + effects, 0),
  }
}

const entryOf = (id: string) => sandbox.model.entries.get(id)!
const pageOf = (id: string) => sandbox.model.pages.get(id)!
const bySlug = (slug: string, collection = 'col_products') =>
  [...sandbox.model.entries.values()].filter(entry => entry.collectionId === collection && entry.slug === slug)

/** Makes an entry of the products and gives its parameters. */
let made = 0
async function makeEntry(content: object = { title: 'T' }) {
  made += 1
  const slug = `made-${made}`
  const parameters = { collectionId: 'col_products', name: `Made ${made}`, slug, content }
  await run('createEntry', parameters)
  return { ...parameters, entryId: bySlug(slug)[0]!.id }
}

t.test('each action of the contract is there, with a description of itself and of every parameter', async t => {
  t.strictSame([...actions.keys()].sort(), [
    'createEntry',
    'createRedirect',
    'deleteEntry',
    'publishEntry',
    'publishPage',
    'unpublishPage',
    'updateAndPublishEntry',
    'updateEntry',
    'updatePageMeta',
    'upsertAndPublishEntry',
    'upsertEntry',
  ])
})

/** Parameters for a first run, what it writes, and what a repetition reads only. */
const CASES: readonly { action: string; writes: string[]; parameters: () => Promise<object> }[] = [
  {
    action: 'publishPage',
    writes: ['publishPage'],
    async parameters() {
      pageOf('pg_status').publishedRevisionId = 'rev_old'
      return { pageId: 'pg_status' }
    },
  },
  {
    action: 'unpublishPage',
    writes: ['unpublishPage'],
    async parameters() {
      await run('publishPage', { pageId: 'pg_pricing' })
      return { pageId: 'pg_pricing' }
    },
  },
  {
    action: 'updateEntry',
    writes: ['updateEntry'],
    async parameters() {
      const { entryId } = await makeEntry()
      return { entryId, content: { price: 7, title: 'Seven' } }
    },
  },
  {
    action: 'upsertEntry',
    writes: ['updateEntry'],
    async parameters() {
      return { ...(await makeEntry()), content: { price: 8 } }
    },
  },
  { action: 'upsertEntry', writes: ['createEntry'], parameters: async () => fresh() },
  {
    action: 'publishEntry',
    writes: ['publishEntry'],
    async parameters() {
      const { collectionId, slug } = await makeEntry()
      return { collectionId, slug }
    },
  },
  {
    action: 'updateAndPublishEntry',
    writes: ['updateEntry', 'publishEntry'],
    async parameters() {
      const { collectionId, slug } = await makeEntry()
      return { collectionId, slug, content: { price: 9 } }
    },
  },
  {
    action: 'upsertAndPublishEntry',
    writes: ['updateEntry', 'publishEntry'],
    async parameters() {
      return { ...(await makeEntry()), content: { price: 10 } }
    },
  },
  { action: 'upsertAndPublishEntry', writes: ['createEntry', 'publishEntry'], parameters: async () => fresh() },
  {
    action: 'deleteEntry',
    writes: ['deleteEntry'],
    async parameters() {
      const { entryId } = await makeEntry()
      return { entryId }
    },
  },
  {
    action: 'deleteEntry',
    writes: ['deleteEntry'],
    async parameters() {
      const { collectionId, slug } = await makeEntry()
      return { collectionId, slug }
    },
  },
  {
    action: 'createRedirect',
    writes: ['createRedirect'],
    async parameters() {
      made += 1
      return { projectId: 'prj_demo', source: `old/${made}/`, destination: 'new' }
    },
  },
  {
    action: 'updatePageMeta',
    writes: ['updatePageMeta'],
    async parameters() {
      made += 1
      return { pageId: 'pg_status', title: `Status ${made}`, index: made % 2 === 0 }
    },
  },
]

function fresh() {
  made += 1
  return { collectionId: 'col_products', name: `Fresh ${made}`, slug: `fresh-${made}`, content: { title: 'New' } }
}

for (const { action, writes, parameters } of CASES) {
  const title = `${action} (${writes.join(', ')})`

  t.test(`${title} writes once, and the same again writes nothing`, async t => {
    const given = await parameters()
    t.match(await run(action, given), { state: 'succeeded', writes, effects: writes.length })
    t.match(await run(action, given), { state: 'succeeded', writes: [], effects: 0 })
  })

  for (const conflicting of writes) {
    t.test(`${title} starts over with fresh reads when ${conflicting} conflicts, and writes once`, async t => {
      const given = await parameters()
      sandbox.addFault({ kind: 'graphql-error', operation: conflicting, code: 'CONFLICT' })
      const { state, writes: sent, effects, reads } = await run(action, given)
      t.equal(state, 'succeeded')
      t.strictSame(
        sent,
        writes.flatMap(name => (name === conflicting ? [name, name] : [name])),
      )
      t.equal(effects, writes.length)
      t.ok(reads.length > new Set(reads).size, 'something was read twice')
      t.match(await run(action, given), { writes: [] })
    })

    t.test(`${title} has one effect when the answer to ${conflicting} is lost`, async t => {
      const given = await parameters()
      sandbox.addFault({ kind: 'truncated', operation: conflicting, apply: true })
      t.match(await run(action, given), { state: 'succeeded', effects: writes.length })
      sandbox.clearFaults()
      t.match(await run(action, given), { state: 'succeeded', writes: [] })
    })
  }
}

t.test('createEntry makes an entry once; a repetition is held with slug_taken and makes nothing', async t => {
  const given = fresh()
  t.match(await run('createEntry', given), { state: 'succeeded', writes: ['createEntry'], effects: 1 })
  const again = await run('createEntry', given)
  t.match(again, { state: 'held', reason: 'slug_taken', writes: [] })
  t.match(
    again.message,
    /^The collection col_products has an entry with the slug "fresh-\d+" already\. Nothing was made/,
  )
})

t.test('createEntry has one effect when its answer is lost', async t => {
  const given = fresh()
  sandbox.addFault({ kind: 'truncated', operation: 'createEntry', apply: true })
  t.match(await run('createEntry', given), { state: 'succeeded', effects: 1 })
  t.equal(bySlug(given.slug).length, 1)
})

t.test('a taken slug that the look missed is held with slug_suffixed, which says what was made', async t => {
  // more entries than one look lists, in front of the one that has the slug under another name
  const hidden = await startWorkerBridge(t, { mappings, sandbox: { searchIn: 'name' } })
  for (let i = 0; i < 100; i++) {
    const id = `ent_many_${i}`
    hidden.sandbox.model.entries.set(id, { ...hidden.sandbox.model.entries.get('ent_free')!, id, slug: `many-${i}` })
    hidden.sandbox.model.collections.get('col_products')!.entries.set(id, hidden.sandbox.model.entries.get(id)!)
  }
  const collection = hidden.sandbox.model.collections.get('col_products')!
  const pro = collection.entries.get('ent_pro')!
  collection.entries.delete('ent_pro')
  collection.entries.set('ent_pro', pro)
  pro.name = 'Renamed'
  const given = { collectionId: 'col_products', name: 'Unlike', slug: 'pro-plan', content: { title: 'U' } }
  for (const action of ['createEntry', 'upsertEntry', 'upsertAndPublishEntry']) {
    const seen = requestsOf(hidden).length
    const job = await hidden.job(await emit(hidden, action, { ...given, name: `Unlike ${action}` }))
    t.match(job, { state: 'held', reason: 'slug_suffixed' })
    t.match(
      job.message,
      /^The entry ent_\S+ was made with the slug "pro-plan-\d" because "pro-plan" is taken in the collection col_products\. It is a draft.*then discard this job$/,
    )
    const sent = requestsOf(hidden).slice(seen)
    t.strictSame(
      sent.filter(({ mutation }) => mutation).map(({ operationName }) => operationName),
      ['createEntry'],
      'nothing is published',
    )
  }
  t.equal(pro.content.title, 'Pro', 'the entry that has the slug is untouched')

  const gone = await hidden.job(await emit(hidden, 'deleteEntry', { collectionId: 'col_products', slug: 'pro-plan' }))
  t.match(gone, { state: 'held', reason: 'entry_not_found' }, 'what could not be looked through is not called gone')
  t.match(gone.message, 'has more entries than the 100 that can be looked through. Nothing was deleted')
  t.ok(hidden.sandbox.model.entries.has('ent_pro'))
})

t.test('an entry that is not there is held with entry_not_found by what writes into it', async t => {
  const nowhere = { collectionId: 'col_products', slug: 'nowhere', content: { price: 1 } }
  for (const action of ['updateEntry', 'publishEntry', 'updateAndPublishEntry']) {
    const held = await run(action, nowhere)
    t.match(held, { state: 'held', reason: 'entry_not_found', writes: [] })
    t.match(held.message, 'No entry with the slug "nowhere" was found in the collection col_products')
  }
})

t.test('an unknown id is a dead letter with the words of the API, and nothing is written', async t => {
  for (const action of ['updateEntry', 'publishEntry', 'updateAndPublishEntry']) {
    const dead = await run(action, { entryId: 'ent_none', content: { price: 1 } })
    t.match(dead, { state: 'dead', reason: 'rejected', message: 'Entry not found.', writes: [] })
  }
  for (const action of ['publishPage', 'updatePageMeta']) {
    const dead = await run(action, { pageId: 'pg_none', title: 'x' })
    t.match(dead, { state: 'dead', reason: 'rejected', message: 'Page not found.', writes: [] })
  }
})

t.test('what is gone already is success: nothing to do', async t => {
  t.match(await run('deleteEntry', { entryId: 'ent_none' }), { state: 'succeeded', reads: ['findEntry'], writes: [] })
  const nowhere = { collectionId: 'col_products', slug: 'nowhere' }
  t.match(await run('deleteEntry', nowhere), { state: 'succeeded', writes: [] })
  t.match(await run('unpublishPage', { pageId: 'pg_none' }), { state: 'succeeded', reads: ['findPage'], writes: [] })
})

t.test('what the API calls gone at the last moment is success too', async t => {
  const { entryId } = await makeEntry()
  sandbox.addFault({ kind: 'graphql-error', operation: 'deleteEntry', code: 'NOT_FOUND', message: 'Entry not found.' })
  const { state, job, effects } = await run('deleteEntry', { entryId })
  t.match({ state, effects }, { state: 'succeeded', effects: 0 })
  t.match(job.history.at(-1), {
    operation: 'deleteEntry',
    outcome: 'applied',
    code: 'NOT_FOUND',
    message: 'Nothing to do: Entry not found.',
  })
  sandbox.addFault({ kind: 'graphql-error', operation: 'findEntry', message: 'The entry with this id does not exist' })
  t.match(await run('deleteEntry', { entryId }), { state: 'succeeded', writes: [] }, 'told by the words alone')
  sandbox.addFault({ kind: 'graphql-error', operation: 'findEntry', code: 'INTERNAL', message: 'No connection' })
  t.match(await run('deleteEntry', { entryId }), { state: 'dead', message: 'No connection', writes: [] })
  t.ok(entryOf(entryId), 'and what is not known to be gone is left alone')
})

t.test('deleteRedirect and unpublishEntry as steps: gone is success, also after a lost answer', async t => {
  const redirect = { projectId: 'prj_demo', source: '/drop', destination: '/x', permanent: true, description: null }
  const { id } = activateRedirect(sandbox.model, redirect)
  sandbox.addFault({ kind: 'truncated', operation: 'deleteRedirect', apply: true })
  t.match(await run('dropRedirect', { id }), {
    state: 'succeeded',
    effects: 1,
    writes: ['deleteRedirect', 'deleteRedirect'],
  })
  t.match(await run('dropRedirect', { id }), { state: 'succeeded', effects: 0 })
  t.match(await run('hideEntry', { id: 'ent_none' }), { state: 'succeeded', effects: 0 })
  sandbox.addFault({ kind: 'truncated', operation: 'unpublishEntry', apply: true })
  t.match(await run('hideEntry', { id: 'ent_free' }), { state: 'succeeded', effects: 1 })
})

t.test('a path that is redirected elsewhere is held with redirect_taken', async t => {
  const redirect = {
    projectId: 'prj_demo',
    source: '/taken',
    destination: '/there',
    permanent: false,
    description: null,
  }
  activateRedirect(sandbox.model, redirect)
  const held = await run('createRedirect', { projectId: 'prj_demo', source: 'taken', destination: '/elsewhere' })
  t.match(held, { state: 'held', reason: 'redirect_taken', writes: [] })
  t.match(held.message, /^\/taken is redirected to \/there \(302\) already\. Nothing was made/)
  const same = { projectId: 'prj_demo', source: 'taken/', destination: 'there' }
  t.match(await run('createRedirect', same), { state: 'succeeded', writes: [] })
  t.match(await run('createRedirect', { ...same, permanent: true }), { state: 'held', reason: 'redirect_taken' })
  const loop = await run('createRedirect', { projectId: 'prj_demo', source: '/there', destination: '/taken' })
  t.match(loop, { state: 'dead', message: 'The redirect would make a loop.', effects: 0 })
})

t.test('createRedirect keeps an address of another site as it is', async t => {
  const destination = 'https://example.com/a//b/?q=1'
  t.match(await run('createRedirect', { projectId: 'prj_demo', source: '/away', destination }), { state: 'succeeded' })
  const made = [...sandbox.model.redirects.values()].find(({ source }) => source === '/away')
  t.match(made, { destination, permanent: true, active: true })
})

t.test('updatePageMeta keeps what is left out, clears what is empty, and writes JSON-LD of a value', async t => {
  const pageId = 'pg_pricing'
  await run('updatePageMeta', { pageId, title: 'Pricing', description: 'All plans' })
  const jsonLD = { '@context': 'https://schema.org', '@type': 'WebPage', name: 'Pricing' }
  t.match(await run('updatePageMeta', { pageId, description: '', jsonLD }), { state: 'succeeded', effects: 1 })
  t.match(pageOf(pageId).meta, { title: 'Pricing', description: null, index: true, jsonLD: JSON.stringify(jsonLD) })
  t.match(await run('updatePageMeta', { pageId, description: '', jsonLD }), { state: 'succeeded', writes: [] })
  t.match(await run('updatePageMeta', { pageId }), { state: 'succeeded', writes: [] }, 'nothing given, nothing done')
  t.match(await run('updatePageMeta', { pageId, jsonLD: '' }), { state: 'succeeded', effects: 1 })
  t.equal(pageOf(pageId).meta.jsonLD, null)
})

t.test('content that the API refuses is a dead letter with its words, and nothing is written', async t => {
  const { entryId } = await makeEntry()
  const dead = await run('updateEntry', { entryId, content: { price: 'cheap' } })
  t.match(dead, { state: 'dead', effects: 0 })
  t.match(dead.message, /"price": expected a number/)
})
