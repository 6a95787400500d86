import t, { type Test } from 'tap'
import { ADMIN_KEY, postApi } from '../../fixtures/call-api.ts'
import { startTestBridge, type TestBridge } from '../../fixtures/start-test-bridge.ts'
import { type RawAnswer, talkRaw } from '../../fixtures/talk-raw.ts'

const VIEWER_KEY = 'canary-viewer-key-0123456789'
const admin = {
  keys: [
    { name: 'ops', role: 'admin', key: 'env:OPS_KEY' },
    { name: 'look', role: 'viewer', key: 'env:LOOK_KEY' },
  ],
}
const env = { OPS_KEY: ADMIN_KEY, LOOK_KEY: VIEWER_KEY }
const bridge = await startTestBridge(t, { config: { admin }, env })
const REQUEST = { since: '1h' }
const bearer = (key: string): Record<string, string> => ({ authorization: `Bearer ${key}` })

function isRefused(t: Test, { status, body, headers }: Awaited<ReturnType<typeof postApi>>, name: string): void {
  t.equal(status, 401, name)
  t.match(body.error, { code: 'unauthorized', message: 'An admin key is needed: Authorization: Bearer <key>' })
  t.match(body.error!.requestId, /./)
  t.equal(headers.get('www-authenticate'), 'Bearer')
}

t.test('without a key, with another or a malformed one, nobody is let in', async t => {
  isRefused(t, await postApi(bridge, 'rehearsals', REQUEST, {}), 'none')
  const wrong = [
    bearer('another-key-of-nobody-0123'),
    bearer(ADMIN_KEY.slice(0, -1)),
    { authorization: ADMIN_KEY },
    { authorization: `Basic ${Buffer.from(`ops:${ADMIN_KEY}`).toString('base64')}` },
    { 'x-api-key': ADMIN_KEY },
    { cookie: `key=${ADMIN_KEY}` },
  ]
  for (const headers of wrong)
    isRefused(t, await postApi(bridge, 'rehearsals', REQUEST, headers), JSON.stringify(headers))
  isRefused(t, await postApi(bridge, `rehearsals?key=${ADMIN_KEY}`, REQUEST, {}), 'in the query')
})

t.test('an API token or the secret of a source is no admin key', async t => {
  const { config } = bridge.bridge.live.setup
  isRefused(t, await postApi(bridge, 'rehearsals', REQUEST, bearer(config.integrations.get('ci')!.token)), 'token')
  isRefused(
    t,
    await postApi(bridge, 'rehearsals', REQUEST, bearer(config.sources.get('zapier')!.secrets[0]!.value)),
    'secret',
  )
})

t.test('every role may look', async t => {
  for (const key of [ADMIN_KEY, VIEWER_KEY]) {
    const answer = await postApi(bridge, 'rehearsals', REQUEST, bearer(key))
    t.equal(answer.status, 200)
    t.equal(answer.headers.get('cache-control'), 'no-store')
  }
})

t.test('two Authorization headers are none', async t => {
  const line = `authorization: Bearer ${ADMIN_KEY}\r\n`
  const ask = async (headers: string): Promise<number | undefined> => {
    const request = `POST /api/rehearsals HTTP/1.1\r\nhost: x\r\nconnection: close\r\n${headers}content-type: application/json\r\ncontent-length: 14\r\n\r\n{"since":"1h"}`
    return (await talkRaw(bridge.url, request)).answers[0]?.status
  }
  t.equal(await ask(line), 200)
  t.equal(await ask(line + line), 401)
  t.equal(await ask(`authorization: Bearer nobody-0123456789\r\n${line}`), 401)
})

t.test('a key is refused before its body is looked at', async t => {
  t.equal((await postApi(bridge, 'rehearsals', '{"since":', {})).status, 401)
  t.equal((await postApi(bridge, 'rehearsals', '{"since":')).status, 400)
})

t.test('a body that is no JSON is said to be the problem, and is not repeated', async t => {
  for (const [body, type, status, code, message] of [
    ['{"canary":', 'application/json', 400, 'invalid_request', /^body: expected JSON, found something else$/],
    ['', 'application/json', 400, 'invalid_request', /^body: expected JSON, found none; where there is nothing/],
    ['canary=1', 'application/x-www-form-urlencoded', 415, 'bad_request', /expected application\/json$/],
  ] as const) {
    const answer = await postApi(bridge, 'rehearsals', body, { ...bearer(ADMIN_KEY), 'content-type': type })
    t.equal(answer.status, status, type)
    t.match(answer.body.error, { code, message })
    t.notMatch(answer.text, 'canary')
  }
})

t.test('a path that is not there is not found, with or without a key', async t => {
  for (const headers of [{}, bearer(ADMIN_KEY)]) {
    const answer = await postApi(bridge, 'nothing', {}, headers)
    t.equal(answer.status, 404)
    t.match(answer.body.error, { code: 'not_found' })
  }
})

t.test('T087 no spelling of a path of the API leads past the key', async t => {
  const ask = (line: string, headers: readonly string[] = []): Promise<RawAnswer | undefined> => {
    const text = [line, 'Host: x', 'Connection: close', ...headers].map(part => `${part}\r\n`).join('')
    return talkRaw(bridge.url, `${text}\r\n`, { head: line.startsWith('HEAD') }).then(({ answers }) => answers[0])
  }
  const key = [`Authorization: Bearer ${ADMIN_KEY}`]
  t.equal((await ask('GET /api/events HTTP/1.1', key))?.status, 200, 'with the key it is there')
  const targets = [
    '/api/events',
    '/api/events/',
    '/api//events',
    '//api/events',
    '/api/events?key=x',
    '/api/events;x=1',
    '/api;/events',
    '/api%2Fevents',
    '/api%2fevents',
    '/%61pi/events',
    '/%2561pi/events',
    '/Api/events',
    '/API/EVENTS',
    '/api/./events',
    '/api/../api/events',
    '/api/..;/events',
    '/hooks/../api/events',
    '/hooks/..%2fapi%2fevents',
    '/health/live/../../api/events',
    '/api/events%00',
    '/api/events%20',
    '/api\\events',
    '/api/openapi.json',
    '/api/docs',
    '/api/stats',
    'http://x/api/events',
    'http://evil.example/api/events',
  ]
  for (const target of targets) {
    for (const method of ['GET', 'HEAD', 'POST', 'OPTIONS']) {
      const answer = await ask(`${method} ${target} HTTP/1.1`)
      t.ok([400, 401, 404].includes(answer?.status ?? 0), `${method} ${target}: ${answer?.status}`)
      t.notMatch(answer?.body, /"(events|items|paths)"/, `${method} ${target}`)
    }
  }
  for (const header of [
    'X-Original-URL: /health/live',
    'X-Rewrite-URL: /health/live',
    'X-HTTP-Method-Override: OPTIONS',
  ])
    t.equal((await ask('GET /api/events HTTP/1.1', [header]))?.status, 401, header)
})

t.test('T088 no path leads to a file', async t => {
  const targets = [
    '/.env',
    '/.git/config',
    '/bridge.json',
    '/data/bridge.db',
    '/package.json',
    '/src/cli.ts',
    '/index.html',
    '/console/..%2f..%2fbridge.json',
    '/console/%2e%2e/%2e%2e/.env',
    '/console/..%5c..%5cbridge.json',
    '/console/....//bridge.json',
    '/console/index.js.map',
    '/api/docs/..%2f..%2fbridge.json',
    '/health/..%2f..%2f.env',
    '/../../../../etc/passwd',
    '/%2e%2e/%2e%2e/etc/passwd',
    '/..%c0%af..%c0%afetc/passwd',
  ]
  for (const target of targets) {
    for (const headers of ['', `Authorization: Bearer ${ADMIN_KEY}\r\n`]) {
      const request = `GET ${target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n${headers}\r\n`
      const [answer] = (await talkRaw(bridge.url, request)).answers
      t.match(answer, { status: headers === '' ? /^40[14]$/ : /^404$/, body: /"error"/ }, target)
    }
  }
})

t.test('keys change with a reload, and the new set is the only one', async t => {
  const bridge = await startTestBridge(t, { config: { admin }, env })
  bridge.folder.write('.env', bridge.folder.read('.env').replace(ADMIN_KEY, 'a-new-admin-key-0123456789'))
  t.ok(await bridge.reload('test'))
  t.equal((await postApi(bridge, 'rehearsals', REQUEST)).status, 401)
  t.equal((await postApi(bridge, 'rehearsals', REQUEST, bearer('a-new-admin-key-0123456789'))).status, 200)
})

t.test('where no key is configured or made, nobody is let in', async t => {
  const bridge = await startTestBridge(t)
  for (const key of ['', ADMIN_KEY, 'undefined', 'null'])
    t.equal((await postApi(bridge, 'rehearsals', REQUEST, bearer(key))).status, 401)
})

t.test('an address with too many failures is told to wait, here and at the hooks', async t => {
  const limits = { failedAuthPerMinute: 3 }
  const bridge: TestBridge = await startTestBridge(t, { config: { admin, limits }, env })
  for (let n = 0; n < 3; n++) t.equal((await postApi(bridge, 'rehearsals', REQUEST, {})).status, 401)
  const refused = await postApi(bridge, 'rehearsals', REQUEST, {})
  t.equal(refused.status, 429)
  t.match(refused.body.error, { code: 'too_many_failures' })
  t.ok(Number(refused.headers.get('retry-after')) >= 1)
  t.equal((await postApi(bridge, 'rehearsals', REQUEST)).status, 429, 'a good key too: it could be the next guess')
})

t.test('no key is ever in a log line', async t => {
  await postApi(bridge, 'rehearsals', REQUEST, bearer(`${ADMIN_KEY}x`))
  t.notMatch(bridge.logText(), /canary-(admin|viewer)/)
  t.ok(bridge.log().some(line => line.msg === 'admin' && line.outcome === 'rejected'))
})
