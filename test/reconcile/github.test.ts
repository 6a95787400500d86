import { createPublicKey, generateKeyPairSync } from 'node:crypto'
import { jwtVerify } from 'jose/jwt/verify'
import t from 'tap'
import { API_TOKEN, reconcileVia, startReconciling } from '../fixtures/reconcile.ts'
import { answerAsGithub, type GithubAttempt, startSenderStub } from '../fixtures/start-sender-stub.ts'

const HOOK = 'repos/acme/site/hooks/7'
const ago = (minutes: number): string => new Date(Date.now() - minutes * 60_000).toISOString()
const secrets = ['env:GITHUB_WEBHOOK_SECRET']
const mappings = {
  pushed: {
    source: 'github',
    on: ['push'],
    integration: 'ci',
    action: 'publishPage',
    with: { projectId: 'prj_demo', pageId: 'pg_status' },
  },
}

t.test('what GitHub could not deliver is shown first, then recorded, and mapped like any delivery', async t => {
  const attempts: GithubAttempt[] = [
    { id: 9, guid: 'guid-redelivered', at: ago(1), status: 'OK' },
    { id: 8, guid: 'guid-ping', at: ago(2), event: 'ping' },
    { id: 7, guid: 'guid-new', at: ago(3), event: 'issues', action: 'opened', payload: { action: 'opened', n: 1 } },
    { id: 6, guid: 'guid-tried-twice', at: ago(4) },
    { id: 5, guid: 'guid-tried-twice', at: ago(5) },
    { id: 4, guid: 'guid-redelivered', at: ago(6) },
    { id: 3, guid: 'guid-fine', at: ago(7), status: 'OK' },
    { id: 2, guid: 'guid-here', at: ago(8), status: 'timed out' },
    { id: 1, guid: 'guid-old', at: ago(10_000) },
  ]
  const stub = await startSenderStub(t, answerAsGithub(attempts, HOOK, 2))
  const source = { name: 'github', scheme: 'github', secrets, reconcile: { hook: HOOK, endpoint: stub.url } }
  const bridge = await startReconciling(t, source, { mappings })
  // its answer was lost on the way: GitHub thinks that it was not delivered
  await bridge.deliver('github', '{ "spaced": "otherwise" }', { id: 'guid-here', type: 'push' })

  const dry = await reconcileVia(bridge, 'github', {})
  t.match(dry.summary, {
    dryRun: true,
    complete: true,
    stopped: null,
    attempts: 8,
    undelivered: 4,
    present: 1,
    missing: 3,
    outcomes: { missing: 3 },
  })
  t.match(
    dry.events.map(({ id, type, outcome }) => [id, type, outcome]),
    [
      ['guid-tried-twice', 'push', 'missing'],
      ['guid-new', 'issues.opened', 'missing'],
      ['guid-ping', 'ping', 'missing'],
    ],
    'oldest first',
  )
  t.equal(stub.requests.length, 5, 'pages only: no payload is fetched for a dry run')
  t.equal(bridge.rows('select seq from event').length, 1, 'nothing was recorded')

  const done = await reconcileVia(bridge, 'github', { dryRun: false, since: '3d' })
  t.match(done.summary, { dryRun: false, complete: true, missing: 3, outcomes: { recorded: 2, ignored: 1 } })
  const details = await Promise.all(done.events.map(({ eventId }) => bridge.settled(eventId!)).slice(0, 2))
  t.match(details[0], {
    fetchedFrom: stub.url,
    outcome: 'matched',
    event: { type: 'push', key: 'guid-tried-twice' },
    jobs: [{ state: 'succeeded' }],
  })
  t.match(details[1], { outcome: 'unmatched', event: { type: 'issues.opened', key: 'guid-new' } })
  const headers = details[0]!.event.headers as string[]
  t.ok(headers.includes('x-github-hook-id'))
  t.notOk(headers.includes('x-hub-signature-256'), 'a signature over other bytes is not kept')
  t.notOk(headers.includes('authorization'))
  t.notOk(headers.join().includes(API_TOKEN))

  t.match((await reconcileVia(bridge, 'github', { dryRun: false })).summary, { missing: 0, present: 4, outcomes: {} })
  t.match((await bridge.send('github', '{"later":true}', { id: 'guid-new', type: 'issues' })).body, {
    outcome: 'duplicate',
    eventId: done.events[1]!.eventId,
  })
  for (const { headers, path } of stub.requests) {
    t.match(headers, { authorization: `Bearer ${API_TOKEN}`, 'x-github-api-version': '2022-11-28' })
    t.ok(path.startsWith(`/${HOOK}/deliveries`))
  }
  t.notOk(bridge.logText().includes(API_TOKEN))
})

t.test('ids above 2^53 and numbers of the payload keep their digits', async t => {
  const list = `/${HOOK}/deliveries`
  const attempt = `{"id":123456789012345678901,"guid":"g","delivered_at":"${ago(1)}","status":"x","event":"push","action":null`
  const stub = await startSenderStub(t, ({ path }) =>
    path.startsWith(`${list}?`)
      ? { text: `[${attempt}}]` }
      : path === `${list}/123456789012345678901`
        ? { text: `${attempt},"request":{"headers":{},"payload":{"n":12345678901234567890}}}` }
        : { status: 404 },
  )
  const source = { name: 'github', scheme: 'github', secrets, reconcile: { hook: HOOK, endpoint: stub.url } }
  const bridge = await startReconciling(t, source)
  const { events } = await reconcileVia(bridge, 'github', { dryRun: false })
  const { event } = (await bridge.bridge.store.readEvent(events[0]!.eventId!))!
  t.equal(Buffer.from(event.body.bytes).toString(), '{"n":12345678901234567890}')
})

t.test(
  'an attempt whose payload is gone, is another, or is larger than the source takes is named and left',
  async t => {
    const attempts: GithubAttempt[] = ['gone', 'null', 'large', 'fine'].map((guid, id) => ({
      id: id + 1,
      guid,
      at: ago(id),
    }))
    attempts[1]!.payload = null
    attempts[2]!.payload = { x: 'x'.repeat(3_000) }
    const answer = answerAsGithub(attempts, HOOK)
    const stub = await startSenderStub(t, request =>
      request.path.endsWith('/deliveries/1') ? { status: 404 } : answer(request),
    )
    const source = { name: 'github', scheme: 'github', secrets, bodyBytes: 2_000 }
    const bridge = await startReconciling(t, { ...source, reconcile: { hook: HOOK, endpoint: stub.url } })
    const { events, summary } = await reconcileVia(bridge, 'github', { dryRun: false })
    t.match(summary, { complete: true, outcomes: { unavailable: 3, recorded: 1 } })
    const messages = Object.fromEntries(events.map(({ id, message }) => [id, message]))
    t.match(messages, {
      gone: /404/,
      null: /does not keep its payload/,
      large: /3008 bytes, and this source takes 2000/,
    })
  },
)

t.test('the hook of a GitHub App is asked with a token of the App, signed with its private key', async t => {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2_048 })
  const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
  const stub = await startSenderStub(t, answerAsGithub([{ id: 1, guid: 'g', at: ago(1) }], 'app/hook'))
  const endpoint = `${stub.url}/`
  const source = { name: 'app', scheme: 'github', secrets, reconcile: { hook: 'app', appId: '4711', endpoint } }
  const bridge = await startReconciling(t, source, { env: { API_TOKEN: pem.trim().replaceAll('\n', '\\n') } })
  t.match((await reconcileVia(bridge, 'app', { dryRun: false })).summary, { outcomes: { recorded: 1 } })
  for (const { headers } of stub.requests) {
    const token = headers.authorization!.slice('Bearer '.length)
    const { payload } = await jwtVerify(token, createPublicKey(publicKey.export({ type: 'spki', format: 'pem' })))
    t.equal(payload.iss, '4711')
    t.ok(payload.exp! - payload.iat! <= 600, 'GitHub takes none that lives longer than 10 minutes')
  }
})
