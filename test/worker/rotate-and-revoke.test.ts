import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { fingerprintToken } from '../../src/ledger/fingerprint.ts'
import { ADMIN_KEY, getApi, postApi } from '../fixtures/call-api.ts'
import { EDITOR, VIEWER } from '../fixtures/call-sandbox.ts'
import { envText, SECRETS, type TestBridge, type TestBridgeOptions, waitFor } from '../fixtures/start-test-bridge.ts'
import { emit, INTEGRATION, LIMITS, requestsOf, startWorkerBridge } from '../fixtures/start-worker-bridge.ts'

/** Tokens that are replaced or stopped while jobs run, through a whole bridge against the sandbox. */

// each has a bridge of its own
t.jobs = 4

const NEW_TOKEN = 'sandbox-rotated-token-0002'
const NEW = fingerprintToken(NEW_TOKEN)
const OLD = fingerprintToken(EDITOR)
/** In force within this (semantics.md 5), in ms. */
const REVOKED_WITHIN_MS = 1_000

interface Shown {
  integrations: {
    name: string
    tokens: { fingerprint: string; state: string; warnings: string[]; writes: object[] }[]
  }[]
}

/** A bridge whose token stands in a file, which is not watched: `rotate` is what reads it again. */
async function start(
  t: Test,
  options: TestBridgeOptions = {},
): Promise<TestBridge & { setToken(token: string): void }> {
  const { integrations = {}, ...config } = options.config ?? {}
  const bridge = await startWorkerBridge(t, {
    ...options,
    env: { OPS_KEY: ADMIN_KEY },
    config: {
      admin: { keys: [{ name: 'ops', role: 'operator', key: 'env:OPS_KEY' }] },
      integrations: { ci: INTEGRATION, ...(integrations as object) },
      limits: LIMITS,
      ...config,
    },
  })
  const setToken = (token: string): void => writeFileSync(join(bridge.folder.path, 'token.txt'), `${token}\n`)
  setToken(EDITOR)
  const file = JSON.parse(bridge.folder.read('bridge.json'))
  file.integrations.ci.token = 'file:token.txt'
  bridge.folder.write('bridge.json', file)
  await waitFor('the token file to be in force', () =>
    bridge.bridge.live.setup.config.integrations.get('ci')?.tokenReference.startsWith('file:'),
  )
  return { ...bridge, setToken }
}
const act = (bridge: TestBridge, name: string, body: object = {}) => postApi(bridge, `integrations/ci/${name}`, body)
const auditOf = (bridge: TestBridge, action: string) =>
  bridge.rows('select actor, integration, target, detail from audit_entry where action = ? order by seq', action)

t.test('rotated under load, no job fails, and every request after the answer carries the new token', async t => {
  const bridge = await start(t)
  bridge.sandbox.setToken({ name: 'rotated', token: NEW_TOKEN, role: 'Editor' })
  bridge.sandbox.addFault({ kind: 'delay', ms: 20, times: 1_000 })
  const ids: string[] = []
  const send = async (count: number) => {
    for (let n = 0; n < count; n++)
      ids.push(await emit(bridge, 'create', { name: `n ${ids.length}`, slug: `rotated-${ids.length}` }))
  }
  await send(25)
  bridge.setToken(NEW_TOKEN)
  const [answer] = await Promise.all([act(bridge, 'rotate'), send(25)])
  t.match(answer, { status: 200, body: { name: 'ci', fingerprint: NEW, state: 'active' } })
  const answeredAt = Date.now()
  await new Promise(resolve => setTimeout(resolve, 100))
  await send(10)
  for (const id of ids) t.match(await bridge.job(id), { state: 'succeeded', attempts: 0 })
  const late = requestsOf(bridge).filter(entry => entry.receivedAt > answeredAt + 50)
  t.ok(late.length >= 10)
  t.strictSame([...new Set(late.map(entry => entry.tokenName))], ['rotated'])
  const { body } = await getApi<Shown>(bridge, 'integrations')
  const tokens = body.integrations[0]!.tokens
  t.match(tokens, [
    { fingerprint: NEW, state: 'active' },
    { fingerprint: OLD, state: 'retired' },
  ])
  const applied = requestsOf(bridge, 'createEntry').filter(entry => entry.applied).length
  const counted = tokens
    .flatMap(({ writes }) => writes as { writes: number }[])
    .reduce((sum, { writes }) => sum + writes, 0)
  t.equal(counted, applied, 'every write is counted, for one of the two')
  t.match(auditOf(bridge, 'token.rotated'), [
    { actor: 'admin:ops', integration: 'ci', target: NEW, detail: JSON.stringify({ from: OLD }) },
  ])
  t.notMatch(bridge.logText(), NEW_TOKEN)

  const jobs = await getApi<{ jobs: { id: string }[] }>(bridge, `jobs?token=${OLD}&limit=200`)
  const others = await getApi<{ jobs: { id: string }[] }>(bridge, `jobs?token=${NEW}&limit=200`)
  t.ok(jobs.body.jobs.length > 0 && others.body.jobs.length > 0)
  t.ok(jobs.body.jobs.length + others.body.jobs.length >= ids.length, 'each job is found by a token it was sent with')
})

t.test('a token that the API refuses, may not write or cannot be read does not come into force', async t => {
  const bridge = await start(t)
  for (const [token, code, message] of [
    ['a-token-that-nobody-knows-01', 'token_not_accepted', /is not accepted.*The old token stays in force/],
    [VIEWER, 'token_not_accepted', /may read, but not write/],
    ['short', 'token_unreadable', /expected a secret of at least 16 bytes in file:token.txt, found 5 bytes: the old/],
  ] as const) {
    bridge.setToken(token)
    const answer = await act(bridge, 'rotate')
    t.equal(answer.status, 409)
    t.match(answer.body.error, { code, message })
    t.notMatch(answer.text, token)
    t.equal((await bridge.job(await emit(bridge, 'read', { n: code }))).state, 'succeeded')
  }
  t.match(await bridge.bridge.store.readIntegrations(), [{ token: OLD, state: 'active' }])
  bridge.setToken(EDITOR)
  const same = await act(bridge, 'rotate')
  t.match(same, { status: 200, body: { fingerprint: OLD, message: /in force already/ } })
  t.equal((await postApi(bridge, 'integrations/nobody/rotate', {})).status, 404)
  t.strictSame(auditOf(bridge, 'token.rotated'), [])
})

t.test('where the API cannot be asked, a rotation is refused and the old token stays', async t => {
  const bridge = await start(t)
  bridge.setToken(NEW_TOKEN)
  bridge.sandbox.addFault({ kind: 'status', status: 503, times: 10 })
  t.match(await act(bridge, 'rotate'), { status: 409, body: { error: { code: 'token_not_accepted' } } })
  t.equal(bridge.bridge.live.setup.config.integrations.get('ci')?.token, EDITOR)
})

t.test(
  'a reload goes the same way: a refused token leaves the last good setup, an accepted one is rotated',
  async t => {
    const bridge = await startWorkerBridge(t)
    bridge.folder.write('.env', envText({ ...SECRETS, PIXELESQ_TOKEN: 'a-token-that-nobody-knows-01' }))
    await waitFor('the refusal', () => bridge.bridge.live.problems.length > 0)
    t.match(bridge.bridge.live.problems, [
      { pointer: '/integrations/ci/token', found: /one that it does not: the token is not accepted/ },
    ])
    t.equal((await bridge.job(await emit(bridge, 'read', { n: '1' }))).state, 'succeeded')
    bridge.sandbox.setToken({ name: 'rotated', token: NEW_TOKEN, role: 'Editor' })
    bridge.folder.write('.env', envText({ ...SECRETS, PIXELESQ_TOKEN: NEW_TOKEN }))
    await waitFor('the new token', () => bridge.bridge.live.setup.config.integrations.get('ci')?.token === NEW_TOKEN)
    t.strictSame(bridge.bridge.live.problems, [])
    t.match(auditOf(bridge, 'token.rotated'), [{ actor: 'bridge', target: NEW }])
  },
)

t.test('revoked under load, no request carries the token a second later, and nothing is lost', async t => {
  const bridge = await start(t)
  bridge.sandbox.addFault({ kind: 'delay', ms: 300, times: 1_000 })
  const ids = await Promise.all(
    Array.from({ length: 40 }, (_, n) => emit(bridge, n % 2 === 0 ? 'create' : 'set', PAYLOADS(n))),
  )
  await waitFor('requests under way', () => requestsOf(bridge).length >= 6)
  const revokedAt = Date.now()
  t.match(await act(bridge, 'revoke'), { status: 200, body: { name: 'ci', fingerprint: OLD, state: 'revoked' } })
  await new Promise(resolve => setTimeout(resolve, REVOKED_WITHIN_MS + 500))
  const late = requestsOf(bridge).filter(({ receivedAt }) => receivedAt > revokedAt + REVOKED_WITHIN_MS)
  t.equal(late.length, 0)
  const { body } = await getApi<{ jobs: { state: string; waitsFor: string | null }[] }>(bridge, 'jobs?limit=200')
  t.equal(body.jobs.length, ids.length)
  t.ok(
    body.jobs.every(({ state }) => ['succeeded', 'queued', 'in_doubt'].includes(state)),
    'no job died of it',
  )
  for (const { state, waitsFor } of body.jobs) if (state === 'queued') t.equal(waitsFor, 'token_revoked')

  // the same token again, a reload and a restart do not bring it back
  t.match(await act(bridge, 'rotate'), {
    status: 409,
    body: {
      error: { code: 'token_not_accepted', message: /in force already.*, but it was revoked for good: put another/ },
    },
  })
  await bridge.reload('test')
  t.match(await bridge.bridge.store.readIntegrations(), [{ state: 'revoked' }])
  t.match((await getApi<Shown>(bridge, 'integrations')).body.integrations[0]!.tokens, [{ warnings: ['revoked'] }])
  t.match(JSON.parse((await bridge.app.inject({ url: '/health/ready' })).body), {
    status: 'ready',
    warnings: [/./, 'integration "ci": its token is revoked'],
  })
  const before = requestsOf(bridge).length
  await new Promise(resolve => setTimeout(resolve, 300))
  t.equal(requestsOf(bridge).length, before)

  bridge.sandbox.clearFaults()
  bridge.sandbox.setToken({ name: 'rotated', token: NEW_TOKEN, role: 'Editor' })
  bridge.setToken(NEW_TOKEN)
  t.equal((await act(bridge, 'rotate')).status, 200)
  for (const id of ids) t.match(await bridge.job(id), { state: 'succeeded', reason: null })
  const created = requestsOf(bridge, 'createEntry').filter(({ applied }) => applied)
  t.equal(created.length, 20, 'each entry was made once')
  t.match(auditOf(bridge, 'token.revoked'), [{ actor: 'admin:ops', integration: 'ci', target: OLD, detail: null }])
})

function PAYLOADS(n: number): object {
  // one order key: each of several at once would find the entry in another version than it read
  return n % 2 === 0 ? { name: `n ${n}`, slug: `revoked-${n}` } : { key: 'k', entry: 'ent_free', price: n }
}

t.test('an attempt that a revocation ended costs the job none of its own', async t => {
  const bridge = await start(t, { config: { limits: { ...LIMITS, attempts: 1 } } })
  bridge.sandbox.addFault({ kind: 'delay', ms: 800 })
  const id = await emit(bridge, 'read', { n: '1' })
  await waitFor('the request', () => requestsOf(bridge).length === 1)
  await act(bridge, 'revoke')
  const { jobs } = await bridge.settled(id, ({ jobs }) => jobs[0]?.state === 'queued')
  t.match(jobs, [{ state: 'queued', attempts: 0, reason: 'token_revoked', history: [{ outcome: 'unknown' }] }])
})

t.test('a token is revoked in every integration that has it', async t => {
  const bridge = await start(t, { config: { integrations: { shop: { ...INTEGRATION } } } })
  const { body } = await getApi<Shown>(bridge, 'integrations')
  for (const { tokens } of body.integrations) t.match(tokens[0], { warnings: ['shared'] })
  t.match(await act(bridge, 'revoke'), { body: { message: /also for shop/ } })
  t.match(await bridge.bridge.store.readIntegrations(), [{ state: 'revoked' }, { state: 'revoked' }])
  t.match(await postApi(bridge, 'integrations/shop/revoke', {}), { status: 200, body: { message: /before/ } })
  t.equal((await act(bridge, 'revoke', { token: '0123456789abcdef' })).status, 404)
  t.equal((await act(bridge, 'revoke', { token: 'x' })).status, 400)
})
