import t from 'tap'
import { postApi } from '../../fixtures/call-api.ts'
import { API_TOKEN, reconcileVia, startReconciling } from '../../fixtures/reconcile.ts'
import {
  answerAsGithub,
  type SenderReply,
  type SenderRequest,
  startSenderStub,
} from '../../fixtures/start-sender-stub.ts'
import { startTestBridge, waitFor } from '../../fixtures/start-test-bridge.ts'

const HOOK = 'orgs/acme/hooks/7'
const VIEWER_KEY = 'canary-viewer-key-0123456789'
const secrets = ['env:GITHUB_WEBHOOK_SECRET']
const attempts = [1, 2, 3].map(n => ({ id: n, guid: `guid-${n}`, at: new Date(Date.now() - n * 60_000).toISOString() }))
const asGithub = answerAsGithub(attempts, HOOK)
let answer: (request: SenderRequest) => SenderReply | Promise<SenderReply> = asGithub
const stub = await startSenderStub(t, request => answer(request))
const bridge = await startReconciling(
  t,
  { name: 'github', scheme: 'github', secrets, reconcile: { hook: HOOK, endpoint: stub.url } },
  {
    config: {
      admin: {
        keys: [
          { name: 'ops', role: 'operator', key: 'env:ADMIN_KEY' },
          { name: 'look', role: 'viewer', key: 'env:LOOK_KEY' },
        ],
      },
      sources: {
        github: { scheme: 'github', secrets, reconcile: { token: 'env:API_TOKEN', hook: HOOK, endpoint: stub.url } },
        plain: { scheme: 'github', secrets },
        gone: { scheme: 'github', secrets, retired: true },
      },
    },
    env: { LOOK_KEY: VIEWER_KEY },
  },
)
t.beforeEach(() => {
  answer = asGithub
  stub.requests.length = 0
})
const events = (): unknown[] => bridge.rows('select seq from event')

t.test('only an operator may, of a source that is here and says how, with a request that is understood', async t => {
  const look = { authorization: `Bearer ${VIEWER_KEY}` }
  t.match(await postApi(bridge, 'sources/github/reconcile', {}, look), { status: 403 })
  t.match(await postApi(bridge, 'sources/github/reconcile', {}, {}), { status: 401 })
  t.match(await postApi(bridge, 'sources/nobody/reconcile', {}), {
    status: 404,
    body: { error: { code: 'not_found' } },
  })
  t.match(await postApi(bridge, 'sources/plain/reconcile', {}), {
    status: 409,
    body: { error: { code: 'not_reconcilable', message: /"reconcile" in bridge\.json/ } },
  })
  t.match(await postApi(bridge, 'sources/gone/reconcile', {}), { status: 410 })
  for (const body of [{ since: 'yesterday' }, { since: 3 }, { dryRun: 'no' }, { dry: true }])
    t.match(await postApi(bridge, 'sources/github/reconcile', body), { status: 400 }, JSON.stringify(body))
  t.equal(stub.requests.length, 0)
})

t.test('what the sender refuses ends the run with what to look at; nothing is recorded', async t => {
  const refusals: [SenderReply, object][] = [
    [{ status: 401 }, { reason: 'unauthorized', message: new RegExp(`^${stub.url}: .*token.*401`) }],
    [{ status: 403 }, { reason: 'forbidden' }],
    [{ status: 404 }, { reason: 'not_found' }],
    [{ status: 302, headers: { location: 'http://127.0.0.1:9/' } }, { reason: 'redirected' }],
    [{ status: 500 }, { reason: 'status' }],
    [{ text: '<html>' }, { reason: 'malformed' }],
    [{ json: { data: [] } }, { reason: 'malformed' }],
    [{ json: [{ id: 1 }] }, { reason: 'malformed' }],
    [
      { status: 429, headers: { 'retry-after': '3600' } },
      { reason: 'rate_limited', retryAfterSec: 3_600 },
    ],
    ['reset', { reason: 'unreachable' }],
  ]
  for (const [reply, stopped] of refusals) {
    answer = () => reply
    const { summary } = await reconcileVia(bridge, 'github', { dryRun: false })
    t.match(summary, { complete: false, stopped, missing: 0 })
  }
  t.equal(events().length, 0)
  t.notOk(bridge.logText().includes(API_TOKEN))
})

t.test('a short rate limit is waited out, with words meanwhile', async t => {
  let refused = 0
  answer = request => (refused++ < 2 ? { status: 429, headers: { 'retry-after': '1' } } : asGithub(request))
  const beganAt = performance.now()
  const { summary, answer: told } = await reconcileVia(bridge, 'github', {})
  t.match(summary, { complete: true, missing: 3 })
  t.ok(performance.now() - beganAt >= 1_900, 'no request before the sender wants one')
  t.ok(told.text.split('\n').filter(line => line.includes('"progress"')).length >= 2)
  t.equal(stub.requests.length, 3)
})

t.test('a sender that always wants us to wait is left alone after a few times', async t => {
  answer = () => ({ status: 429, headers: { 'retry-after': '0' } })
  t.match((await reconcileVia(bridge, 'github', {})).summary, { stopped: { reason: 'rate_limited' } })
  t.equal(stub.requests.length, 6)
})

t.test('a second run at once is refused; when the first one is given up, the next can begin', async t => {
  answer = () => 'hang'
  const ended = new AbortController()
  const { ADMIN_KEY } = await import('../../fixtures/call-api.ts')
  const first = fetch(`${bridge.url}/api/sources/github/reconcile`, {
    method: 'POST',
    headers: { authorization: `Bearer ${ADMIN_KEY}`, 'content-type': 'application/json' },
    body: '{}',
    signal: ended.signal,
  })
  first.catch(() => {})
  await waitFor('the first run to ask', () => stub.requests.length > 0)
  t.match(await postApi(bridge, 'sources/github/reconcile', {}), { status: 409, body: { error: { code: 'busy' } } })
  ended.abort()
  answer = asGithub
  const next = await waitFor('the next run', async () => {
    const again = await postApi(bridge, 'sources/github/reconcile', {})
    return again.status === 200 && again
  })
  t.match(next.text, /"missing":3/)
})

t.test('what was recorded before the sender went away stays, and the next run does the rest', async t => {
  answer = request => (request.path.endsWith('/deliveries/2') ? 'reset' : asGithub(request))
  const first = await reconcileVia(bridge, 'github', { dryRun: false })
  t.match(first.summary, { complete: false, stopped: { reason: 'unreachable' }, missing: 3, outcomes: { recorded: 1 } })
  t.equal(events().length, 1)
  answer = asGithub
  const second = await reconcileVia(bridge, 'github', { dryRun: false })
  t.match(second.summary, { complete: true, present: 1, missing: 2, outcomes: { recorded: 2 } })
  t.equal(events().length, 3)
})

t.test('a run does not hold up the end of the service', async t => {
  const hook = 'repos/a/b/hooks/1'
  const silent = await startSenderStub(t, () => 'hang')
  const source = { name: 'github', scheme: 'github', secrets, reconcile: { hook, endpoint: silent.url } }
  const stopping = await startReconciling(t, source)
  const told = postApi(stopping, 'sources/github/reconcile', {})
  await waitFor('it to ask', () => silent.requests.length > 0)
  const beganAt = performance.now()
  await stopping.stop()
  t.ok(performance.now() - beganAt < 10_000, 'long before the sender would have been given up')
  t.match((await told).text, /"reason":"stopping"/)
})

t.test('too many open jobs end a run as they end a delivery', async t => {
  const stopped = await startTestBridge(t, {
    config: {
      admin: { keys: [{ name: 'ops', role: 'operator', key: 'env:ADMIN_KEY' }] },
      sources: {
        github: { scheme: 'github', secrets, reconcile: { token: 'env:API_TOKEN', hook: HOOK, endpoint: stub.url } },
      },
    },
    env: { ADMIN_KEY: 'canary-admin-key-0123456789', API_TOKEN },
  })
  const { custody } = stopped.bridge
  custody.backlog = { openJobs: 5, jobsMax: 5 }
  const { summary } = await reconcileVia(stopped, 'github', { dryRun: false })
  t.match(summary, { complete: false, stopped: { reason: 'backlog_full', retryAfterSec: 30 }, outcomes: {} })
})
