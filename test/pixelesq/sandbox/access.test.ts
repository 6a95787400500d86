import { buildClientSchema, getIntrospectionQuery, type IntrospectionQuery, parse } from 'graphql'
import t from 'tap'
import { createRateLimiter, formatRetryAfter } from '../../../src/pixelesq/sandbox/rate-limit.ts'
import { call, EDITOR, OWNER, openSandbox, post, VIEWER } from '../../fixtures/call-sandbox.ts'

const create = { collectionId: 'col_products', payload: { name: 'x' } }

t.test('an absent, wrong or revoked token is answered 401', async t => {
  const sandbox = await openSandbox(t)
  t.equal((await call(sandbox, 'projects', {}, null)).status, 401)
  t.equal((await call(sandbox, 'projects', {}, 'wrong')).status, 401)
  sandbox.setToken({ name: 'editor', revoked: true })
  t.equal((await call(sandbox, 'projects')).status, 401)
  t.equal((await call(sandbox, 'projects', {}, OWNER)).status, 200)
})

t.test('a viewer may read and not write; a changed role is in force at once', async t => {
  const sandbox = await openSandbox(t)
  t.equal((await call(sandbox, 'projects', {}, VIEWER)).status, 200)
  t.equal((await call(sandbox, 'createEntry', create, VIEWER)).status, 403)
  t.equal(sandbox.readLedger().effects, 0)
  sandbox.setToken({ name: 'viewer', role: 'Editor' })
  t.equal((await call(sandbox, 'createEntry', create, VIEWER)).status, 200)
})

t.test('a document with a query and a mutation runs the one named, and a viewer gets round nothing', async t => {
  const sandbox = await openSandbox(t)
  const query =
    'query read { projects { results { id } } } mutation write { deleteEntry(entryId: "ent_pro") { success } }'
  for (let i = 0; i < 3; i += 1)
    t.same((await post(sandbox, { query, operationName: 'read' })).body?.data, {
      projects: { results: [{ id: 'prj_demo' }] },
    })
  t.equal((await post(sandbox, { query, operationName: 'write' }, VIEWER)).status, 403)
  const syntaxTree = JSON.stringify(
    parse('mutation { deleteEntry(entryId: "ent_pro") { success } }', { noLocation: true }),
  )
  t.equal((await post(sandbox, { query: syntaxTree }, VIEWER)).code, 'FORBIDDEN')
  t.equal(sandbox.readLedger().effects, 0)
  t.same((await post(sandbox, { query, operationName: 'write' })).body?.data, { deleteEntry: { success: true } })
})

t.test('introspection gives the schema of the file', async t => {
  const sandbox = await openSandbox(t)
  const query = getIntrospectionQuery()
  for (let i = 0; i < 3; i += 1) {
    const { body } = await post(sandbox, { query })
    const schema = buildClientSchema(body?.data as unknown as IntrospectionQuery)
    t.match(schema.getMutationType()?.getFields().updateEntry?.description, /^Assumed: /)
  }
})

t.test('errorsAs graphql answers 401, 403 and 429 as HTTP 200 with a code', async t => {
  const sandbox = await openSandbox(t, { errorsAs: 'graphql', rateLimit: { perMinute: 1 } })
  const answers = [
    await call(sandbox, 'projects', {}, 'wrong'),
    await call(sandbox, 'createEntry', create, VIEWER),
    await call(sandbox, 'projects', {}, VIEWER),
  ]
  t.same(
    answers.map(({ status, code }) => [status, code]),
    [
      [200, 'UNAUTHENTICATED'],
      [200, 'FORBIDDEN'],
      [200, 'TOO_MANY_REQUESTS'],
    ],
  )
  t.match(answers[2]?.headers.get('retry-after'), /^\d+$/)
})

t.test('one request over the limit per minute is answered 429 with Retry-After, per token', async t => {
  const sandbox = await openSandbox(t, { rateLimit: { perMinute: 2 } })
  await call(sandbox, 'projects')
  await call(sandbox, 'projects')
  const refused = await call(sandbox, 'createEntry', create)
  t.equal(refused.status, 429)
  const seconds = Number(refused.headers.get('retry-after'))
  t.ok(seconds >= 1 && seconds <= 60)
  t.equal((await call(sandbox, 'projects', {}, OWNER)).status, 200)
  t.equal(sandbox.readLedger().effects, 0)
})

t.test('requests over the number at once are answered 429', async t => {
  const sandbox = await openSandbox(t, { rateLimit: { concurrent: 1, retryAfter: 'none' } })
  sandbox.addFault({ kind: 'delay', ms: 200, operation: 'projects' })
  const slow = call(sandbox, 'projects')
  while (sandbox.readLedger().lastSeq === 0) await new Promise(resolve => setImmediate(resolve))
  const refused = await call(sandbox, 'entry', { entryId: 'ent_pro' })
  t.equal(refused.status, 429)
  t.equal(refused.headers.get('retry-after'), null)
  t.equal((await slow).status, 200)
  t.equal((await call(sandbox, 'projects')).status, 200)
})

t.test('no window of a minute or a day ever holds more than the limit', async t => {
  const limiter = createRateLimiter({ perMinute: 3, perDay: 5 })
  const admittedAt: number[] = []
  for (let now = 0; now < 200_000; now += 7_000) {
    if (!limiter.enter('a', now).ok) continue
    limiter.leave('a')
    admittedAt.push(now)
  }
  t.same(admittedAt, [0, 7_000, 14_000, 63_000, 70_000])
  const refused = limiter.enter('a', 200_000)
  t.same(refused, { ok: false, retryAfterMs: 86_400_000 - 200_000 })
  limiter.change({})
  t.equal(limiter.enter('a', 200_000).ok, true)
  limiter.change({ perMinute: 0 })
  t.equal(limiter.enter('a', 300_000).ok, false)
})

t.test('Retry-After is rounded up in each of its forms', async t => {
  t.equal(formatRetryAfter('seconds', 1_001, 0), '2')
  t.equal(formatRetryAfter(undefined, 1, 0), '1')
  t.equal(formatRetryAfter('date', 1_001, 0), 'Thu, 01 Jan 1970 00:00:02 GMT')
  t.equal(formatRetryAfter('none', 1_001, 0), null)
})

t.test('GraphQL errors are HTTP 200, a body without a query is 400, broken JSON is 400', async t => {
  const sandbox = await openSandbox(t)
  for (const query of ['{ nope }', '{ projects', 'query q($a: Int!) { projects { results { id } } }']) {
    const answer = await post(sandbox, { query })
    t.equal(answer.status, 200, query)
    t.equal(answer.body?.data, null)
    t.ok(answer.body?.errors?.[0]?.message)
  }
  t.equal((await post(sandbox, {})).status, 400)
  t.equal((await post(sandbox, '{"query":', EDITOR)).status, 400)
})
