import { generateKeyPairSync, sign } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { SignJWT } from 'jose'
import t from 'tap'
import { KEYS_COOL_DOWN_MS, KEYS_FRESH_MS } from '../../../src/verify/key-set.ts'
import { ADMIN_KEY, getApi, getRaw, postApi } from '../../fixtures/call-api.ts'
import { findSpellings } from '../../fixtures/find-secrets.ts'
import { keySetOf, makeHmacToken, makeIssuer } from '../../fixtures/make-token.ts'
import { runCli } from '../../fixtures/run-cli.ts'
import { AUDIENCE, claimsOf, DISCOVERY, type IssuerStub, startIssuer } from '../../fixtures/start-issuer.ts'
import { startTestBridge, type TestBridge } from '../../fixtures/start-test-bridge.ts'
import { talkRaw } from '../../fixtures/talk-raw.ts'

const DOTTED_KEY = 'canary.key-with.two-dots-0123456789'
const ROLES = ['viewer', 'operator', 'admin'] as const
/** What the issuer calls those who have each role here. */
const GROUPS = { viewer: 'lookers', operator: 'web team', admin: 'owners' }
const roles = Object.fromEntries(ROLES.map(role => [GROUPS[role], role]))

const issuer = await startIssuer(t)
const keys = [
  { name: 'ops', role: 'admin', key: 'env:OPS_KEY' },
  { name: 'dotted', role: 'viewer', key: 'env:DOTTED_KEY' },
]
const env = { OPS_KEY: ADMIN_KEY, DOTTED_KEY }
const oidc = { issuer: issuer.url, audience: AUDIENCE, roles }
const limits = { failedAuthPerMinute: 10_000 }
const bridge = await startTestBridge(t, { config: { admin: { keys, oidc }, limits }, env })

const statusOf = async (token: string, path = 'stats', of = bridge): Promise<number> =>
  (await getRaw(of, path, token)).status
const reasonOfLast = (): unknown =>
  bridge
    .log()
    .filter(({ msg }) => msg === 'admin')
    .at(-1)?.reason
const seconds = (): number => Math.floor(Date.now() / 1_000)

t.test('a token of the issuer lets a person in, by the keys that its discovery document names', async t => {
  t.equal(await statusOf(issuer.token()), 200)
  t.equal(await statusOf(issuer.token({ sub: 'ben' })), 200)
  t.strictSame(issuer.asked, [DISCOVERY, '/keys'], 'fetched once')
})

t.test('admin keys go on counting, one that looks like a token among them', async t => {
  for (const key of [ADMIN_KEY, DOTTED_KEY]) t.equal(await statusOf(key), 200)
})

t.test('each refusal is 401 with one answer, and only the log says why', async t => {
  const other = makeIssuer('key-1')
  const [head, body, proof] = issuer.token().split('.') as [string, string, string]
  const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url')
  const { exp: _, ...endless } = claimsOf(issuer.url)
  const { aud: __, ...forAnybody } = claimsOf(issuer.url)
  const at = seconds()
  const wrong: [string, string, string][] = [
    ['of another issuer', issuer.token({ iss: 'https://login.example' }), 'claims_mismatch'],
    ['of the issuer with a slash', issuer.token({ iss: `${issuer.url}/` }), 'claims_mismatch'],
    ['for another audience', issuer.token({ aud: 'https://shop.example' }), 'claims_mismatch'],
    ['for a longer audience', issuer.token({ aud: `${AUDIENCE}/` }), 'claims_mismatch'],
    ['for nobody', issuer.token({ aud: [] }), 'claims_mismatch'],
    ['without an audience', issuer.token({ aud: undefined, ...forAnybody }), 'claims_mismatch'],
    ['that has ended', issuer.token({ exp: at - 61 }), 'timestamp_out_of_range'],
    ['without an end', issuer.token({ exp: undefined, ...endless }), 'timestamp_missing'],
    ['whose end is text', issuer.token({ exp: `${at + 300}` }), 'timestamp_malformed'],
    ['not yet valid', issuer.token({ nbf: at + 90 }), 'timestamp_out_of_range'],
    ['written in the future', issuer.token({ iat: at + 90 }), 'timestamp_out_of_range'],
    ['of another key of that name', issuer.token({}, {}, other), 'signature_mismatch'],
    ['changed afterwards', [head, encode(claimsOf(issuer.url, { sub: 'eve' })), proof].join('.'), 'signature_mismatch'],
    ['of a key that nobody published', issuer.token({}, { kid: 'key-9' }), 'key_unknown'],
    ['without a signature', `${encode({ alg: 'none' })}.${body}.`, 'admin_key_unknown'],
    ['with the algorithm none', `${encode({ alg: 'none', kid: 'key-1' })}.${body}.${proof}`, 'signature_malformed'],
    ['HS256, keyed with the public key', hmacOf(issuer.key.publicPem), 'signature_malformed'],
    ['HS256, keyed with the published key', hmacOf(JSON.stringify(issuer.key.jwk)), 'signature_malformed'],
    ['another algorithm of the same key', issuer.token({}, { alg: 'PS256' }), 'key_unknown'],
    ['an algorithm that is not in the list', issuer.token({}, { alg: 'RS512' }), 'signature_malformed'],
    ['with something critical in it', issuer.token({}, { crit: ['exp'] }), 'signature_malformed'],
    ['that brings its own key', issuer.token({}, { kid: undefined, jwk: other.jwk }, other), 'signature_mismatch'],
    ['that says where its key is', issuer.token({}, { jku: `${issuer.url}/evil` }, other), 'signature_mismatch'],
    ['of another type', issuer.token({}, { typ: 'logout+jwt' }), 'claims_mismatch'],
    ['about nobody', issuer.token({ sub: undefined }), 'claims_mismatch'],
    ['about an empty name', issuer.token({ sub: '' }), 'claims_mismatch'],
    ['about a name that is none', issuer.token({ sub: 7 }), 'claims_mismatch'],
    ['about a name with control characters', issuer.token({ sub: 'ann\u001b[2J' }), 'claims_mismatch'],
    ['about a name that ends in a space', issuer.token({ sub: 'ann ' }), 'claims_mismatch'],
    ['about a name too long for the audit', issuer.token({ sub: 'a'.repeat(181) }), 'claims_mismatch'],
    ['longer than is read', issuer.token({ x: 'x'.repeat(8_000) }), 'credentials_missing'],
    ['of four parts', `${issuer.token()}.x`, 'admin_key_unknown'],
    ['of no letters of base64url', `a.b.${proof}!`, 'signature_malformed'],
  ]
  for (const [what, token, reason] of wrong) {
    const { status, headers, text } = await getRaw(bridge, 'stats', token)
    t.equal(status, 401, what)
    t.equal(headers.get('www-authenticate'), 'Bearer', what)
    t.match(text, '"An admin key is needed, or a token of the issuer: Authorization: Bearer <key>"', what)
    t.equal(reasonOfLast(), reason, what)
  }
  t.equal(issuer.asked.includes('/evil'), false, 'what a token names is never asked')
})

function hmacOf(secret: string): string {
  return makeHmacToken(secret, claimsOf(issuer.url), { kid: 'key-1' })
}

t.test('clocks may be a minute apart, and an access token names its type', async t => {
  const at = seconds()
  t.equal(await statusOf(issuer.token({ exp: at - 30 })), 200)
  t.equal(await statusOf(issuer.token({ nbf: at + 30, iat: at + 30 })), 200)
  for (const typ of ['at+jwt', 'application/at+jwt', 'JWT', undefined])
    t.equal(await statusOf(issuer.token({}, { typ })), 200, `${typ}`)
  t.equal(await statusOf(issuer.token({ aud: ['https://other.example', AUDIENCE] })), 200, 'one audience of several')
})

t.test('two Authorization headers are none', async t => {
  const line = `authorization: Bearer ${issuer.token()}\r\n`
  const ask = async (lines: string): Promise<number | undefined> =>
    (await talkRaw(bridge.url, `GET /api/stats HTTP/1.1\r\nhost: x\r\nconnection: close\r\n${lines}\r\n`)).answers[0]
      ?.status
  t.equal(await ask(line), 200)
  t.equal(await ask(line + line), 401)
})

t.test('who is genuine and has no role here is refused with 403, and may do nothing', async t => {
  const none: unknown[] = [undefined, null, [], '', 'admin', ['Owners', 'owners '], [['owners']], { owners: true }, 1]
  for (const said of [...none, '__proto__', ['constructor', 'toString']]) {
    const token = issuer.token({ sub: 'zoe', roles: said })
    for (const path of ['stats', 'openapi.json']) {
      const { status, body } = await getApi<{ error: object }>(bridge, path, token)
      t.equal(status, 403, JSON.stringify(said))
      t.match(body.error, { code: 'forbidden', message: 'The issuer gives you no role here: see admin.oidc.roles' })
    }
  }
  t.ok(bridge.log().some(({ reason, admin }) => reason === 'role_missing' && admin === 'oidc:zoe'))
  const rows = bridge.rows("select 1 from audit_entry where actor = 'admin:oidc:zoe'")
  t.equal(rows.length, 0, 'nobody without a role can fill the audit')
})

t.test('of several roles the highest counts, and one may be a text', async t => {
  t.equal(await statusOf(issuer.token({ roles: ['lookers', 'nothing', 'owners', 'web team'] }), 'keys'), 200)
  t.equal(await statusOf(issuer.token({ roles: 'owners' }), 'keys'), 200)
  t.equal(await statusOf(issuer.token({ roles: ['lookers', 'web team'] }), 'keys'), 403)
})

t.test('a person may do what the routes say for their role, and no more', async t => {
  interface Document {
    paths: Record<string, Record<string, { 'x-role': (typeof ROLES)[number] }>>
    security: object[]
    components: { securitySchemes: object }
  }
  const { body: document } = await getApi<Document>(bridge, 'openapi.json', issuer.token())
  t.strictSame(document.security, [{ adminKey: [] }, { personToken: [] }])
  t.match(document.components.securitySchemes, { personToken: { scheme: 'bearer', bearerFormat: 'JWT' } })
  const routes = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, route]) => ({ path, method, needed: ROLES.indexOf(route['x-role']) })),
  )
  t.ok(routes.length > 40)
  for (const { path, method, needed } of routes) {
    const url = `${bridge.url}${path.replace(/\{\w+\}/, 'nothing')}`
    const body = method === 'get' ? {} : { body: '{"version":"0123456789abcdef"}' }
    for (const [rank, role] of ROLES.entries()) {
      const authorization = `Bearer ${issuer.token({ roles: [GROUPS[role]] })}`
      const headers = { 'content-type': 'application/json', authorization }
      const { status } = await fetch(url, { method: method.toUpperCase(), headers, ...body })
      if (rank < needed) t.equal(status, 403, `${role} ${method} ${path}`)
      else t.ok([200, 400, 404, 409].includes(status), `${role} ${method} ${path}: ${status}`)
    }
  }
})

t.test('what a person did is accounted for by the subject, which no key can be named', async t => {
  const token = issuer.token({ sub: 'ops', roles: ['web team'], name: 'ops', email: 'ops@example.com' })
  const headers = { authorization: `Bearer ${token}` }
  t.equal((await postApi(bridge, 'sources/open/pause', { reason: 'x' }, headers)).status, 200)
  t.equal((await postApi(bridge, 'sources/open/resume', {}, headers)).status, 200)
  interface Audit {
    entries: { action: string; detail: unknown }[]
  }
  const { body } = await getApi<Audit>(bridge, 'audit?actor=admin:oidc:ops')
  t.match(body.entries, [
    { action: 'admin.requested', detail: { role: 'operator', status: 200 } },
    { action: 'source.resumed' },
    { action: 'admin.requested', detail: { role: 'operator', status: 200 } },
    { action: 'source.paused' },
  ])
  t.strictSame((await getApi<Audit>(bridge, 'audit?actor=admin:ops&action=source.paused')).body.entries, [])
  t.equal((await postApi(bridge, 'secrets/reseal', {}, headers)).status, 403)
  t.match((await getApi<Audit>(bridge, 'audit?actor=admin:oidc:ops&action=admin.refused')).body.entries, [
    { detail: { role: 'operator', status: 403 } },
  ])
  const longest = 'a'.repeat(180)
  await postApi(bridge, 'rehearsals', { since: '1h' }, { authorization: `Bearer ${issuer.token({ sub: longest })}` })
  t.equal((await getApi<Audit>(bridge, `audit?actor=admin:oidc:${longest}`)).body.entries.length, 1)
  t.notMatch((await getRaw(bridge, 'keys')).text, 'oidc', 'it is no key, and in no list of keys')
})

t.test('unknown key ids do not make the bridge ask the issuer again and again', async t => {
  const before = issuer.asked.length
  const answers = await Promise.all(
    Array.from({ length: 200 }, (_, n) => statusOf(issuer.token({}, { kid: `key-${n + 100}` }))),
  )
  t.ok(answers.every(status => status === 401))
  t.ok(issuer.asked.length - before <= 2, `${issuer.asked.length - before} requests`)
})

t.test('a new key of the issuer counts as soon as the cool-down is over, beside the old one', async t => {
  const issuer = await startIssuer(t)
  const people = await startTestBridge(t, { config: { admin: { oidc: { ...oidc, issuer: issuer.url } } } })
  const next = makeIssuer('key-2')
  const now = Date.now
  t.teardown(() => {
    Date.now = now
  })
  const ask = (key = issuer.key): Promise<number> => statusOf(issuer.token({}, {}, key), 'stats', people)
  t.equal(await ask(), 200)
  issuer.answers['/keys'] = keySetOf(issuer.key, next)
  t.equal(await ask(next), 401, 'within the cool-down')
  Date.now = () => now() + KEYS_COOL_DOWN_MS
  t.strictSame([await ask(next), await ask()], [200, 200])
  issuer.answers['/keys'] = keySetOf(next)
  Date.now = () => now() + KEYS_COOL_DOWN_MS + KEYS_FRESH_MS
  t.strictSame([await ask(next), await ask()], [200, 401], 'a key that is no longer published')
  issuer.answers[DISCOVERY] = 500
  Date.now = () => now() + KEYS_COOL_DOWN_MS + 2 * KEYS_FRESH_MS
  t.equal(await ask(next), 200, 'the last good keys count while the issuer is away')
})

t.test('elliptic curves and RSA-PSS are taken by default, a key only for what it is for', async t => {
  const issuer = await startIssuer(t)
  const made = {
    ES256: generateKeyPairSync('ec', { namedCurve: 'P-256' }),
    PS256: generateKeyPairSync('rsa', { modulusLength: 2_048 }),
    EdDSA: generateKeyPairSync('ed25519'),
  }
  const published = Object.entries(made).map(([alg, { publicKey }]) => ({
    ...publicKey.export({ format: 'jwk' }),
    kid: alg,
    alg,
  }))
  issuer.answers['/keys'] = JSON.stringify({ keys: published })
  const people = await startTestBridge(t, { config: { admin: { oidc: { ...oidc, issuer: issuer.url } } } })
  for (const [alg, { privateKey }] of Object.entries(made)) {
    const token = await new SignJWT(claimsOf(issuer.url)).setProtectedHeader({ alg, kid: alg }).sign(privateKey)
    t.equal(await statusOf(token, 'stats', people), 200, alg)
  }
  const content = `${Buffer.from('{"alg":"RS256","kid":"PS256"}').toString('base64url')}.${Buffer.from(JSON.stringify(claimsOf(issuer.url))).toString('base64url')}`
  const forged = `${content}.${sign('sha256', Buffer.from(content), made.PS256.privateKey).toString('base64url')}`
  t.equal(await statusOf(forged, 'stats', people), 401, 'RS256 with a key published for PS256')
})

t.test('while the keys cannot be had the answer is 503, and nothing is counted against the person', async t => {
  const away: [string, (issuer: IssuerStub) => Record<string, string | number>][] = [
    ['the discovery document is not there', () => ({ [DISCOVERY]: 404 })],
    ['it is no JSON', () => ({ [DISCOVERY]: '<html>' })],
    [
      'it is that of another issuer',
      ({ url }) => ({ [DISCOVERY]: JSON.stringify({ issuer: `${url}/`, jwks_uri: `${url}/keys` }) }),
    ],
    [
      'it leads to no address',
      ({ url }) => ({ [DISCOVERY]: JSON.stringify({ issuer: url, jwks_uri: 'file:/etc/keys.json' }) }),
    ],
    ['a redirect leads to it', () => ({ [DISCOVERY]: 302 })],
    [
      'a redirect leads to the keys',
      ({ url }) => ({ [DISCOVERY]: JSON.stringify({ issuer: url, jwks_uri: `${url}/old` }), '/old': 307 }),
    ],
    ['the keys are none', () => ({ '/keys': '{"keys":{}}' })],
  ]
  const guarded = { failedAuthPerMinute: 2 }
  const people = await startTestBridge(t, { config: { admin: { keys }, limits: guarded }, env })
  for (const [what, makeAnswers] of away) {
    const issuer = await startIssuer(t)
    Object.assign(issuer.answers, makeAnswers(issuer))
    await configure(people, { keys, oidc: { ...oidc, issuer: issuer.url } })
    for (let n = 0; n < 4; n++) {
      const { status, headers, text } = await getRaw(people, 'stats', issuer.token())
      t.equal(status, 503, what)
      t.equal(headers.get('retry-after'), '30')
      t.match(text, '"keys_unavailable"')
    }
    t.equal(await statusOf(ADMIN_KEY, 'stats', people), 200, 'keys need no issuer')
    t.ok(issuer.asked.length <= 2, `${what}: ${issuer.asked.length} requests`)
    if (what.startsWith('a redirect')) t.notOk(issuer.asked.includes('/keys'), 'it is not followed')
  }
})

t.test('doctor says what is wrong with an issuer', async t => {
  const issuer = await startIssuer(t)
  const config = { admin: { keys, oidc: { ...oidc, issuer: issuer.url } } }
  const people = await startTestBridge(t, { config, env })
  const examine = async (): Promise<unknown> => {
    const { body } = await getApi<{ checks: { name: string }[] }>(people, 'doctor')
    return body.checks.find(({ name }) => name === 'issuer')
  }
  t.match(await examine(), { status: 'ok', found: `${issuer.url} publishes keys for RS256` })
  issuer.answers[DISCOVERY] = '{"issuer":"https://login.example"}'
  const todo = 'see admin.oidc.issuer; until then people are let in by admin keys only'
  const found = `${issuer.url}: its discovery document names another issuer`
  t.match(await examine(), { status: 'failed', found, todo })
  t.match((await getApi(bridge, 'doctor')).body, { checks: [{ name: 'node' }] })
})

/** Puts another `admin` in force. */
async function configure({ folder, reload }: TestBridge, admin: object): Promise<void> {
  folder.write('bridge.json', { ...JSON.parse(folder.read('bridge.json')), admin })
  if (!(await reload('test'))) throw new Error('the files are not valid')
}

t.test('what is configured counts from the reload on, and without it no token is one', async t => {
  const people = await startTestBridge(t, { config: { admin: { keys } }, env })
  const token = issuer.token({ oid: '7f0c', realm: { 'a/b': { roles: ['lookers'] } } })
  const { status, text } = await getRaw(people, 'stats', token)
  t.equal(status, 401)
  t.match(text, '"An admin key is needed: Authorization: Bearer <key>"')
  const asked = issuer.asked.length
  const settings = { ...oidc, jwksUri: `${issuer.url}/keys` }
  await configure(people, { keys, oidc: settings })
  t.equal(await statusOf(token, 'stats', people), 200)
  t.strictSame(issuer.asked.slice(asked), ['/keys'], 'no discovery where the place of the keys is said')
  await configure(people, { keys, oidc: { ...settings, roles: { owners: 'admin' } } })
  t.equal(await statusOf(token, 'stats', people), 403, 'the role was taken away')
  await configure(people, { keys, oidc: { ...settings, claim: '/realm/a~1b/roles', subject: 'oid' } })
  t.equal(await statusOf(token, 'stats', people), 200, 'a place within the claims')
  await postApi(people, 'rehearsals', { since: '1h' }, { authorization: `Bearer ${token}` })
  t.equal(
    people.rows("select 1 from audit_entry where actor = 'admin:oidc:7f0c'").length,
    1,
    'another claim names the person',
  )
  await configure(people, { keys, oidc: { ...settings, algorithms: ['ES256'] } })
  t.equal(await statusOf(token, 'stats', people), 401)
  await configure(people, { keys })
  t.equal(await statusOf(token, 'stats', people), 401)
})

t.test('refused tokens count for an address as wrong keys do, and so do people without a role', async t => {
  const config = { admin: { keys, oidc }, limits: { failedAuthPerMinute: 4 } }
  const guarded = await startTestBridge(t, { config, env })
  for (const token of [issuer.token({ aud: 'x' }), 'nobody-knows-this-0123456789'])
    t.equal(await statusOf(token, 'stats', guarded), 401)
  for (let n = 0; n < 2; n++) t.equal(await statusOf(issuer.token({ roles: [] }), 'stats', guarded), 403)
  for (const token of [issuer.token({ roles: [] }), issuer.token({ aud: 'x' }), issuer.token(), ADMIN_KEY])
    t.equal(await statusOf(token, 'stats', guarded), 429)
})

t.test('each person has requests of their own, whatever tokens they come with', async t => {
  const config = { admin: { keys, oidc }, limits: { apiPerMinute: 2 } }
  const guarded = await startTestBridge(t, { config, env })
  for (const jti of ['1', '2']) t.equal(await statusOf(issuer.token({ sub: 'ops', jti }), 'stats', guarded), 200)
  const { status, headers, text } = await getRaw(guarded, 'stats', issuer.token({ sub: 'ops', jti: '3' }))
  t.equal(status, 429)
  t.ok(Number(headers.get('retry-after')) >= 1)
  t.match(text, '"Too many requests by this person"')
  t.equal(await statusOf(issuer.token({ sub: 'ann' }), 'stats', guarded), 200, 'another person')
  t.equal(await statusOf(ADMIN_KEY, 'stats', guarded), 200, 'the key of the same name')
})

t.test('no metrics by a token: they are for a machine, which has a key', async t => {
  const ask = (key: string): Promise<Response> =>
    fetch(`${bridge.url}/metrics`, { headers: { authorization: `Bearer ${key}` } })
  t.equal((await ask(issuer.token({ roles: ['owners'] }))).status, 401)
  t.equal((await ask(ADMIN_KEY)).status, 200)
})

t.test('commands take a token in place of a key, and it is in no log, file, answer or export', async t => {
  const people = await startTestBridge(t, { config: { admin: { keys, oidc }, limits }, env })
  const good = issuer.token({ sub: 'ann', roles: ['owners'], email: 'canary@example.com' })
  const bad = [issuer.token({ aud: 'x', jti: 'bad' }), issuer.token({ roles: [], jti: 'none' })]
  const seen = new Map<string, string | Buffer>()
  const settings = { BRIDGE_URL: people.url, BRIDGE_ADMIN_KEY: good }
  for (const args of [['stats'], ['events'], ['sources', 'pause', 'open'], ['audit', 'export'], ['doctor']]) {
    const ran = await runCli(t, args, { cwd: people.folder.path, env: settings })
    t.equal(ran.code === 0 || args[0] === 'doctor', true, `${args.join(' ')}: ${ran.err}`)
    seen.set(args.join(' '), ran.out + ran.err)
  }
  for (const token of [good, ...bad])
    for (const path of ['keys', 'nothing', 'audit/export', 'events/%00', 'openapi.json'])
      seen.set(`GET ${path} ${token.length}`, (await getRaw(people, path, token)).bytes)
  t.match(seen.get('audit export'), /admin:oidc:ann/)
  await people.stop()
  seen.set('the log', people.logText())
  for (const file of [people.databaseFile, `${people.databaseFile}.audit-checkpoints.ndjson`])
    seen.set(file, readFileSync(file))
  const secrets = [good, ...bad].flatMap(token => [token, ...token.split('.').slice(1)])
  const found = [...seen].flatMap(([where, what]) => [
    ...secrets.flatMap(secret => findSpellings(what, secret).map(spelling => `${where}: ${spelling}`)),
    ...(what.includes('canary@example.com') ? [`${where}: what else a token says`] : []),
  ])
  t.strictSame(found, [])
})
