import { randomBytes } from 'node:crypto'
import t, { type Test } from 'tap'
import { fingerprintToken } from '../../../src/ledger/fingerprint.ts'
import { parseMasterKey } from '../../../src/ledger/master-key.ts'
import { openSecret } from '../../../src/ledger/seal.ts'
import { ADMIN_KEY, getApi, postApi, sendApi } from '../../fixtures/call-api.ts'
import { EDITOR } from '../../fixtures/call-sandbox.ts'
import { findSpellings, readDatabaseBytes } from '../../fixtures/find-secrets.ts'
import {
  envText,
  post,
  SECRETS,
  startTestBridge,
  type TestBridge,
  type TestBridgeOptions,
  waitFor,
} from '../../fixtures/start-test-bridge.ts'
import { one } from '../../fixtures/start-worker-bridge.ts'

const MASTER = randomBytes(32).toString('hex')
const NEXT = randomBytes(32).toString('base64url')
const SEALED = 'canary-sealed-zapier-token-0123'
const OPERATOR_KEY = 'canary-operator-key-0123456789'
const env = { OPS: ADMIN_KEY, OPERATOR: OPERATOR_KEY, BRIDGE_MASTER_KEY: MASTER }
const admin = {
  keys: [
    { name: 'ops', role: 'admin', key: 'env:OPS' },
    { name: 'operator', role: 'operator', key: 'env:OPERATOR' },
  ],
}
t.jobs = 3

function start(t: Test, options: TestBridgeOptions = {}): Promise<TestBridge> {
  return startTestBridge(t, { ...options, env: { ...env, ...options.env }, config: { admin, ...options.config } })
}
/** Changes bridge.json and waits until that is in force, or refused. */
async function configure(bridge: TestBridge, change: Record<string, unknown>): Promise<boolean> {
  bridge.folder.write('bridge.json', { ...JSON.parse(bridge.folder.read('bridge.json')), ...change })
  return bridge.reload('test')
}
const set = (bridge: TestBridge, name: string, value: unknown) => sendApi(bridge, 'PUT', `secrets/${name}`, { value })
const knock = async (bridge: TestBridge, token: string): Promise<number> => {
  const headers = { 'content-type': 'application/json', authorization: `Bearer ${token}` }
  return (await post(`${bridge.url}/hooks/zapier/x`, headers, Buffer.from(`{"n":"${randomBytes(8).toString('hex')}"}`)))
    .status
}
const zapier = { zapier: { scheme: 'zapier', secrets: ['sealed:zap'] } }
const audited = (bridge: TestBridge): unknown[] =>
  bridge.rows("select actor, action, target, source from audit_entry where action like '%secret%' order by seq")

t.test('a secret that is sealed and named counts at once, and a new one from then on', async t => {
  const bridge = await start(t)
  const answer = await set(bridge, 'zap', SEALED)
  t.match(answer, {
    status: 200,
    body: { name: 'zap', fingerprint: fingerprintToken(SEALED), inForce: true, problems: [] },
  })
  t.ok(await configure(bridge, { sources: zapier }))
  t.strictSame([await knock(bridge, SEALED), await knock(bridge, SECRETS.ZAPIER_TOKEN)], [200, 401])

  const newer = 'canary-sealed-zapier-token-4567'
  t.match(await set(bridge, 'zap', newer), { status: 200, body: { inForce: true } })
  t.strictSame([await knock(bridge, SEALED), await knock(bridge, newer)], [401, 200], 'when the answer is there')
  t.strictSame(audited(bridge), [
    { actor: 'admin:ops', action: 'secret.sealed', target: 'zap', source: null },
    { actor: 'admin:ops', action: 'secret.sealed', target: 'zap', source: null },
  ])
})

t.test('the token of an integration may be sealed: its jobs are done with it', async t => {
  const rename = one('rename', 'renameEntry', { entryId: 'ent_free', name: 'x' })
  const bridge = await start(t, { mappings: { rename } })
  await set(bridge, 'ci', EDITOR)
  t.ok(await configure(bridge, { integrations: { ci: { token: 'sealed:ci' } } }))
  const job = await bridge.job(await bridge.deliver('open', { a: 1 }, { type: 'rename' }))
  t.match(job, { state: 'succeeded', history: [{ token: fingerprintToken(EDITOR) }] })
  t.match((await getApi(bridge, 'secrets')).body, {
    secrets: [{ name: 'ci', fingerprint: fingerprintToken(EDITOR), keyId: parseMasterKey(MASTER)!.id, inUse: true }],
  })
})

t.test('a start opens what is sealed; without the key, or with another, it says what is missing', async t => {
  const bridge = await start(t)
  await set(bridge, 'zap', SEALED)
  await configure(bridge, { sources: { ...zapier, github: { scheme: 'github', secrets: ['sealed:gone'] } } })
  t.match((await getApi<{ error: unknown }>(bridge, 'secrets')).status, 200, 'the last good set goes on')
  t.match(bridge.bridge.live.problems, [
    {
      pointer: '/sources/github/secrets/0',
      expected:
        'a secret sealed as "gone" (pixelesq-bridge secrets set gone; with --stopped while the service does not run)',
      found: 'none',
    },
  ])
  await configure(bridge, { sources: zapier })
  await bridge.stop()

  const again = await start(t, { folder: bridge.folder })
  t.equal(await knock(again, SEALED), 200)
  await again.stop()

  const { BRIDGE_MASTER_KEY: _, ...without } = { ...SECRETS, ...env }
  for (const [key, found] of [
    [
      undefined,
      /: expected BRIDGE_MASTER_KEY in the environment of the service: 32 random bytes .*, to open "zap", found nothing/,
    ],
    ['', /found nothing/],
    ['canary-malformed-master-key', /BRIDGE_MASTER_KEY .*, found something else/],
    [
      NEXT,
      /: expected BRIDGE_MASTER_KEY to be the key [0-9a-f]{16}, which the secrets are sealed with, to open "zap", found the key [0-9a-f]{16}/,
    ],
  ] as const) {
    bridge.folder.write('.env', envText({ ...without, ...(key !== undefined && { BRIDGE_MASTER_KEY: key }) }))
    const started = start(t, { folder: bridge.folder })
    await t.rejects(started, { code: 'config_invalid', message: found })
    const { message } = (await started.catch(error => error)) as Error
    t.match(message, /bridge\.json: \/sources\/zapier\/secrets\/0: expected/)
    for (const secret of [SEALED, MASTER, NEXT, 'canary-malformed-master-key']) t.notOk(message.includes(secret))
  }
  bridge.folder.write('bridge.json', { ...JSON.parse(bridge.folder.read('bridge.json')), sources: {} })
  const unneeded = await start(t, { folder: bridge.folder })
  t.match((await getApi(unneeded, 'secrets')).body, { secrets: [{ name: 'zap', inUse: false }] }, 'nothing needs it')
  const refused = await set(unneeded, 'other', SEALED)
  t.match(refused, {
    status: 409,
    body: {
      error: { code: 'master_key_unusable', message: /^expected BRIDGE_MASTER_KEY to be the key .*, found the key / },
    },
  })
})

t.test('a problem of the files is told before a store is opened', async t => {
  const bridge = await start(t)
  await bridge.stop()
  const file = 'data/never-made.db'
  const config = { store: `sqlite:${file}`, sources: zapier, limits: { attempts: 0 } }
  bridge.folder.write('bridge.json', { ...JSON.parse(bridge.folder.read('bridge.json')), ...config })
  await t.rejects(start(t, { folder: bridge.folder }), { code: 'config_invalid', message: /limits\/attempts/ })
  t.throws(() => bridge.folder.read(file), { code: 'ENOENT' })
})

t.test('what is sealed must fit what it is for', async t => {
  const bridge = await start(t)
  await set(bridge, 'svix', SEALED)
  t.notOk(await configure(bridge, { sources: { svix: { scheme: 'svix', secrets: ['sealed:svix'] } } }))
  t.match(bridge.bridge.live.problems, [
    { pointer: '/sources/svix/secrets/0', expected: /^a whsec_ secret .* in sealed:svix$/, found: 'something else' },
  ])
  const right = `whsec_${randomBytes(24).toString('base64')}`
  t.match(await set(bridge, 'svix', right), { body: { inForce: true } }, 'a good one puts the files in force')
  const wrong = await set(bridge, 'svix', SEALED)
  t.match(wrong, { status: 200, body: { inForce: false, problems: [/svix\/secrets\/0: expected a whsec_/] } })
  t.equal(bridge.bridge.live.setup.config.sources.get('svix')!.secrets[0]!.value, right, 'the last good one stays')
})

t.test('only reads of names, and only a whole and long enough value', async t => {
  const bridge = await start(t)
  for (const value of [
    undefined,
    '',
    'short',
    ' '.repeat(20),
    17,
    null,
    { a: SEALED },
    'x'.repeat(65_537),
    '\ud800'.repeat(20),
  ])
    t.match(await set(bridge, 'zap', value), {
      status: 400,
      body: {
        error: { code: 'invalid_request', message: 'value: expected text of 16 to 65536 bytes that is not blank' },
      },
    })
  for (const name of ['Zap', 'source:asana', '-x', 'x'.repeat(65), '%00', 'a%2Fb'])
    t.equal((await set(bridge, name, SEALED)).status, 400, name)
  t.equal((await set(bridge, 'reseal/x', SEALED)).status, 404)
  const broken = await sendApi(bridge, 'PUT', 'secrets/zap', `{"value": "${SEALED}" x`)
  t.equal(broken.status, 400)
  t.same(findSpellings(broken.text + bridge.logText(), SEALED), [], 'a body that is no JSON is not repeated')
  t.match((await getApi(bridge, 'secrets')).body, { secrets: [] })
  t.equal((await sendApi(bridge, 'PUT', 'secrets/zap', { value: SEALED }, OPERATOR_KEY)).status, 403)
  t.equal((await getApi(bridge, 'secrets', OPERATOR_KEY)).status, 403)
})

t.test('a secret that is named is not deleted; one that is not is', async t => {
  const bridge = await start(t)
  await set(bridge, 'zap', SEALED)
  await configure(bridge, { sources: zapier })
  t.match(await sendApi(bridge, 'DELETE', 'secrets/zap'), { status: 409, body: { error: { code: 'secret_in_use' } } })
  await configure(bridge, { sources: {} })
  t.match(await sendApi(bridge, 'DELETE', 'secrets/zap'), { status: 200, body: { name: 'zap', inForce: true } })
  t.match(await sendApi(bridge, 'DELETE', 'secrets/zap'), { status: 404, body: { error: { code: 'not_found' } } })
  t.strictSame(audited(bridge).at(-1), { actor: 'admin:ops', action: 'secret.deleted', target: 'zap', source: null })
})

t.test('all are sealed anew under another master key, which takes the place of the former', async t => {
  const bridge = await start(t)
  await set(bridge, 'zap', SEALED)
  await set(bridge, 'ci', EDITOR)
  t.ok(await configure(bridge, { sources: zapier, integrations: { ci: { token: 'sealed:ci' } } }))
  t.match(await postApi(bridge, 'secrets/reseal', {}), {
    status: 409,
    body: { error: { code: 'master_key_unusable', message: /^expected BRIDGE_MASTER_KEY_NEW .*, found nothing$/ } },
  })
  const withEnv = (change: object) => bridge.folder.write('.env', envText({ ...SECRETS, ...env, ...change }))
  withEnv({ BRIDGE_MASTER_KEY_NEW: MASTER })
  t.match(await postApi(bridge, 'secrets/reseal', {}), {
    status: 409,
    body: { error: { message: /another key than the one/ } },
  })

  withEnv({ BRIDGE_MASTER_KEY_NEW: NEXT })
  const keyId = parseMasterKey(NEXT)!.id
  t.match(await postApi(bridge, 'secrets/reseal', {}), { status: 200, text: JSON.stringify({ secrets: 2, keyId }) })
  const sealed = bridge.rows<{ name: string; jwe: string; key_id: string }>(
    'select name, jwe, key_id from sealed_secret',
  )
  for (const { name, jwe, key_id } of sealed) {
    t.equal(key_id, keyId)
    t.match(await openSecret(name, jwe, parseMasterKey(NEXT)!), { ok: true })
    t.match(await openSecret(name, jwe, parseMasterKey(MASTER)!), { ok: false, reason: 'other_key' })
  }
  t.ok(await bridge.reload('test'), 'both keys are there: either is found')
  t.match(await set(bridge, 'late', SEALED), { status: 200 })
  t.same(bridge.rows('select distinct key_id from sealed_secret'), [{ key_id: keyId }], 'sealed as the others are')
  t.match(bridge.rows("select * from audit_entry where action = 'secret.resealed'"), [
    { actor: 'admin:ops', target: keyId, detail: JSON.stringify({ secrets: 2, before: parseMasterKey(MASTER)!.id }) },
  ])

  withEnv({ BRIDGE_MASTER_KEY: NEXT })
  t.ok(await bridge.reload('test'))
  await bridge.stop()
  const again = await start(t, { folder: bridge.folder })
  t.equal(await knock(again, SEALED), 200)
})

t.test('where the master key is lost, what it sealed is deleted, and a new key takes over', async t => {
  const bridge = await start(t)
  await set(bridge, 'zap', SEALED)
  bridge.folder.write('.env', envText({ ...SECRETS, ...env, BRIDGE_MASTER_KEY: NEXT }))
  t.match(await set(bridge, 'other', SEALED), { status: 409, body: { error: { code: 'master_key_unusable' } } })
  t.match(await sendApi(bridge, 'DELETE', 'secrets/zap'), { status: 200 })
  t.match(await set(bridge, 'zap', SEALED), { status: 200 })
  t.same(bridge.rows('select key_id from sealed_secret'), [{ key_id: parseMasterKey(NEXT)!.id }])
})

t.test('secrets that are set while all are sealed anew are not lost', async t => {
  const bridge = await start(t, { env: { BRIDGE_MASTER_KEY_NEW: NEXT } })
  for (let n = 0; n < 5; n++) await set(bridge, `s${n}`, `${SEALED}-${n}`)
  const answers = await Promise.all([
    ...[0, 1, 2].map(n => set(bridge, `s${n}`, `${SEALED}-new-${n}`)),
    postApi(bridge, 'secrets/reseal', {}),
    ...[3, 4, 5].map(n => set(bridge, `s${n}`, `${SEALED}-new-${n}`)),
  ])
  const keys = new Set(bridge.rows<{ key_id: string }>('select key_id from sealed_secret').map(row => row.key_id))
  t.equal(keys.size, 1, 'under one key, whichever')
  for (const [n, index] of [0, 1, 2, 4, 5, 6].entries()) {
    const { status } = answers[index]!
    t.ok([200, 409].includes(status))
    const row = bridge.rows<{ jwe: string; key_id: string }>(
      'select jwe, key_id from sealed_secret where name = ?',
      `s${n}`,
    )[0]
    if (status !== 200) continue
    const key = [MASTER, NEXT].map(text => parseMasterKey(text)!).find(({ id }) => id === row?.key_id)!
    t.strictSame(await openSecret(`s${n}`, row!.jwe, key), { ok: true, value: `${SEALED}-new-${n}` })
  }
})

t.test('a sealed secret that was changed or moved in the database is not opened', async t => {
  const bridge = await start(t)
  await set(bridge, 'zap', SEALED)
  await set(bridge, 'other', 'canary-another-secret-0123456789')
  await configure(bridge, { sources: zapier })
  await bridge.stop()
  const { default: Database } = await import('better-sqlite3')
  const db = new Database(bridge.databaseFile)
  db.exec("update sealed_secret set jwe = (select jwe from sealed_secret where name = 'other') where name = 'zap'")
  db.close()
  await t.rejects(start(t, { folder: bridge.folder }), {
    code: 'config_invalid',
    message: /zapier\/secrets\/0: expected "zap" as it was sealed, found something that the master key does not open/,
  })
})

t.test('canaries: what is sealed, and the master key, are nowhere', async t => {
  const rename = one('rename', 'renameEntry', { entryId: 'ent_free', name: 'x' })
  const bridge = await start(t, { mappings: { rename }, env: { BRIDGE_MASTER_KEY_NEW: NEXT } })
  const answers: string[] = []
  const keep = <A extends { text: string }>(answer: A): A => {
    answers.push(answer.text)
    return answer
  }
  keep(await set(bridge, 'zap', SEALED))
  keep(await set(bridge, 'ci', EDITOR))
  await configure(bridge, {
    sources: { ...zapier, open: { scheme: 'none', unsigned: true } },
    integrations: { ci: { token: 'sealed:ci' } },
  })
  t.equal(await knock(bridge, SEALED), 200)
  t.equal(await knock(bridge, `${SEALED}x`), 401)
  await bridge.job(await bridge.deliver('open', { a: 1 }, { type: 'rename' }))
  keep(await set(bridge, 'zap', SEALED))
  keep(await set(bridge, 'zap', 'short'))
  keep(await postApi(bridge, 'secrets/reseal', {}))
  for (const path of ['secrets', 'integrations', 'sources', 'events', 'jobs', 'stats', 'openapi.json'])
    keep(await getApi(bridge, path))
  keep(await sendApi(bridge, 'DELETE', 'secrets/zap'))
  answers.push(await (await fetch(`${bridge.url}/health/ready`)).text())
  bridge.bridge.log.error({ err: new Error(`a library repeats ${SEALED}`) }, 'leak')
  // refused deliveries are written once a second
  await waitFor('the refused delivery', () => bridge.rows('select 1 from rejected_sample')[0])
  const whileItRuns = readDatabaseBytes(bridge.databaseFile)
  await bridge.stop()
  const places = {
    'the database while it runs': whileItRuns,
    'the database': readDatabaseBytes(bridge.databaseFile),
    'the log': Buffer.from(bridge.logText()),
    'answers of the API': Buffer.from(answers.join('\n')),
  }
  t.ok(whileItRuns.includes('sealed_secret') && answers.length > 10 && bridge.logText().includes('[redacted]'))
  const keys = [MASTER, NEXT].flatMap(text => {
    const raw = Buffer.from(text, text.length === 64 ? 'hex' : 'base64url')
    return [text, raw.toString('hex'), raw.toString('base64').slice(0, 42), raw.toString('base64url').slice(0, 42)]
  })
  for (const [place, bytes] of Object.entries(places)) {
    for (const secret of [SEALED, EDITOR, ...keys, ADMIN_KEY]) t.same(findSpellings(bytes, secret), [], place)
    for (const text of [MASTER, NEXT]) {
      const raw = Buffer.from(text, text.length === 64 ? 'hex' : 'base64url')
      t.notOk(bytes.includes(raw), `${place}: the bytes of a key`)
    }
  }
})
