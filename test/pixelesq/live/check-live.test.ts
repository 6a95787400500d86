import { readFileSync } from 'node:fs'
import t, { type Test } from 'tap'
import { formatProblem } from '../../../src/mapping/problem.ts'
import { checkLive } from '../../../src/pixelesq/live/check-live.ts'
import { startSandbox } from '../../../src/pixelesq/sandbox/start-sandbox.ts'
import { loadSetup } from '../../../src/setup/load-setup.ts'
import type { Setup } from '../../../src/setup/setup.ts'
import { errorAnswer, startApiStub } from '../../fixtures/start-api-stub.ts'
import { type FolderOptions, makeBridgeFolder } from '../../fixtures/start-test-bridge.ts'
import { one } from '../../fixtures/start-worker-bridge.ts'

const SDL = readFileSync(new URL('../../../src/pixelesq/schema.graphql', import.meta.url), 'utf8')
const EDITOR = 'sandbox-editor-token-0001'
const VIEWER = 'sandbox-viewer-token-0001'
const publish = { source: 'open', on: ['x'], integration: 'ci', action: 'publishPage', with: { pageId: 'pg_status' } }
const read = one('x', 'entries', { collectionId: 'col_products' })

async function load(t: Test, options: FolderOptions): Promise<Setup> {
  const { path: cwd } = makeBridgeFolder(t, { mappings: { publish }, env: { PIXELESQ_TOKEN: EDITOR }, ...options })
  const loaded = await loadSetup({ cwd, env: {} })
  if (!loaded.ok) throw new Error(loaded.problems.map(formatProblem).join('\n'))
  return loaded.setup
}

/** What is said, with folders cut off. */
function words({ problems }: { problems: Awaited<ReturnType<typeof checkLive>>['problems'] }): string[] {
  return problems.map(
    problem =>
      `${problem.severity} ${problem.code} ${formatProblem(problem).replaceAll(/\S*\/(?=(bridge\.json|schema\.graphql|\w+\.graphql):)/g, '')}`,
  )
}

t.test('a sandbox and its editor: nothing is wrong, and nothing was written', async t => {
  const sandbox = await startSandbox()
  t.teardown(() => sandbox.close())
  const before = sandbox.readLedger().entries.length
  const found = await checkLive(await load(t, { endpoint: sandbox.url }))
  t.strictSame(words(found), [])
  t.match(found.notes, [
    /integration "ci": the token is accepted, and nothing shows/,
    /^schema: 2 operations in use compared with the endpoint, no difference touches them$/,
  ])
  const entries = sandbox.readLedger().entries.slice(before)
  t.equal(entries.length, 3)
  t.ok(entries.every(entry => entry.effects === 0))
})

t.test(
  'a token that may only read is an error where mappings write with it, and fine where they only read',
  async t => {
    const sandbox = await startSandbox()
    t.teardown(() => sandbox.close())
    const env = { PIXELESQ_TOKEN: VIEWER }
    t.strictSame(words(await checkLive(await load(t, { endpoint: sandbox.url, env }))), [
      'error live_token bridge.json: /integrations/ci/token: expected a token that may write (the role Editor or Owner), found a token that may only read (403, the role Viewer); written with by publish',
    ])
    const reading = await checkLive(await load(t, { endpoint: sandbox.url, env, mappings: { read } }))
    t.strictSame(words(reading), [])
    t.match(reading.notes[0], /it may only read, which is all its mappings do/)
  },
)

t.test('a refused token is named; an accepted one of another integration reads the schema', async t => {
  const sandbox = await startSandbox()
  t.teardown(() => sandbox.close())
  const setup = await load(t, {
    endpoint: sandbox.url,
    config: {
      integrations: {
        ci: { token: 'env:PIXELESQ_TOKEN' },
        again: { token: 'env:PIXELESQ_TOKEN' },
        good: { token: 'env:OTHER' },
      },
    },
    env: { PIXELESQ_TOKEN: 'no-such-token-at-all', OTHER: EDITOR },
  })
  const found = await checkLive(setup)
  const wrong =
    'expected a token that the API accepts, found the token is not accepted (401: wrong, expired or revoked)'
  t.strictSame(words(found), [
    `error live_token bridge.json: /integrations/ci/token: ${wrong}`,
    `error live_token bridge.json: /integrations/again/token: ${wrong}`,
  ])
  t.match(found.notes, [/"good"/, /no difference/])
  t.notMatch(JSON.stringify(found), /no-such-token|sandbox-editor/)
})

t.test('differences that touch an operation in use are named one by one, the rest is counted', async t => {
  const cases: [string, string, RegExp[]][] = [
    [
      'hasUnpublishedChanges: Boolean!',
      'hasUnpublished: Boolean!',
      [
        /^error live_schema schema\.graphql: \/: expected Page\.hasUnpublishedChanges: Boolean!, as in the schema file, found none at the endpoint; used by page, publishPage \(mappings: publish\)/,
      ],
    ],
    [
      'hasUnpublishedChanges: Boolean!',
      'hasUnpublishedChanges: String!',
      [
        /^error live_schema .*expected Page\.hasUnpublishedChanges: Boolean!, as in the schema file, found String! at the endpoint/,
      ],
    ],
    [
      'hasUnpublishedChanges: Boolean!',
      'hasUnpublishedChanges: Boolean',
      [/^warning live_schema .*found Boolean at the endpoint/],
    ],
    ['name: String!\n', 'name: String!\n  extra: Int\n', []],
  ]
  const page = SDL.indexOf('type Page {')
  for (const [from, to, expected] of cases) {
    const sdl = SDL.slice(0, page) + SDL.slice(page).replace(from, to)
    t.not(sdl, SDL)
    const stub = await startApiStub(t, { sdl })
    const found = await checkLive(await load(t, { endpoint: stub.url }))
    t.equal(found.problems.length, expected.length, to)
    t.match(words(found), expected)
    if (expected.length === 0)
      t.match(found.notes[1], /no difference touches them; 1 difference touches nothing in use/)
  }
})

t.test('what the endpoint wants more, and what the schema file never knew', async t => {
  const wanting = SDL.replace('page("Assumed: the page." pageId: String!)', 'page(pageId: String!, projectId: String!)')
  const stub = await startApiStub(t, { sdl: wanting })
  t.match(words(await checkLive(await load(t, { endpoint: stub.url }))), [
    /^error live_schema schema\.graphql: \/: expected no Query\.page\(projectId:\), as in the schema file, found String! at the endpoint; used by page/,
  ])
  const stricter = await startApiStub(t, {
    sdl: SDL.replace('input CreateEntryDto {', 'input CreateEntryDto {\n  locale: String!\n'),
  })
  const create = one('x', 'createEntry', { collectionId: 'a', payload: { name: 'a' } })
  t.match(words(await checkLive(await load(t, { endpoint: stricter.url, mappings: { create } }))), [
    /expected no CreateEntryDto\.locale, as in the schema file, found String! at the endpoint; used by createEntry \(mappings: create\)/,
  ])
  t.strictSame(words(await checkLive(await load(t, { endpoint: stricter.url }))), [], 'not in use, not named')
})

t.test('the query that looks for a lost answer is in use too', async t => {
  const stub = await startApiStub(t, {
    sdl: SDL.replace(
      /^( {4})search: String\n( {4}"Assumed: page size[^\n]*\n {4}limit: Int\n[^)]*\): EntryList!)/m,
      '$1searchFor: String\n$2',
    ),
  })
  const create = one('x', 'createEntry', { collectionId: 'a', payload: { name: 'a' } })
  const found = words(await checkLive(await load(t, { endpoint: stub.url, mappings: { create } })))
  t.match(found, [
    /^error live_schema schema\.graphql: \/: expected Query\.entries\(search:\): String, as in the schema file, found none at the endpoint; used by entries \(mappings: create\)/,
  ])
})

t.test('introspection that is off is a warning; the tokens are tested all the same', async t => {
  const stub = await startApiStub(t, {
    sdl: SDL,
    introspection: false,
    answer: ({ operation }) => (operation === 'projects' ? errorAnswer('no', { status: 403 }) : null),
  })
  t.match(words(await checkLive(await load(t, { endpoint: stub.url }))), [
    /^error live_token .*found the token is accepted, but its role does not allow this \(403\)/,
    /^warning live_schema bridge\.json: \/pixelesq\/endpoint: expected the schema of the endpoint, to compare the operations with, found introspection is off/,
  ])
})

t.test('an endpoint that is not there, hangs or limits', async t => {
  t.match(words(await checkLive(await load(t, { endpoint: 'http://127.0.0.1:1/graphql' }))), [
    /^error live_unreachable bridge\.json: \/pixelesq\/endpoint: expected an answer of the API, found the API host refused the connection/,
  ])
  const hanging = await startApiStub(t, { answer: () => 'hang' })
  t.match(words(await checkLive(await load(t, { endpoint: hanging.url }), 200)), [
    /^error live_unreachable .*no complete answer came within 200 ms/,
  ])
  const limited = await startApiStub(t, {
    answer: () => ({ status: 429, headers: { 'retry-after': '7' }, body: '{}' }),
  })
  t.match(words(await checkLive(await load(t, { endpoint: limited.url }))), [
    /^warning live_token .*over its rate limit \(429\); try again in 7 s/,
  ])
})

t.test('an API without the query `projects` refuses no token by it', async t => {
  const sdl = 'type Query { entries(collectionId: String!): Int } type Mutation { a: Int }'
  const stub = await startApiStub(t, { sdl })
  const found = await checkLive(await load(t, { endpoint: stub.url, mappings: { read } }))
  t.ok(found.problems.every(problem => problem.code === 'live_schema'))
  t.match(found.notes[0], /"ci": the token is accepted/)
})
