import { randomBytes } from 'node:crypto'
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { openSandbox } from './fixtures/call-sandbox.ts'
import { findSpellings, readDatabaseBytes } from './fixtures/find-secrets.ts'
import { runCli, startCli } from './fixtures/run-cli.ts'
import { AUDIENCE, startIssuer } from './fixtures/start-issuer.ts'
import { makeBridgeFolder, SOURCES, waitFor } from './fixtures/start-test-bridge.ts'

const text = (): string => `canary-${randomBytes(18).toString('hex')}`

/** One secret of each kind there is, new each time. */
const CANARIES = {
  HMAC: text(),
  WHSEC: `whsec_${randomBytes(32).toString('base64')}`,
  BEARER: text(),
  BASIC: `user:${text()}`,
  QUERY: text(),
  HEADER: text(),
  BODY: text(),
  VERIFY: text(),
  JWT: text(),
  RECONCILE: text(),
  SEALED: text(),
  ADMIN: text(),
  VIEWER: text(),
  BRIDGE_MASTER_KEY: randomBytes(32).toString('base64url'),
  BRIDGE_AUDIT_KEY: randomBytes(32).toString('base64url'),
}
const issuer = await startIssuer(t)
/** What else a token says of a person. */
const CLAIM = text()
const tokenOf = (claims: Readonly<Record<string, unknown>>): string =>
  issuer.token({ exp: Math.floor(Date.now() / 1_000) + 3_600, roles: ['owners'], email: CLAIM, ...claims })
/** Tokens of a person: each is genuine, and the first one is taken. */
const TOKENS = {
  VALID: tokenOf({}),
  EXPIRED: tokenOf({ exp: Math.floor(Date.now() / 1_000) - 3_600 }),
  FOR_OTHERS: tokenOf({ aud: 'https://shop.example' }),
}
const CREDENTIALS = { ...CANARIES, ...TOKENS }
type Credential = keyof typeof CREDENTIALS
const SOURCE_OF = {
  hmac: { ...SOURCES.github, secrets: ['env:HMAC'], reconcile: { token: 'env:RECONCILE', hook: 'orgs/acme/hooks/1' } },
  svix: { scheme: 'svix', secrets: ['env:WHSEC'] },
  bearer: { scheme: 'bearer', secrets: ['env:BEARER'] },
  basic: { scheme: 'basic', secrets: ['env:BASIC'] },
  query: { scheme: 'query-token', secrets: ['env:QUERY'], allowQueryToken: true },
  header: { scheme: 'header', header: 'x-token', secrets: ['env:HEADER'] },
  body: { scheme: 'prismic', secrets: ['env:BODY'] },
  meta: { scheme: 'meta', secrets: ['env:HMAC'], verifyToken: 'env:VERIFY' },
  token: { scheme: 'vonage', secrets: ['env:JWT'] },
}

/** Every file below a folder, but for those in which a person keeps secrets. */
function filesBelow(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter(entry => entry.isFile() && entry.name !== '.env')
    .map(entry => join(entry.parentPath, entry.name))
}

t.test('no secret is in a log, a file, an answer, an error, an export, a backup or the process list', async t => {
  const sandbox = await openSandbox(t)
  // the token of the integration is one that is sealed: it works, so that it is sent
  sandbox.setToken({ name: 'canary', token: CANARIES.SEALED, role: 'Editor' })
  const { SEALED: _, ...env } = CANARIES
  const mapping = {
    source: 'bearer',
    integration: 'ci',
    action: 'createEntry',
    with: { collectionId: 'col_products', name: '${payload.name}', slug: '${payload.name}', content: {} },
  }
  const folder = makeBridgeFolder(t, {
    endpoint: sandbox.url,
    env,
    mappings: { made: mapping },
    config: {
      sources: SOURCE_OF,
      integrations: { ci: { token: 'env:HMAC' } },
      admin: {
        keys: [
          { name: 'ops', role: 'admin', key: 'env:ADMIN' },
          { name: 'eve', role: 'viewer', key: 'env:VIEWER' },
        ],
        oidc: { issuer: issuer.url, audience: AUDIENCE, roles: { owners: 'admin' } },
      },
      limits: { failedAuthPerMinute: 10_000 },
      search: { payloads: true },
    },
  })
  const start = async () => {
    const running = startCli(t, ['start'], { cwd: folder.path, env: { BRIDGE_LOG_LEVEL: 'debug' } })
    const [, url] = await running.says(/"url":"([^"]+)".*"msg":"listening"/)
    return { ...running, url: url! }
  }
  const seen = new Map<string, string | Buffer>()
  const see = (where: string, what: string | Buffer) => void seen.set(where, what)
  const call = async (where: string, url: string, init: RequestInit = {}): Promise<Response> => {
    const response = await fetch(url, { redirect: 'manual', ...init })
    const answer = Buffer.from(await response.arrayBuffer())
    see(where, `${JSON.stringify([...response.headers])}\n${answer.toString('latin1')}`)
    return response
  }

  const first = await start()
  const cli = async (args: readonly string[], key: Credential = 'ADMIN', stdin?: string) => {
    const settings = { BRIDGE_URL: first.url, BRIDGE_ADMIN_KEY: CREDENTIALS[key] }
    const ran = await runCli(t, args, { cwd: folder.path, env: settings, ...(stdin !== undefined && { stdin }) })
    see(`the command ${args.join(' ')} of ${key}`, ran.out + ran.err)
    return ran
  }
  see('the process list', readFileSync(`/proc/${first.child.pid}/cmdline`))
  t.equal((await cli(['secrets', 'set', 'ci'], 'ADMIN', CANARIES.SEALED)).code, 0)
  const config = JSON.parse(folder.read('bridge.json'))
  config.integrations.ci.token = 'sealed:ci'
  folder.write('bridge.json', config)
  await first.says(/"msg":"reloaded"/)

  // each source: what is genuine, and what shows the secret in the wrong way
  for (const name of Object.keys(SOURCE_OF)) {
    folder.write('payload.json', { name: `made-${name}`, type: 'test' })
    await cli(['send', name, '--payload', 'payload.json', '--url', `${first.url}/hooks/${name}`])
  }
  for (const [kind, secret] of Object.entries(CANARIES))
    for (const name of Object.keys(SOURCE_OF)) {
      const wrong = `${secret.slice(0, -1)}!`
      const headers = { 'content-type': 'application/json', authorization: `Bearer ${secret}`, 'x-token': wrong }
      // in the body it would be data of the sender's, which is kept as it came
      await call(`${name} with ${kind}`, `${first.url}/hooks/${name}`, { method: 'POST', headers, body: '{}' })
    }
  // shown where it does not belong, as a person may by mistake
  for (const [kind, token] of Object.entries(TOKENS)) {
    const headers = { authorization: `Bearer ${token}` }
    for (const name of Object.keys(SOURCE_OF))
      await call(`${name} with ${kind}`, `${first.url}/hooks/${name}`, { method: 'POST', headers, body: '{}' })
    await call(`metrics with ${kind}`, `${first.url}/metrics`, { headers })
  }
  await call('meta, verified', `${first.url}/hooks/meta?hub.mode=subscribe&hub.challenge=1&hub.verify_token=x`)
  await waitFor('the write', () =>
    sandbox.readLedger().entries.some(({ tokenName, applied }) => tokenName === 'canary' && applied),
  )

  const paths = ['events', 'jobs', 'rejected', 'sources', 'integrations', 'mappings', 'secrets', 'stats', 'audit']
  for (const path of [...paths, 'audit/verify', 'audit/export', 'openapi.json', 'doctor', 'nothing', 'events/%00'])
    for (const key of ['ADMIN', 'VIEWER', 'VALID', 'EXPIRED', 'FOR_OTHERS'] as const) {
      const { status } = await call(`GET ${path} of ${key}`, `${first.url}/api/${path}`, {
        headers: { authorization: `Bearer ${CREDENTIALS[key]}` },
      })
      // what is not there says so to anybody
      const isRefused = (key === 'EXPIRED' || key === 'FOR_OTHERS') && path !== 'nothing'
      t.equal(status === 401, isRefused, `${path} of ${key}: ${status}`)
    }
  await call('a wrong key', `${first.url}/api/events`, { headers: { authorization: `Bearer ${CANARIES.ADMIN}x` } })
  const { events } = (await fetch(`${first.url}/api/events`, {
    headers: { authorization: `Bearer ${CANARIES.VIEWER}` },
  }).then(answer => answer.json())) as { events: { id: string }[] }
  for (const { id } of events) await cli(['events', 'show', id])
  for (const args of [
    ['rejected'],
    ['jobs'],
    ['sources'],
    ['integrations', 'show', 'ci'],
    ['integrations', 'rotate', 'ci'],
    ['secrets'],
    ['reconcile', 'hmac', '--yes'],
    ['audit', 'export', '--format', 'csv'],
    ['backup', 'copy.db'],
    ['doctor'],
    ['check'],
  ])
    await cli(args)
  await call('health', `${first.url}/health/ready`)
  t.equal((await cli(['sources', 'pause', 'basic'], 'VALID')).code, 0)
  t.equal((await cli(['audit', 'export'], 'VALID')).code, 0)
  for (const key of ['EXPIRED', 'FOR_OTHERS'] as const) t.not((await cli(['stats'], key)).code, 0)
  t.match(seen.get('the command audit export of VALID'), /admin:oidc:ann/, 'what a person did is accounted for')

  const running = join(folder.path, 'data', 'bridge.db')
  t.ok(statSync(`${running}-wal`).size > 0)
  see('the database and its WAL, as it runs', readDatabaseBytes(running))
  first.child.kill('SIGTERM')
  await first.ended
  see('the log', first.out() + first.err())
  // a configuration that cannot be used says why, and not with what
  const broken = { ...env, BASIC: CANARIES.BASIC.replace(':', ''), BRIDGE_AUDIT_KEY: `${CANARIES.BRIDGE_AUDIT_KEY}=` }
  folder.write(
    '.env',
    Object.entries(broken)
      .map(([name, value]) => `${name}=${value}\n`)
      .join(''),
  )
  const ended = await startCli(t, ['start'], { cwd: folder.path }).ended
  t.equal(ended.code, 78)
  see('a start that fails', ended.out + ended.err)
  for (const file of filesBelow(folder.path)) see(file, readFileSync(file))

  const files = [...seen.keys()]
    .filter(where => where.startsWith(folder.path))
    .map(file => file.slice(folder.path.length))
  for (const file of ['/data/bridge.db', '/data/bridge.db.audit-checkpoints.ndjson', '/copy.db'])
    t.ok(files.includes(file), `${file} was looked through`)
  t.ok(events.length >= 8 && seen.size > 150, `${events.length} events, ${seen.size} places`)
  // of a token its proof too: the other two parts are no secret by themselves
  const proofs = Object.entries(TOKENS).map(([kind, token]) => [`the proof of ${kind}`, token.split('.')[2]!] as const)
  const found = [...Object.entries(CREDENTIALS), ...proofs, ['a claim', CLAIM] as const].flatMap(([kind, secret]) =>
    [...seen].flatMap(([where, what]) =>
      findSpellings(what, secret).map(spelling => `${kind} in ${where}: ${spelling}`),
    ),
  )
  t.strictSame(found, [])
})
