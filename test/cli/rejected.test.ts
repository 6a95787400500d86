import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { ADMIN_KEY } from '../fixtures/call-api.ts'
import { callCli } from '../fixtures/call-cli.ts'
import { callClient } from '../fixtures/call-client.ts'
import { listKept, sendRefused } from '../fixtures/send-refused.ts'
import { envText, SECRETS, startTestBridge, type TestBridge } from '../fixtures/start-test-bridge.ts'

const RIGHT = 'right-github-secret-0123456789'

const start = (t: Test): Promise<TestBridge> =>
  startTestBridge(t, { env: { BRIDGE_ADMIN_KEY: ADMIN_KEY }, config: { limits: { failedAuthPerMinute: 1_000 } } })

async function correct(t: Test, bridge: TestBridge): Promise<void> {
  bridge.folder.write('.env', envText({ ...SECRETS, BRIDGE_ADMIN_KEY: ADMIN_KEY, GITHUB_WEBHOOK_SECRET: RIGHT }))
  t.ok(await bridge.reload('test'))
}

t.test('refused deliveries are listed: how many, and those that are kept', async t => {
  const bridge = await start(t)
  t.match(await callClient(t, bridge.url, ['rejected']), { code: 0, out: 'no refused deliveries\n' })
  for (let n = 0; n < 2; n++) await sendRefused(bridge, 'github', RIGHT, { n }, { type: 'push' })
  await sendRefused(bridge, 'zapier', 'nobody-knows-this-0123456789', { n: 2 }, { type: 'page.publish' })
  const [last] = await listKept(bridge, 3)
  const { code, out } = await callClient(t, bridge.url, ['rejected', '--since', '1h'])
  t.equal(code, 0)
  const lines = out.trimEnd().split('\n')
  t.match(lines[0], /^source +reason +refused +from +to$/)
  t.match(lines[1], /^github +signature_mismatch +2 +\S+Z +\S+Z$/)
  t.match(lines[2], /^zapier +credentials_mismatch +1 /)
  t.match(lines[4], /^kept +received +source +reason +method +type +bytes$/)
  t.match(lines[5], new RegExp(`^${last!.id} +\\S+Z +zapier +credentials_mismatch +POST +page.publish +7$`))
  t.equal(lines.length, 8)
  const some = await callClient(t, bridge.url, ['rejected', 'list', '--limit', '1', '--source', 'github'])
  t.match(some.out, /\nthere are more: --limit\n$/)
  t.match(JSON.parse((await callClient(t, bridge.url, ['rejected', '--reason', 'none', '--json'])).out), {
    rejected: [],
    counts: [],
  })
  t.match(await callClient(t, bridge.url, ['rejected', '--limit', '1000']), { code: 1, err: /limit: expected/ })
})

t.test('one is shown, and what a terminal would obey is spelled out', async t => {
  const bridge = await start(t)
  await sendRefused(bridge, 'github', RIGHT, '{"t":"\u001b[31m"}', { type: 'push', headers: { cookie: 'canary' } })
  const [{ id } = { id: '' }] = await listKept(bridge, 1)
  const { code, out } = await callClient(t, bridge.url, ['rejected', 'show', id])
  t.equal(code, 0)
  t.match(out, new RegExp(`^${id}  github  signature_mismatch\\n`))
  t.match(out, /\n {2}POST \/hooks\/github\n/)
  t.match(out, /\n {2}cookie: \[redacted\]\n/)
  t.notMatch(out, /\u001b|canary/)
  t.match(JSON.parse((await callClient(t, bridge.url, ['rejected', 'show', id, '--json'])).out), { id })
  t.match(await callClient(t, bridge.url, ['rejected', 'show', 'rej_1_zz']), { code: 1, err: /404 not_found/ })
})

t.test('after a secret was corrected they are retried: by filter or id, dry first', async t => {
  const bridge = await start(t)
  for (let n = 0; n < 3; n++) await sendRefused(bridge, 'github', RIGHT, { n }, { type: 'push' })
  const [last] = await listKept(bridge, 3)
  const retry = (...args: string[]) => callClient(t, bridge.url, ['rejected', 'retry', ...args])
  t.match(await retry('--source', 'github'), {
    code: 1,
    out: /signature_mismatch {2}None of the secrets of today makes its signature\n0 taken, 3 still refused\n$/,
  })
  await correct(t, bridge)
  t.match(await retry('--source', 'github', '--dry-run', '--since', '1h', '--reason', 'signature_mismatch'), {
    code: 0,
    out: /would be taken\n3 would be taken, 0 still refused\n$/,
  })
  t.match(await retry(last!.id, '--json'), { code: 0, out: /"outcome":"recorded","eventId":"evt_1_1"/ })
  t.match(await retry(last!.id), { code: 1, out: /not_found {2}No refused delivery/ })
  t.match(await retry('--source', 'github'), { code: 0, out: /^rej_1_1 {2}recorded {2}evt_1_2\n/ })
  t.match(await retry('--source', 'github'), { code: 0, out: '0 taken, 0 still refused\n' })
})

t.test('what is meant must be said', async t => {
  for (const args of [[], ['rej_1_1', '--source', 'github'], ['--reason', 'x']])
    t.match(await callClient(t, 'http://127.0.0.1:9', ['rejected', 'retry', ...args]), {
      code: 2,
      err: 'expected either ids, or --source and what narrows it down\n',
    })
})

t.test('a refused delivery is saved, and sent byte for byte', async t => {
  const bridge = await start(t)
  const body = Buffer.from('{"a" : "ä",\r\n "n":1.0}')
  await sendRefused(bridge, 'github', RIGHT, body, { type: 'push', id: 'captured' })
  await sendRefused(bridge, 'github', RIGHT, Buffer.from([0xff, 0]), { type: 'push' })
  const [binary, text] = await listKept(bridge, 2)
  const cwd = bridge.folder.path
  writeFileSync(join(cwd, '.env'), `${bridge.folder.read('.env')}BRIDGE_URL=${bridge.url}\n`)
  const file = join(cwd, 'capture.json')
  const send = (...args: string[]) =>
    callCli(t, ['send', 'github', '--capture', file, '--url', `${bridge.url}/hooks/github`, ...args], { cwd })
  const saved = await callCli(t, ['rejected', 'show', text!.id, '--save', file], { cwd })
  t.match(saved, { code: 0, out: /\nsaved as \S+capture\.json: send github --capture / })
  t.match(JSON.parse(readFileSync(file, 'utf8')), { method: 'POST', type: null, query: '', body: body.toString() })
  t.match(await send(), { code: 1, out: /^401 / })
  const signed = await send('--sign')
  t.match(signed, { code: 0, out: /^200 \{"eventId":"evt_1_1","outcome":"recorded"\}\n$/, err: '' })
  const { event } = await bridge.settled('evt_1_1')
  t.ok(body.equals(event.body.bytes))
  t.equal(event.key, 'captured', 'with the id it came with')
  await callCli(t, ['rejected', 'show', binary!.id, '--save', file, '--json'], { cwd })
  t.match(JSON.parse(readFileSync(file, 'utf8')), { bodyBase64: '/wA=' })
  await correct(t, bridge)
  t.match(await send('--json'), { code: 0, out: /^\{"status":200,"body":\{"eventId":"evt_1_2"/ })
})

t.test('an event is saved as it came, and sent again: its sender is known by the id it has', async t => {
  const bridge = await start(t)
  const id = await bridge.deliver('zapier', { n: 1 }, { type: 'page.publish', headers: { 'idempotency-key': 'k' } })
  await bridge.settled(id)
  const cwd = bridge.folder.path
  writeFileSync(join(cwd, '.env'), `${bridge.folder.read('.env')}BRIDGE_URL=${bridge.url}\n`)
  const file = join(cwd, 'event.json')
  t.equal((await callCli(t, ['events', 'show', id, '--save-capture', file], { cwd })).code, 0)
  const capture = readFileSync(file, 'utf8')
  t.notMatch(capture, /canary-zapier/)
  t.match(JSON.parse(capture), { type: 'page.publish', body: '{"n":1}' })
  const send = (...args: string[]) =>
    callCli(t, ['send', 'zapier', '--capture', file, '--url', `${bridge.url}/hooks/zapier`, ...args], { cwd })
  t.match(await send(), { code: 1, out: /^401 /, err: /credentials are struck out of this capture: --sign/ })
  t.match(await send('--sign'), { code: 0, out: /"outcome":"duplicate"/, err: '' })
})

t.test('a header that comes twice is sent twice, and a capture from elsewhere need not have it all', async t => {
  const bridge = await start(t)
  const cwd = bridge.folder.path
  const file = join(cwd, 'c.json')
  const send = async (capture: unknown, ...args: string[]) => {
    writeFileSync(file, typeof capture === 'string' ? capture : JSON.stringify(capture))
    return callCli(t, ['send', 'open', '--capture', file, '--url', `${bridge.url}/hooks/open`, ...args], { cwd })
  }
  const headers = [
    ['Content-Type', 'application/json'],
    ['X-Twice', 'a'],
    ['X-Twice', 'b'],
    ['Content-Length', '999'],
    ['Connection', 'close'],
  ]
  t.match(await send({ headers, body: '{"n":1}', type: 'a.b' }), { code: 0, out: /^200 / })
  const { event } = await bridge.settled('evt_1_1')
  t.equal(event.type, 'a.b')
  const list = event.headers as string[]
  t.same(
    list.filter((_, i) => list[i - 1] === 'x-twice'),
    ['a', 'b'],
  )
  t.match(await send({ headers: { 'content-type': 'application/json' }, body: '{"n":2}' }), { code: 0 })
  t.match(await send({ method: 'PUT', headers: {}, body: '' }), { code: 1, out: /^405 / })
  for (const [capture, err] of [
    ['{', /c\.json: expected JSON, found something else\n$/],
    [{}, /c\.json: \/headers: expected an object of headers, or a list of \[name, value\]\n$/],
    [
      { headers: {}, colour: 1 },
      /c\.json: \/: expected no other keys than method, type, query, headers, body, bodyBase64\n$/,
    ],
    [{ headers: {}, body: 'a', bodyBase64: 'YQ==' }, /expected one of body and bodyBase64, found both\n$/],
    [{ headers: {}, bodyBase64: '!' }, /\/bodyBase64: expected a text in base64\n$/],
    [{ headers: { 'a b': 'x' } }, /\/headers: expected an object of headers/],
    [{ headers: { a: 'x\r\ny: z' } }, /\/headers: expected an object of headers/],
    [{ headers: {}, method: 'A B' }, /\/method: expected a method\n$/],
    [{ headers: {}, query: 'a b' }, /\/query: expected a query without "\?"\n$/],
    [{ headers: {}, type: '../x' }, /\/type: expected an event type\n$/],
  ] as const)
    t.match(await send(capture), { code: 2, err }, JSON.stringify(capture))
  t.match(await callCli(t, ['send', 'open'], { cwd }), { code: 2, err: 'expected --payload or --capture\n' })
})
