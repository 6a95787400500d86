import { createHmac, randomBytes } from 'node:crypto'
import t, { type Test } from 'tap'
import { fingerprintToken } from '../../../src/ledger/fingerprint.ts'
import type { CaptureLine } from '../../../src/source/watch-capture.ts'
import { ADMIN_KEY, getApi, postApi, sendApi } from '../../fixtures/call-api.ts'
import { findSpellings, readDatabaseBytes } from '../../fixtures/find-secrets.ts'
import {
  type Answer,
  envText,
  post,
  SECRETS,
  startTestBridge,
  type TestBridge,
  type TestBridgeOptions,
  waitFor,
} from '../../fixtures/start-test-bridge.ts'

const OPERATOR_KEY = 'canary-operator-key-0123456789'
const env = { OPS: ADMIN_KEY, OPERATOR: OPERATOR_KEY, BRIDGE_MASTER_KEY: randomBytes(32).toString('hex') }
const admin = {
  keys: [
    { name: 'ops', role: 'admin', key: 'env:OPS' },
    { name: 'operator', role: 'operator', key: 'env:OPERATOR' },
  ],
}
const sources = {
  asana: { scheme: 'asana', capture: true },
  notion: { scheme: 'notion', capture: true },
  old: { scheme: 'asana', secrets: ['env:ACME_SECRET'] },
}
t.jobs = 3

function start(t: Test, options: TestBridgeOptions = {}): Promise<TestBridge> {
  const limits = { failedAuthPerMinute: 1_000 }
  return startTestBridge(t, { ...options, env: { ...env, ...options.env }, config: { admin, sources, limits } })
}
const newSecret = (): string => randomBytes(32).toString('hex')
const json = { 'content-type': 'application/json' }
const asana = (bridge: TestBridge, secret: string, source = 'asana', headers = {}): Promise<Answer> =>
  post(`${bridge.url}/hooks/${source}`, { ...json, 'x-hook-secret': secret, ...headers }, Buffer.from('{}'))
const notion = (bridge: TestBridge, body: unknown): Promise<Answer> =>
  post(`${bridge.url}/hooks/notion`, json, Buffer.from(JSON.stringify(body)))
function deliver(bridge: TestBridge, secret: string): Promise<Answer> {
  const body = Buffer.from(`{"events":[{"n":"${randomBytes(8).toString('hex')}"}]}`)
  const signature = createHmac('sha256', secret).update(body).digest('hex')
  return post(`${bridge.url}/hooks/asana`, { ...json, 'x-hook-signature': signature }, body)
}
const statusOf = async (answer: Promise<Answer>): Promise<number> => (await answer).status

interface Window {
  /** Waits until the window says something of this kind. */
  says<K extends CaptureLine['kind']>(kind: K): Promise<Extract<CaptureLine, { kind: K }>>
  lines: CaptureLine[]
  /** Goes away, as Ctrl-C does. */
  leave(): void
}

/** Opens a window as the command does, and waits until it is open. */
async function openWindow(t: Test, bridge: TestBridge, source: string, body: object = {}): Promise<Window> {
  const gone = new AbortController()
  t.teardown(() => gone.abort())
  const response = await fetch(`${bridge.url}/api/sources/${source}/capture`, {
    method: 'POST',
    headers: { ...json, authorization: `Bearer ${ADMIN_KEY}` },
    body: JSON.stringify(body),
    signal: gone.signal,
  })
  if (response.status !== 200) throw new Error(`${response.status} ${await response.text()}`)
  const lines: CaptureLine[] = []
  void (async () => {
    for await (const chunk of response.body!.pipeThrough(new TextDecoderStream()))
      for (const line of chunk.split('\n').filter(text => text !== '')) lines.push(JSON.parse(line))
  })().catch(() => {})
  const says: Window['says'] = kind =>
    waitFor(`the line "${kind}"`, () => lines.find(line => line.kind === kind) as never)
  await says('open')
  return { says, lines, leave: () => gone.abort() }
}

t.test('the secret of Asana is taken over once, echoed, and in force when it is answered', async t => {
  const bridge = await start(t)
  const secret = newSecret()
  t.equal(await statusOf(asana(bridge, secret)), 401, 'nobody waits for it')
  const window = await openWindow(t, bridge, 'asana')
  const answer = await asana(bridge, secret)
  t.equal(answer.status, 200)
  t.equal(answer.headers.get('x-hook-secret'), secret)
  t.equal(answer.text, '')
  t.equal(await statusOf(deliver(bridge, secret)), 200)
  t.match(await window.says('captured'), { fingerprint: fingerprintToken(secret), inForce: true, secret: null })

  t.equal(await statusOf(asana(bridge, newSecret())), 401, 'another one')
  t.equal(await statusOf(asana(bridge, secret)), 200, 'the same once more, because its answer was lost')
  t.equal(await statusOf(deliver(bridge, secret)), 200, 'it is still the one that counts')
  t.equal(await statusOf(deliver(bridge, newSecret())), 401)
  t.match((await getApi(bridge, 'secrets')).body, {
    secrets: [{ name: 'source:asana', fingerprint: fingerprintToken(secret), inUse: false }],
  })
  const kinds = bridge.rows<{ outcome: string }>("select source from event where source = 'asana'")
  t.equal(kinds.length, 2, 'the set-up request is no event')
  const accounted = `select actor, action, source, target, detail from audit_entry where source = 'asana' order by seq`
  t.strictSame(bridge.rows(accounted).slice(0, 2), [
    {
      actor: 'admin:ops',
      action: 'source.capture_opened',
      source: 'asana',
      target: null,
      detail: JSON.stringify({ minutes: 10, replaces: null }),
    },
    {
      actor: 'bridge',
      action: 'secret.captured',
      source: 'asana',
      target: 'source:asana',
      detail: JSON.stringify({ fingerprint: fingerprintToken(secret), replaced: null }),
    },
  ])
})

t.test('a captured secret is there after a restart', async t => {
  const bridge = await start(t)
  const secret = newSecret()
  const window = await openWindow(t, bridge, 'asana')
  await asana(bridge, secret)
  await window.says('captured')
  await bridge.stop()
  const again = await start(t, { folder: bridge.folder })
  t.strictSame([await statusOf(deliver(again, secret)), await statusOf(asana(again, newSecret()))], [200, 401])
})

t.test('the token of Notion is taken over and shown, once, to who opened the window', async t => {
  const bridge = await start(t)
  const token = `secret_${randomBytes(24).toString('base64url')}`
  const window = await openWindow(t, bridge, 'notion', { minutes: 1 })
  const answer = await notion(bridge, { verification_token: token })
  t.match(answer, { status: 200, text: '' })
  t.match(await window.says('captured'), { fingerprint: fingerprintToken(token), secret: token })
  const body = Buffer.from('{"id":"n1","type":"page.created"}')
  const signature = `sha256=${createHmac('sha256', token).update(body).digest('hex')}`
  t.equal(await statusOf(post(`${bridge.url}/hooks/notion`, { ...json, 'x-notion-signature': signature }, body)), 200)
  t.equal(await statusOf(notion(bridge, { verification_token: `${token}x` })), 401)
})

t.test('only what is such a request is taken over', async t => {
  const bridge = await start(t)
  await openWindow(t, bridge, 'asana')
  await openWindow(t, bridge, 'notion')
  const secret = newSecret()
  for (const [what, status] of [
    ['with a signature too', statusOf(asana(bridge, secret, 'asana', { 'x-hook-signature': secret }))],
    ['too short to be a secret', statusOf(asana(bridge, 'short'))],
    ['too long', statusOf(asana(bridge, 'x'.repeat(257)))],
    ['markup', statusOf(asana(bridge, '<script>alert(1)</script>'))],
    ['white space', statusOf(asana(bridge, 'a secret with white space in it'))],
    ['no text', statusOf(notion(bridge, { verification_token: [secret] }))],
    ['an event', statusOf(notion(bridge, { verification_token: secret, id: 'n1' }))],
    ['an event of a type', statusOf(notion(bridge, { verification_token: secret, type: 'page.created' }))],
    ['another place', statusOf(notion(bridge, { data: { verification_token: secret } }))],
    ['too large', statusOf(notion(bridge, { verification_token: secret, x: 'x'.repeat(20_000) }))],
    ['a source with a secret of its own', statusOf(asana(bridge, secret, 'old'))],
  ] as const)
    t.equal(await status, 401, what)
  const headers = { ...json, 'x-hook-secret': secret }
  const twice = await fetch(`${bridge.url}/hooks/asana`, {
    method: 'POST',
    headers: [...Object.entries(headers), ['x-hook-secret', newSecret()]],
    body: '{}',
  })
  t.equal(twice.status, 401, 'two of them')
  t.same((await getApi(bridge, 'secrets')).body, { secrets: [] })
  t.equal(await statusOf(asana(bridge, secret)), 200, 'the windows are still open')
})

t.test('of many that come at once, one secret counts', async t => {
  const bridge = await start(t)
  const window = await openWindow(t, bridge, 'asana')
  const secrets = Array.from({ length: 20 }, newSecret)
  const statuses = await Promise.all(secrets.map(secret => statusOf(asana(bridge, secret))))
  const taken = secrets.filter((_, n) => statuses[n] === 200)
  t.equal(taken.length, 1)
  t.equal(statuses.filter(status => status === 401).length, 19)
  t.match(await window.says('captured'), { fingerprint: fingerprintToken(taken[0]!) })
  t.equal(await statusOf(deliver(bridge, taken[0]!)), 200)
})

t.test('a secret that is there is replaced only where that was asked for', async t => {
  const bridge = await start(t)
  const [first, second] = [newSecret(), newSecret()]
  await openWindow(t, bridge, 'asana')
  await asana(bridge, first)
  t.match(await postApi(bridge, 'sources/asana/capture', {}), {
    status: 409,
    body: { error: { code: 'secret_exists' } },
  })
  const window = await openWindow(t, bridge, 'asana', { replace: true })
  t.equal(await statusOf(asana(bridge, first)), 200, 'the one that is there is no other one')
  t.equal(await statusOf(deliver(bridge, first)), 200)
  t.equal(await statusOf(asana(bridge, second)), 200)
  t.match(await window.says('captured'), { fingerprint: fingerprintToken(second) })
  t.strictSame([await statusOf(deliver(bridge, first)), await statusOf(deliver(bridge, second))], [401, 200])

  t.match(await sendApi(bridge, 'DELETE', 'secrets/source:asana'), { status: 200, body: { inForce: true } })
  t.strictSame(
    [await statusOf(deliver(bridge, second)), await statusOf(asana(bridge, second))],
    [401, 401],
    'forgotten',
  )
  const ready = (await (await fetch(`${bridge.url}/health/ready`)).json()) as { warnings: string[] }
  t.ok(ready.warnings.includes('source "asana" has no secret yet: pixelesq-bridge sources capture asana'))
})

t.test('a window ends when the person goes away, and when the bridge stops', async t => {
  const bridge = await start(t)
  const window = await openWindow(t, bridge, 'asana')
  t.match(await postApi(bridge, 'sources/asana/capture', {}), { status: 409, body: { error: { code: 'busy' } } })
  window.leave()
  await waitFor('the window to be closed', () => bridge.bridge.captures.find('asana') === null)
  t.equal(await statusOf(asana(bridge, newSecret())), 401)
  const other = await openWindow(t, bridge, 'asana')
  await bridge.stop()
  t.match(other.lines.at(-1), { kind: 'closed' })
})

t.test('who may open a window, and where', async t => {
  const bridge = await start(t)
  const ask = (source: string, body: unknown = {}, key = ADMIN_KEY) =>
    postApi(bridge, `sources/${source}/capture`, body, { authorization: `Bearer ${key}` })
  t.match(await ask('asana', {}, OPERATOR_KEY), { status: 403 })
  t.match(await ask('nobody'), { status: 404 })
  t.match(await ask('old'), { status: 400, body: { error: { message: /does not have "capture": true/ } } })
  for (const body of [{ minutes: 0 }, { minutes: 61 }, { minutes: '5' }, { replace: 1 }, { x: 1 }])
    t.equal((await ask('asana', body)).status, 400, JSON.stringify(body))
  bridge.folder.write('mappings/broken.json', '{')
  await bridge.reload('test')
  t.match(
    await ask('asana'),
    { status: 409, body: { error: { code: 'files_differ' } } },
    'it could not come into force',
  )
  t.equal(bridge.bridge.captures.find('asana'), null)
})

t.test('where the store cannot keep it, the sender is told to come again, and the window stays open', async t => {
  const bridge = await start(t)
  const window = await openWindow(t, bridge, 'asana')
  const { default: Database } = await import('better-sqlite3')
  const other = new Database(bridge.databaseFile)
  other.exec('begin immediate')
  const secret = newSecret()
  t.equal(await statusOf(asana(bridge, secret)), 503)
  other.exec('rollback')
  other.close()
  t.equal(await statusOf(asana(bridge, secret)), 200)
  t.match(await window.says('captured'), { fingerprint: fingerprintToken(secret) })
})

t.test('a source that captures does not start without the master key', async t => {
  const bridge = await start(t)
  await bridge.stop()
  const { BRIDGE_MASTER_KEY: _, ...without } = { ...SECRETS, ...env }
  bridge.folder.write('.env', envText(without))
  await t.rejects(start(t, { folder: bridge.folder }), {
    code: 'config_invalid',
    message:
      /\/sources\/asana\/capture: expected BRIDGE_MASTER_KEY in the environment of the service: .*, found nothing/,
  })
})

t.test('canaries: a secret that was handed out, taken over or refused, is nowhere', async t => {
  const bridge = await start(t)
  const [early, taken, late, inOld] = [newSecret(), newSecret(), newSecret(), newSecret()]
  const [earlyToken, lateToken] = ['early', 'later'].map(text => `secret_${text}_${newSecret()}`)
  await asana(bridge, early)
  await notion(bridge, { verification_token: earlyToken })
  await asana(bridge, inOld, 'old')
  await openWindow(t, bridge, 'asana')
  await asana(bridge, taken)
  await deliver(bridge, taken)
  await asana(bridge, late)
  await notion(bridge, { verification_token: lateToken })
  const answers = await Promise.all(
    ['secrets', 'sources', 'events', 'stats'].map(async path => (await getApi(bridge, path)).text),
  )
  await waitFor('the refused ones', () => bridge.rows('select 1 from rejected_sample').length === 5)
  const reasons = bridge.rows(
    'select source, reason, sum(count) as n from rejected_delivery group by 1, 2 order by 1, 2',
  )
  t.strictSame(reasons, [
    { source: 'asana', reason: 'capture_closed', n: 2 },
    { source: 'notion', reason: 'capture_closed', n: 2 },
    { source: 'old', reason: 'signature_missing', n: 1 },
  ])
  const whileItRuns = readDatabaseBytes(bridge.databaseFile)
  await bridge.stop()
  const places = [whileItRuns, readDatabaseBytes(bridge.databaseFile), bridge.logText(), answers.join('\n')]
  for (const [n, place] of places.entries())
    for (const secret of [early, taken, late, inOld, earlyToken!, lateToken!])
      t.same(findSpellings(place, secret), [], `place ${n}`)
  t.match(bridge.logText(), 'a window for the secret of a source is open')
})
