import t, { type Test } from 'tap'
import { callCli } from '../fixtures/call-cli.ts'
import { control, openSandbox } from '../fixtures/call-sandbox.ts'
import { runCli } from '../fixtures/run-cli.ts'
import { makeBridgeFolder, SECRETS } from '../fixtures/start-test-bridge.ts'

const by = (action: string, given: object, rest: object = {}) => ({
  source: 'open',
  integration: 'ci',
  action,
  with: given,
  ...rest,
})
const mappings = {
  publish: by('publishPage', { pageId: '${payload.page}' }),
  save: by('updateAndPublishEntry', {
    collectionId: '${constants.products}',
    slug: '${payload.slug}',
    content: '${payload.content}',
  }),
  create: by('createEntry', { collectionId: '${constants.products}', name: '${payload.name}', content: { price: 3 } }),
  each: by('publishPage', { pageId: '${item}' }, { forEach: 'payload.pages', order: '${item}' }),
}

async function prepare(t: Test, payload: unknown, endpoint?: string) {
  const sandbox = await openSandbox(t)
  const folder = makeBridgeFolder(t, { mappings, endpoint: endpoint ?? sandbox.url })
  folder.write('p.json', payload)
  const plan = (mapping: string, ...more: string[]) =>
    callCli(t, ['try', mapping, '--payload', 'p.json', '--type', 'x', '--plan', ...more], { cwd: folder.path })
  return { sandbox, folder, plan }
}

t.test('a publish is told with the revision it would replace, and nothing is sent but a query', async t => {
  const { sandbox, folder, plan } = await prepare(t, { page: 'pg_status' })
  const { code, out } = await runCli(t, ['try', 'publish', '--payload', 'p.json', '--type', 'x', '--plan'], {
    cwd: folder.path,
  })
  const page = sandbox.model.pages.get('pg_status')!
  t.equal(code, 0)
  t.match(
    out,
    `would publish page "Status" (pg_status): revision ${page.latestRevision.id} over ${page.publishedRevisionId}`,
  )
  t.match(out, 'plan: 1 write would be sent, 1 request sent to read, nothing changed')
  const { preview } = JSON.parse((await plan('publish', '--json')).out)
  t.match(preview, {
    reads: 1,
    jobs: [
      {
        outcome: 'writes',
        steps: [
          { step: 'page', kind: 'read' },
          { step: 'published', kind: 'write', change: { changes: true } },
        ],
      },
    ],
  })
  const ledger = sandbox.readLedger()
  t.strictSame([ledger.effects, ledger.entries.map(entry => entry.operationName)], [0, ['page', 'page']])
})

t.test('nothing to do is told as such', async t => {
  const { sandbox, plan } = await prepare(t, { page: 'pg_pricing' })
  const { code, out } = await plan('publish')
  t.equal(code, 0)
  t.match(out, /published +skipped: its "if" is false\n {2}nothing to do\n/)
  t.equal(sandbox.readLedger().effects, 0)
})

t.test('a save is shown field by field, and what comes after it is left open', async t => {
  const content = { price: 39, title: 'Pro', released: null, description: '<p>\u001b[31m</p>' }
  const { sandbox, plan } = await prepare(t, { slug: 'pro-plan', content })
  const { code, out } = await plan('save')
  t.equal(code, 0)
  t.match(out, 'would save entry "Pro plan" (ent_pro), draft version 1\n')
  t.match(out, /\n {17}price: 29 → 39\n/)
  t.match(out, /\n {17}released: "2026-01-15" → nothing\n/)
  t.match(out, /\n {17}description: "<p>\\u001b\[31m<\/p>"\n/)
  t.notMatch(out, 'title:')
  t.match(out, /\n {2}published +after the write: may send publishEntry\n/)
  t.equal(sandbox.readLedger().effects, 0)
})

t.test('a hold is told with its message', async t => {
  const { sandbox, plan } = await prepare(t, { name: 'Pro plan' })
  const { code, out } = await plan('create')
  t.equal(code, 0)
  t.match(out, /taken +would hold: .*the slug "pro-plan" already/)
  t.equal(sandbox.readLedger().effects, 0)
})

t.test('every job of forEach is planned', async t => {
  const { plan } = await prepare(t, { pages: ['pg_status', 'pg_pricing'] })
  const { out } = await plan('each')
  t.match(out, /job 1 {2}item "pg_status" {2}order pg_status[\s\S]*would publish[\s\S]*job 2 [\s\S]*nothing to do/)
})

t.test('what the API refuses is said in plain words, without the token, and the exit code is 1', async t => {
  const { sandbox, folder, plan } = await prepare(t, { page: 'pg_status' })
  await control(sandbox, 'POST', 'tokens', { name: 'editor', revoked: true })
  const refused = await plan('publish')
  t.equal(refused.code, 1)
  t.match(refused.out, 'the API does not accept the token of the integration "ci" (401)')
  t.match(refused.out, /\nno plan: the API could not be read; nothing was changed\n$/)
  await control(sandbox, 'POST', 'tokens', { name: 'editor', revoked: false })
  await control(sandbox, 'POST', 'limits', { perMinute: 0 })
  const limited = await plan('publish')
  t.equal(limited.code, 1)
  t.match(
    limited.out,
    /has had enough requests of the integration "ci" for now \(429\); it takes requests again in \d+ s/,
  )
  await control(sandbox, 'POST', 'limits', { perMinute: 100 })
  folder.write('p.json', { page: 'pg_nothing' })
  const absent = await plan('publish')
  t.equal(absent.code, 1)
  for (const { out, err } of [refused, limited, absent]) t.notMatch(out + err, SECRETS.PIXELESQ_TOKEN)

  const { plan: planNowhere } = await prepare(t, { page: 'pg_status' }, 'http://127.0.0.1:9/graphql')
  const nowhere = await planNowhere('publish')
  t.equal(nowhere.code, 1)
  t.match(nowhere.out, 'http://127.0.0.1:9/graphql gave no answer to "page": The API host refused the connection')
})

t.test('a payload that does not match is not planned', async t => {
  const { sandbox, plan, folder } = await prepare(t, {})
  folder.write('mappings/publish.json', { ...mappings.publish, when: 'false' })
  const { code, out } = await plan('publish', '--json')
  t.equal(code, 1)
  t.notOk('preview' in JSON.parse(out))
  t.equal(sandbox.readLedger().entries.length, 0)
})
