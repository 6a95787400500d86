import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import t from 'tap'
import { loadSetup } from '../../../src/setup/load-setup.ts'
import { keySetOf, makeIssuer, makeToken } from '../../fixtures/make-token.ts'
import { post, SECRETS, startTestBridge } from '../../fixtures/start-test-bridge.ts'

const issuer = makeIssuer('key-1')
const keys = { status: 500, asked: 0 }
const server = createServer((_, response) => {
  keys.asked++
  response.writeHead(keys.status)
  response.end(keySetOf(issuer))
})
await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
t.teardown(() => {
  server.closeAllConnections()
  server.close()
})
const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`

const github = { scheme: 'github-actions', audience: 'bridge', claims: { repository_id: '1' } }
const file = { ...github, jwks: 'file:keys.json' }
const SOURCES = {
  away: { ...github, jwks: `${base}/away` },
  actions: { ...github, jwks: `${base}/keys` },
  once: { ...github, jwks: `${base}/keys`, oneTime: true },
  bound: { ...github, jwks: `${base}/keys`, bodyClaim: 'aud' },
  either: {
    scheme: {
      anyOf: [
        { scheme: 'azure-event-grid', secrets: ['env:ZAPIER_TOKEN'] },
        { ...github, jwks: `${base}/keys` },
      ],
    },
  },
  netlify: { scheme: 'netlify', secrets: ['env:ACME_SECRET'] },
}
const bridge = await startTestBridge(t, { config: { sources: SOURCES, limits: { failedAuthPerMinute: 10_000 } } })

function tokenFor(claims: object = {}, kid = 'key-1'): string {
  const now = Math.floor(Date.now() / 1_000)
  const times = { iat: now, exp: now + 300 }
  const iss = 'https://token.actions.githubusercontent.com'
  return makeToken(
    { ...issuer, kid },
    { iss, aud: 'bridge', repository_id: '1', jti: `${Math.random()}`, ...times, ...claims },
  )
}
const call = (source: keyof typeof SOURCES, token: string, body = '{}', headers: Record<string, string> = {}) =>
  post(
    `${bridge.url}/hooks/${source}/deploy`,
    { authorization: `Bearer ${token}`, 'content-type': 'application/json', ...headers },
    Buffer.from(body),
  )
const events = (): number => bridge.rows<{ n: number }>('select count(*) as n from event')[0]!.n

t.test(
  'T034 while the keys cannot be fetched the answer is 503, and nothing is counted against the sender',
  async t => {
    for (let i = 0; i < 5; i++) {
      const answer = await call('away', tokenFor())
      t.match(answer, { status: 503, body: { error: { code: 'keys_unavailable' } } })
      t.equal(answer.headers.get('retry-after'), '30')
    }
    t.equal(keys.asked, 1, 'asked once in a cool-down')
    t.equal(events(), 0)
    keys.status = 200
    t.ok(bridge.log().some(({ reason }) => reason === 'keys_unavailable'))
  },
)

t.test('a token of the issuer is taken, and every other is 401 with the same answer', async t => {
  t.match(await call('actions', tokenFor()), { status: 200, body: { outcome: 'recorded' } })
  const answers = [
    await call('actions', tokenFor({ aud: 'other' })),
    await call('actions', tokenFor({ repository_id: '2' })),
    await call('actions', tokenFor({ exp: 1 })),
    await call('actions', tokenFor({}, 'key-2')),
    await call('actions', makeToken({ ...makeIssuer('key-1') }, { aud: 'bridge' })),
    await call('actions', 'x'),
  ]
  for (const { status, body } of answers) {
    t.equal(status, 401)
    t.equal(body.error!.message, 'The delivery is not authentic')
  }
})

t.test('T030 unknown key ids over HTTP make for no more fetches, and a reload for none', async t => {
  const before = keys.asked
  await Promise.all(Array.from({ length: 40 }, (_, n) => call('actions', tokenFor({}, `kid-${n}`))))
  t.equal(keys.asked, before)
  bridge.folder.write('bridge.json', JSON.parse(bridge.folder.read('bridge.json')))
  t.ok(await bridge.reload('test'))
  t.match(await call('actions', tokenFor()), { status: 200 })
  t.equal(keys.asked, before)
})

t.test('a token that counts once: again is a duplicate, another body is refused and does nothing', async t => {
  const token = tokenFor()
  const first = await call('once', token, '{"a":1}')
  t.match(first, { status: 200, body: { outcome: 'recorded' } })
  t.match(await call('once', token, '{"a":1}'), {
    status: 200,
    body: { outcome: 'duplicate', eventId: first.body.eventId! },
  })
  t.match(await call('once', token, '{"a":2}', { 'idempotency-key': 'other' }), {
    status: 422,
    body: { outcome: 'id_conflict' },
  })
  t.match(await call('once', tokenFor(), '{"a":1}'), { status: 200, body: { outcome: 'recorded' } })
})

t.test('a token whose audience holds the hash of the body is good for that body only', async t => {
  const body = '{"a":1}'
  const { createHash } = await import('node:crypto')
  const token = tokenFor({ aud: `bridge#sha256=${createHash('sha256').update(body).digest('hex')}` })
  t.match(await call('bound', token, body), { status: 200 })
  t.match(await call('bound', token, '{"a":2}'), { status: 401 })
  t.match(await call('bound', tokenFor(), body), { status: 401 })
})

t.test('a token may be one of several proofs, and answers a URL check too', async t => {
  t.match(await call('either', tokenFor(), '[{"id":"1","eventType":"t"}]'), {
    status: 200,
    body: { outcome: 'recorded' },
  })
  t.match(await call('either', SECRETS.ZAPIER_TOKEN, '[{"id":"2","eventType":"t"}]'), { status: 200 })
  t.match(await call('either', tokenFor({ repository_id: '2' })), { status: 401 })
  const check = '[{"id":"3","eventType":"t","data":{"validationCode":"512d38b6"}}]'
  const headers = { 'aeg-event-type': 'SubscriptionValidation' }
  const before = events()
  t.match(await call('either', tokenFor(), check, headers), { status: 200, body: { validationResponse: '512d38b6' } })
  t.match(await call('either', tokenFor({ aud: 'x' }), check, headers), { status: 401 })
  t.equal(events(), before)
})

t.test('no token is kept or logged, wherever it stands', async t => {
  const signed = await bridge.send('netlify', { id: 1, state: 'ready' }, { type: 'deploy_created' })
  t.equal(signed.status, 200)
  const { event } = (await bridge.bridge.store.readEvent(signed.body.eventId!))!
  t.match(JSON.stringify(event.headers), '"x-webhook-signature","[redacted]"')
  t.match(event.key, '1:ready')
  t.notMatch(bridge.logText(), /eyJ[\w-]+\.eyJ/)
})

t.test('a key set in a file is read with the configuration, and must be one', async t => {
  const load = (text: string | null, source: object = file) =>
    loadSetup({
      cwd: t.testdir({
        'bridge.json': JSON.stringify({ sources: { actions: source } }),
        mappings: {},
        ...(text !== null && { 'keys.json': text }),
      }),
      env: {},
    })
  t.match(await load(keySetOf(issuer)), { ok: true })
  for (const text of [null, '', '{"keys":[]}', 'no key set at all', issuer.privatePem]) {
    const loaded = await load(text)
    t.match(loaded, { ok: false, problems: [{ pointer: '/sources/actions/jwks' }] }, String(text).slice(0, 20))
    t.notMatch(JSON.stringify(loaded), 'PRIVATE')
  }
  t.match(await load(keySetOf(issuer), { ...file, oneTime: true, idempotencyKey: '${payload.id}' }), {
    ok: false,
    problems: [{ pointer: '/sources/actions/idempotencyKey' }],
  })
  t.match(await load(null, { ...github, scheme: 'jwt', algorithm: 'RS256', issuer: 'i' }), {
    ok: false,
    problems: [{ pointer: '/sources/actions/secrets', expected: /or jwks$/ }],
  })
})

t.test('check warns of a source that anybody at the issuer may use', async t => {
  const warnings = async (source: object): Promise<unknown[]> => {
    const cwd = t.testdir({ 'bridge.json': JSON.stringify({ sources: { a: source } }), mappings: {} })
    const loaded = await loadSetup({ cwd, env: { S: 'a-shared-secret-0123456789' } })
    if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems))
    return loaded.setup.warnings
      .filter(({ code }) => code === 'claims_weak')
      .map(({ found, pointer }) => `${pointer} ${found}`)
  }
  const generic = { scheme: 'jwt', algorithm: 'RS256', issuer: 'i', audience: 'a', jwks: 'https://keys.example/' }
  t.strictSame(await warnings({ ...github, claims: { sub: 'repo:o/r:ref:refs/heads/main' } }), [
    '/sources/a/claims sub',
  ])
  t.strictSame(await warnings({ ...github, claims: { ref: 'x', repository: 'o/r' } }), [
    '/sources/a/claims ref, repository',
  ])
  t.strictSame(await warnings(github), [])
  t.strictSame(await warnings(generic), ['/sources/a/claims no claims'])
  t.strictSame(await warnings({ ...generic, claims: { sub: 'x' } }), ['/sources/a/claims sub'])
  t.strictSame(await warnings({ ...generic, claims: { sub: 'x', team: 'y' } }), [])
  const { jwks: _, ...hmac } = { ...generic, algorithm: 'HS256', secrets: ['env:S'] }
  t.strictSame(await warnings(hmac), [])
  t.strictSame(await warnings({ scheme: { anyOf: [{ scheme: 'bearer', secrets: ['env:S'] }, generic] } }), [
    '/sources/a/claims no claims',
  ])
})
