import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { createLedger, LEDGER_ENTRIES_MAX } from '../../../src/pixelesq/sandbox/ledger.ts'
import { call, control, EDITOR, openSandbox } from '../../fixtures/call-sandbox.ts'

const create = { collectionId: 'col_products', payload: { name: 'Gold', slug: 'gold' } }

t.test('the state shows projects, pages, collections and entries', async t => {
  const sandbox = await openSandbox(t)
  await call(sandbox, 'createEntry', create)
  const { body } = await control(sandbox, 'GET', 'state')
  t.match(body, { projects: [{ id: 'prj_demo' }], pages: [{ id: 'pg_status' }, { id: 'pg_pricing' }] })
  t.match(body, {
    collections: [{ id: 'col_products', fields: [{ name: 'title' }] }, { id: 'col_submissions' }, { id: 'col_posts' }],
  })
  t.ok(JSON.stringify(body).includes('"slug":"gold"'))
})

t.test('the ledger shows every request with its effect, and no token', async t => {
  const sandbox = await openSandbox(t)
  const { entry } = await call(sandbox, 'createEntry', create)
  await call(sandbox, 'projects', {}, 'wrong-token-value')
  const { body } = await control(sandbox, 'GET', 'ledger')
  t.match(body, {
    lastSeq: 2,
    dropped: 0,
    effects: 1,
    entries: [
      {
        seq: 1,
        tokenName: 'editor',
        operationName: 'createEntry',
        variables: create,
        mutation: true,
        applied: true,
        effectId: 'eff_1',
        resultId: entry.id,
        resultSlug: 'gold',
        fault: null,
        status: 200,
        errorCode: null,
        inFlight: 1,
      },
      { seq: 2, tokenName: null, applied: false, status: 401, errorCode: 'UNAUTHENTICATED' },
    ],
  })
  t.notOk(JSON.stringify(body).includes(EDITOR))
  t.notOk(JSON.stringify(body).includes('wrong-token-value'))
  t.match((await control(sandbox, 'GET', 'ledger?since=1')).body, { entries: [{ seq: 2 }] })
})

t.test('a reset brings everything back to the start, or to another seed', async t => {
  const sandbox = await openSandbox(t, { rateLimit: { perMinute: 100 } })
  await call(sandbox, 'createEntry', create)
  sandbox.addFault({ kind: 'refuse' })
  sandbox.setToken({ name: 'editor', revoked: true })
  sandbox.setLimits({ perMinute: 0 })
  await control(sandbox, 'POST', 'reset', {})
  t.equal(sandbox.readLedger().lastSeq, 0)
  t.equal((await call(sandbox, 'createEntry', create)).entry.slug, 'gold')
  await control(sandbox, 'POST', 'reset', { seed: 'empty' })
  t.equal(sandbox.model.entries.size, 0)
  t.match(sandbox.readState().projects, [{ id: 'prj_demo' }])
})

t.test('tokens, limits and faults are set over the control API and never shown', async t => {
  const sandbox = await openSandbox(t)
  const added = await control(sandbox, 'POST', 'tokens', { name: 'ci', token: 'sandbox-ci-token-0001', role: 'Viewer' })
  t.same(added.body, { name: 'ci', role: 'Viewer', revoked: false })
  t.equal((await call(sandbox, 'projects', {}, 'sandbox-ci-token-0001')).status, 200)
  await control(sandbox, 'POST', 'tokens', { name: 'ci', revoked: true })
  t.equal((await call(sandbox, 'projects', {}, 'sandbox-ci-token-0001')).status, 401)
  t.notOk(JSON.stringify((await control(sandbox, 'GET', 'tokens')).body).includes('sandbox-ci-token'))

  await control(sandbox, 'POST', 'faults', { kind: 'status', status: 503 })
  t.equal((await call(sandbox, 'projects')).status, 503)
  await control(sandbox, 'POST', 'faults', [{ kind: 'forbidden' }, { kind: 'forbidden' }])
  t.match((await control(sandbox, 'GET', 'faults')).body, {
    faults: [{ kind: 'forbidden', left: 1 }, { kind: 'forbidden' }],
  })
  await control(sandbox, 'DELETE', 'faults')
  t.equal((await call(sandbox, 'projects')).status, 200)

  await control(sandbox, 'POST', 'limits', { perMinute: 1, retryAfter: 'date' })
  await call(sandbox, 'projects')
  t.match((await call(sandbox, 'projects')).headers.get('retry-after'), /GMT$/)
})

t.test('a malformed control request is answered 400 with the reason', async t => {
  const sandbox = await openSandbox(t)
  for (const [path, body] of [
    ['faults', { kind: 'nonsense' }],
    ['faults', { kind: 'redirect', url: 'no address' }],
    ['tokens', { name: 'x' }],
    ['limits', { perMinute: -1 }],
    ['reset', { seed: 'other' }],
  ] as const) {
    const answer = await control(sandbox, 'POST', path, body)
    t.equal(answer.status, 400, path)
    t.match(answer.body, { error: { code: 'bad_request', message: String } })
  }
  const unknown = await control(sandbox, 'POST', 'faults', { kind: 'nonsense' })
  t.match(unknown.body, { error: { message: /kind/ } }, 'what is wrong with a fault is said')
})

t.test('the ledger file holds one line per effect', async t => {
  const file = join(t.testdir(), 'effects.ndjson')
  const sandbox = await openSandbox(t, { ledgerFile: file })
  sandbox.addFault({ kind: 'reset-after' })
  await t.rejects(call(sandbox, 'createEntry', create))
  await call(sandbox, 'entry', { entryId: 'ent_pro' })
  await call(sandbox, 'deleteEntry', { entryId: 'ent_pro' })
  const lines = readFileSync(file, 'utf8').trimEnd().split('\n')
  t.match(
    lines.map(line => JSON.parse(line)),
    [
      { effectId: 'eff_1', mutation: 'createEntry', tokenName: 'editor', resultSlug: 'gold', variables: create },
      { effectId: 'eff_2', mutation: 'deleteEntry', resultId: 'ent_pro' },
    ],
  )
})

t.test('the ledger drops its oldest requests beyond its limit and says how many', async t => {
  const ledger = createLedger(null)
  for (let i = 0; i < LEDGER_ENTRIES_MAX + 5; i += 1) ledger.open(0, 0, 10)
  const page = ledger.read()
  t.equal(page.entries.length, LEDGER_ENTRIES_MAX)
  t.equal(page.dropped, 5)
  t.equal(page.entries[0]?.seq, 6)
  t.equal(ledger.read(LEDGER_ENTRIES_MAX + 3).entries.length, 2)
})
