import t from 'tap'
import { triedAnswer } from '../../../src/admin/setup-answers.ts'
import { ADMIN_KEY, postApi } from '../../fixtures/call-api.ts'
import { callCli } from '../../fixtures/call-cli.ts'
import { emit, one, requestsOf, startWorkerBridge } from '../../fixtures/start-worker-bridge.ts'

const rename = one(
  'rename',
  'renameEntry',
  { entryId: 'ent_free', name: "${payload.name + headers['x-suffix']}" },
  { when: 'payload.go' },
)
const bridge = await startWorkerBridge(t, { mappings: { rename }, env: { BRIDGE_ADMIN_KEY: ADMIN_KEY } })
const tryIt = (body: object) => postApi(bridge, 'mappings/try', { mapping: 'rename', type: 'rename', ...body })

t.test('a payload is tried as by the command, and nothing is sent', async t => {
  const headers = { 'X-Suffix': '!' }
  const { status, text } = await tryIt({ payload: { go: true, name: 'x' }, headers })
  t.equal(status, 200)
  const tried = triedAnswer.parse(JSON.parse(text))
  t.match(tried, {
    type: 'rename',
    match: { matched: true },
    plan: { ok: true },
    jobs: [[{ step: 'a', operation: 'renameEntry', variables: { entryId: 'ent_free', name: 'x!' } }]],
  })
  bridge.folder.write('payload.json', { go: true, name: 'x' })
  const args = ['try', 'rename', '--payload', 'payload.json', '--type', 'rename', '--header', 'x-suffix:!', '--json']
  const { out } = await callCli(t, args, { cwd: bridge.folder.path })
  t.same(JSON.parse(out), tried)
  t.equal(requestsOf(bridge).length, 0)
  t.same(bridge.rows('select 1 from event'), [])
})

t.test('why it does not match is said', async t => {
  t.match((await tryIt({ payload: { go: false } })).body, {
    match: { matched: false, reason: 'when_false' },
    plan: null,
  })
  t.match((await tryIt({ payload: {}, type: 'other' })).body, { match: { matched: false }, jobs: [] })
})

t.test('what cannot be tried is refused, and nothing of it is repeated', async t => {
  const deep = JSON.parse(`${'['.repeat(80)}1${']'.repeat(80)}`)
  for (const [body, status, message] of [
    [{ mapping: 'nobody<b>', payload: {} }, 404, /^No mapping of this name is in force$/],
    [{ mapping: '__proto__', payload: {} }, 404, /^No mapping/],
    [{}, 400, /^payload: expected/],
    [{ payload: deep }, 400, /^the payload: /],
    [{ payload: {}, headers: { 'a\r\nb': 'x' } }, 400, /^headers: expected/],
    [{ payload: {}, headers: { a: 1 } }, 400, /^headers: expected/],
    [{ payload: {}, plan: true }, 400, /no other keys/],
  ] as const)
    t.match(await tryIt(body), { status, body: { error: { message } } }, JSON.stringify(body).slice(0, 60))
  t.equal((await tryIt({ payload: 'x'.repeat(1_100_000) })).status, 413)
  await bridge.job(await emit(bridge, 'read', { n: 'x' }), 'succeeded')
})
