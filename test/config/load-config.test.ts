import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { loadConfig } from '../../src/config/load-config.ts'
import { formatProblem } from '../../src/mapping/problem.ts'
import { loadSetup } from '../../src/setup/load-setup.ts'

/** A value that must never be in a message: pasted where a reference belongs. */
const PASTED = 'canary-pasted-secret-9d2f'
const GOOD = 'good-secret-0123456789'

interface Files {
  config: unknown
  dotEnv?: string
  env?: Record<string, string>
  mappings?: Record<string, unknown> | null
}

function writeFiles(t: Test, { config, dotEnv, mappings = {} }: Files): string {
  const folder = t.testdir({})
  writeFileSync(join(folder, 'bridge.json'), typeof config === 'string' ? config : JSON.stringify(config, null, 2))
  if (dotEnv !== undefined) writeFileSync(join(folder, '.env'), dotEnv)
  if (mappings === null) return folder
  mkdirSync(join(folder, 'mappings'))
  for (const [name, mapping] of Object.entries(mappings))
    writeFileSync(join(folder, 'mappings', name), JSON.stringify(mapping))
  return folder
}

/** All problems as lines, without places in the text. */
async function problemsOf(t: Test, files: Files): Promise<string[]> {
  const folder = writeFiles(t, files)
  const loaded = await loadSetup({ cwd: folder, env: files.env ?? {} })
  return loaded.ok
    ? []
    : loaded.problems.map(problem =>
        formatProblem({ ...problem, file: '', line: null, column: null })
          .slice(2)
          .replaceAll(folder, '.'),
      )
}
const sound = (name: string, more: object = {}) => ({ [name]: { scheme: 'github', secrets: ['env:GOOD'], ...more } })
const DURATION = 'a duration such as "250ms", "30s", "5m", "12h" or "180d"'
const REFERENCE = 'a reference: "env:NAME", "file:/path" or "sealed:NAME", never the secret itself'
const UNSEALED = 'a reference: "env:NAME" or "file:/path", never the secret itself'
const LITERAL = `expected ${REFERENCE}, found a literal value`

t.test('every mistake is told, all at once, each with its place, what was expected and what was found', async t => {
  const lines = await problemsOf(t, {
    dotEnv: `SHORT=tooshort\nEMPTY=\nGOOD=${GOOD}\nCTL="a token with spaces é"\n`,
    config: {
      listen: { port: 70_000, trustedProxies: ['nonsense'], publicUrl: 'ftp://x', hots: 'x' },
      store: 'postgres:x',
      pixelesq: { endpoint: 'http://api.pixelesq.com/graphql' },
      integrations: {
        ci: { token: PASTED },
        'Bad Name': { token: 'env:GOOD' },
        missing: {},
        text: PASTED,
        unset: { token: 'env:NOT_SET' },
        short: { token: 'env:SHORT' },
        empty: { token: 'env:EMPTY' },
        ctl: { token: 'env:CTL' },
        limits: {
          token: 'env:GOOD',
          concurrency: 0,
          rateLimit: { perMinute: 'x', perHour: 1 },
          backoff: { base: '2 s' },
          rotateAfter: 'soon',
        },
      },
      sources: {
        ...sound('literal', { secrets: [PASTED] }),
        ...sound('string', { secrets: PASTED }),
        ...sound('object', { secrets: [{ ref: PASTED, expires: '2030-01-01T00:00:00Z' }, { value: PASTED }] }),
        ...sound('expires', { secrets: [{ ref: 'env:GOOD', expires: 'yesterday' }] }),
        ...sound('several', { secrets: ['file:nothing.txt', 'env:SHORT', 'env:EMPTY', 'env:NOT_SET'] }),
        none: { scheme: 'github' },
        noscheme: { secrets: ['env:GOOD'] },
        text: PASTED,
        ...sound('unknown', { scheme: 'gitlub' }),
        unsigned: { scheme: 'none' },
        ...sound('stray', { header: 'x-a', tolerance: '5m' }),
        ...sound('late', { scheme: 'stripe', tolerance: 5 }),
        ...sound('http', { contentTypes: ['json'], methods: ['DELETE'], bodyBytes: '1mb' }),
        ...sound('words', { idempotencyKey: '${foo}' }),
        ...sound('typo', { secret: PASTED }),
      },
      admin: { keys: [{ name: 'ops', role: 'root', key: PASTED }, PASTED] },
      retention: { payload: '30 days', event: '0d' },
      limits: {
        bodyBytes: 0,
        jsonDepth: 'abc',
        backlogJobs: -1,
        attempts: 1e99,
        settle: 30,
        responseBytes: null,
        diskFreeBytes: -1,
      },
      unknownKey: 1,
    },
    mappings: { 'm.json': { source: 'none', integration: 'short', steps: [{ id: 'a', operation: 'entriez' }] } },
  })
  t.notMatch(lines.join('\n'), PASTED, 'what was pasted is not repeated')
  t.strictSame(
    lines.sort(),
    [
      `/admin/keys/0/key: expected ${UNSEALED}, found a literal value`,
      '/admin/keys/0/role: expected "viewer", "operator" or "admin", found "root"',
      '/admin/keys/1: expected an object, found a literal value',
      '/integrations/Bad Name: expected a name of lower-case letters, digits, "-" and "_", at most 64 characters, found "Bad Name"',
      `/integrations/ci/token: ${LITERAL}`,
      '/integrations/ctl/token: expected a token of visible ASCII characters in env:CTL, found other characters',
      '/integrations/empty/token: expected a secret in env:EMPTY, found an empty one',
      `/integrations/limits/backoff/base: expected ${DURATION}, found "2 s"`,
      '/integrations/limits/concurrency: expected a whole number from 1 to 256, found 0',
      '/integrations/limits/rateLimit/perHour: expected one of perMinute, perDay, found "perHour"',
      '/integrations/limits/rateLimit/perMinute: expected a whole number from 1 to 1000000, found "x"',
      `/integrations/limits/rotateAfter: expected ${DURATION}, found "soon"`,
      `/integrations/missing/token: expected ${REFERENCE}, found nothing`,
      '/integrations/short/token: expected a secret of at least 16 bytes in env:SHORT, found 8 bytes',
      '/integrations/text: expected an object, found a literal value',
      '/integrations/unset/token: expected the environment variable NOT_SET to be set, found nothing',
      '/limits/attempts: expected a whole number from 1 to 100, found 1e+99',
      '/limits/backlogJobs: expected a whole number from 1 to 100000000, found -1',
      '/limits/bodyBytes: expected a whole number from 1 to 104857600, found 0',
      '/limits/diskFreeBytes: expected a number of bytes, found -1',
      '/limits/jsonDepth: expected a whole number from 1 to 1000, found "abc"',
      '/limits/responseBytes: expected a whole number from 1 to 104857600, found null',
      `/limits/settle: expected ${DURATION}, found 30`,
      '/listen/hots: expected one of host, port, publicUrl, trustedProxies, found "hots" (did you mean "host"?)',
      '/listen/port: expected a port from 0 to 65535, found 70000',
      '/listen/publicUrl: expected an http(s) URL, found "ftp://x"',
      '/listen/trustedProxies/0: expected an address or a CIDR range, found "nonsense"',
      '/pixelesq/endpoint: expected an https URL (http only for this machine), found "http://api.pixelesq.com/graphql"',
      `/retention/event: expected ${DURATION}, found "0d"`,
      `/retention/payload: expected ${DURATION}, found "30 days"`,
      '/sources/expires/secrets/0/expires: expected an instant such as "2026-12-31T00:00:00Z", found "yesterday"',
      '/sources/http/bodyBytes: expected a whole number from 1 to 104857600, found "1mb"',
      '/sources/http/contentTypes/0: expected a media type such as "application/json", "application/*+json", or "*", found "json"',
      '/sources/http/methods/0: expected "GET", "POST", "PUT" or "PATCH", found "DELETE"',
      '/sources/late/tolerance: expected a duration above 0 such as "5m", or "off", found 5',
      `/sources/literal/secrets/0: ${LITERAL}`,
      '/sources/none/secrets: expected at least one secret, found none',
      '/sources/noscheme/scheme: expected the name of a scheme, found nothing',
      `/sources/object/secrets/0/ref: ${LITERAL}`,
      `/sources/object/secrets/1: expected ${REFERENCE}, or { "ref", "expires" }, found a literal value`,
      '/sources/several/secrets/0: expected the file "nothing.txt" to be readable, found ENOENT',
      '/sources/several/secrets/1: expected a secret of at least 16 bytes in env:SHORT, found 8 bytes',
      '/sources/several/secrets/2: expected a secret in env:EMPTY, found an empty one',
      '/sources/several/secrets/3: expected the environment variable NOT_SET to be set, found nothing',
      '/sources/stray/header: expected no "header": this scheme has no use for it, found "x-a"',
      '/sources/stray/tolerance: expected no "tolerance": this scheme has no use for it, found "5m"',
      '/sources/string/secrets: expected a list of references, newest first, found a literal value',
      '/sources/text: expected an object, found a literal value',
      lines.find(line => line.startsWith('/sources/typo/secret:'))!,
      '/sources/unknown/scheme: expected one of the kinds asymmetric, basic, bearer, digest, header, hmac, http-message-signature, jwt, none, query-token or the presets in docs/sources.md, found "gitlub" (did you mean "github"?)',
      '/sources/unsigned/unsigned: expected true, said explicitly, found nothing',
      '/sources/words/idempotencyKey: expected one of payload, headers, query, found "foo"',
      '/steps/0/operation: expected an operation of operations/ or a shipped one, found "entriez" (did you mean "entries"?)',
      '/store: expected "sqlite:<path of the database file>", found "postgres:x"',
      '/unknownKey: expected one of $schema, $comment, listen, store, mappings, pixelesq, constants, integrations, sources, admin, retention, audit, limits, alerts, metrics, tracing, search, found "unknownKey"',
    ].sort(),
  )
  t.match(
    lines.find(line => line.startsWith('/sources/typo/secret:')),
    /found "secret" \(did you mean "secrets"\?\)$/,
  )
})

t.test('a problem says where it stands in the file', async t => {
  const folder = writeFiles(t, { config: '{\n  "listen": { "prot": 1 }\n}' })
  const loaded = loadConfig({ cwd: folder, env: {} })
  t.match(loaded, {
    ok: false,
    problems: [
      {
        file: join(folder, 'bridge.json'),
        pointer: '/listen/prot',
        line: 2,
        code: 'unknown_key',
        severity: 'error',
        suggestion: 'port',
      },
    ],
  })
})

t.test('a file that is no configuration is one problem', async t => {
  for (const [config, line] of [
    ['{"listen": {"port": 1,}}', '/: expected a key in double quotes, found "}"'],
    ['', '/: expected a value, found the end of the file'],
    ['[]', '/: expected an object, found []'],
    ['{"store":"sqlite:a","store":"sqlite:b"}', '/store: expected the key once, found it twice'],
  ] as const)
    t.strictSame(await problemsOf(t, { config }), [line])
  const folder = t.testdir({})
  t.match(loadConfig({ cwd: folder, env: {} }), {
    ok: false,
    problems: [{ code: 'file_unreadable', found: 'no such file (`pixelesq-bridge init` writes one)' }],
  })
  mkdirSync(join(folder, 'a-folder'))
  t.match(loadConfig({ cwd: folder, file: 'a-folder', env: {} }), {
    problems: [{ found: 'a file that cannot be read' }],
  })
})

t.test('secrets pasted in place of whole sections are not repeated either', async t => {
  const lines = await problemsOf(t, { config: { admin: PASTED, sources: PASTED, integrations: [PASTED] } })
  t.equal(lines.length, 3)
  t.notMatch(lines.join('\n'), PASTED)
})

t.test('credentials in the address of the API are refused, and not repeated', async t => {
  for (const endpoint of [`https://user:${PASTED}@api.example.com/graphql`, `http://${PASTED}@api.example.com/graphql`])
    t.strictSame(await problemsOf(t, { config: { pixelesq: { endpoint } } }), [
      '/pixelesq/endpoint: expected a URL without credentials, found one with some',
    ])
})

t.test('a missing mapping folder is a problem', async t => {
  t.strictSame(await problemsOf(t, { config: {}, mappings: null }), [
    '/mappings: expected a folder, found nothing at "./mappings"',
  ])
})

t.test('left out is: this machine, port 8787, data/bridge.db, no sources', async t => {
  const folder = writeFiles(t, { config: {} })
  const loaded = loadConfig({ cwd: folder, env: {} })
  if (!loaded.ok) throw new Error('not loaded')
  const { config } = loaded
  t.strictSame(config.listen, { host: '127.0.0.1', port: 8787, publicUrl: null, trustedProxies: [] })
  t.equal(config.storeFile, join(folder, 'data/bridge.db'))
  t.equal(config.endpoint, 'https://api.pixelesq.com/graphql')
  t.strictSame(config.limits, {
    bodyBytesMax: 1_048_576,
    jsonDepthMax: 64,
    backlogJobsMax: 1_000_000,
    attemptsMax: 12,
    jobsPerEventMax: 100,
    requestTimeoutMs: 30_000,
    responseBytesMax: 1_048_576,
    settleMs: 30_000,
    failedAuthPerMinuteMax: 60,
    apiPerMinuteMax: 6_000,
    diskFreeMinBytes: 134_217_728,
  })
  const dayMs = 86_400_000
  t.strictSame(config.retention, {
    payloadMs: 30 * dayMs,
    eventMs: 90 * dayMs,
    idempotencyKeyMs: 30 * dayMs,
    auditMs: 400 * dayMs,
  })
  t.equal(config.logLevel, 'info')
})

t.test('the environment overrides the file, and is overridden by nothing', async t => {
  const config = { listen: { host: '127.0.0.1', port: 1 }, store: 'sqlite:a.db', mappings: 'nowhere' }
  const folder = writeFiles(t, { config, dotEnv: 'BRIDGE_PORT=2222\nBRIDGE_LOG_LEVEL=warn\n' })
  const env = {
    BRIDGE_HOST: '0.0.0.0',
    BRIDGE_STORE: 'sqlite:other/b.db',
    BRIDGE_MAPPINGS: 'mappings',
    BRIDGE_PIXELESQ_ENDPOINT: 'http://127.0.0.1:4400/graphql',
    BRIDGE_LOG_LEVEL: 'debug',
  }
  const loaded = loadConfig({ cwd: folder, env })
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems))
  t.match(loaded.config, {
    listen: { host: '0.0.0.0', port: 2222 },
    storeFile: join(folder, 'other/b.db'),
    mappingsFolder: join(folder, 'mappings'),
    endpoint: 'http://127.0.0.1:4400/graphql',
    logLevel: 'debug',
  })
})

t.test(
  'BRIDGE_CONFIG names the file; paths in it start at its folder, .env is read where the process runs',
  async t => {
    const folder = writeFiles(t, {
      config: { integrations: { ci: { token: 'env:TOKEN' } } },
    })
    mkdirSync(join(folder, 'run'))
    writeFileSync(join(folder, 'run/.env'), `TOKEN=${GOOD}\n`)
    const loaded = loadConfig({ cwd: join(folder, 'run'), env: { BRIDGE_CONFIG: '../bridge.json' } })
    if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems))
    t.equal(loaded.config.mappingsFolder, join(folder, 'mappings'))
    t.equal(loaded.config.envFile, join(folder, 'run/.env'))
    t.equal(loaded.config.integrations.get('ci')?.token, GOOD)
  },
)

t.test('a wrong override is told with its name and its value', async t => {
  const env = {
    BRIDGE_PORT: '80x',
    BRIDGE_STORE: 'x',
    BRIDGE_MAPPINGS: '/nowhere/at/all',
    BRIDGE_PIXELESQ_ENDPOINT: 'ftp://x',
    BRIDGE_LOG_LEVEL: 'loud',
  }
  t.strictSame(await problemsOf(t, { config: { listen: { port: 8787 } }, env }), [
    '/listen/port: expected a port from 0 to 65535, found "80x" (it comes from BRIDGE_PORT)',
    '/store: expected "sqlite:<path of the database file>", found "x" (it comes from BRIDGE_STORE)',
    '/pixelesq/endpoint: expected an http(s) URL, found "ftp://x" (it comes from BRIDGE_PIXELESQ_ENDPOINT)',
    '/mappings: expected a folder, found nothing at "/nowhere/at/all" (it comes from BRIDGE_MAPPINGS)',
    '/: expected BRIDGE_LOG_LEVEL to be one of trace, debug, info, warn, error, fatal, silent, found "loud"',
  ])
})

t.test('a .env that cannot be read is a problem, not an exception', async t => {
  const folder = writeFiles(t, { config: {} })
  mkdirSync(join(folder, '.env'))
  t.match(loadConfig({ cwd: folder, env: {} }), {
    ok: false,
    problems: [{ file: join(folder, '.env'), code: 'file_unreadable', found: 'EISDIR' }],
  })
})

t.test('secrets come from the environment, .env or a file; a short one only where that is said', async t => {
  const folder = writeFiles(t, {
    dotEnv: `A=${GOOD}-a\nSHORT=1234\n`,
    config: {
      sources: {
        many: {
          scheme: 'github',
          secrets: ['env:A', { ref: 'file:secret.txt', expires: '2026-12-31T00:00:00Z' }, 'env:B'],
        },
        ...sound('short', { secrets: ['env:SHORT'], allowShortSecret: true }),
      },
    },
  })
  writeFileSync(join(folder, 'secret.txt'), `${GOOD}-file\r\n`)
  const loaded = loadConfig({ cwd: folder, env: { B: `${GOOD}-b` } })
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems))
  t.strictSame(loaded.config.sources.get('many')?.secrets, [
    { value: `${GOOD}-a`, expiresAt: null },
    { value: `${GOOD}-file`, expiresAt: Date.UTC(2026, 11, 31) },
    { value: `${GOOD}-b`, expiresAt: null },
  ])
  t.equal(loaded.config.sources.get('short')?.secrets[0]?.value, '1234')
})

t.test('what an integration leaves out it takes from the limits', async t => {
  const folder = writeFiles(t, {
    config: {
      limits: { attempts: 7 },
      integrations: {
        plain: { token: 'env:T' },
        own: {
          token: 'env:T',
          attempts: 3,
          backoff: { base: '1s', cap: '5m' },
          rateLimit: { perMinute: 60, perDay: 100 },
          concurrency: 2,
          purpose: 'p',
          owner: 'o',
          rotateAfter: '180d',
          circuitBreaker: { attempts: 5, open: '1m' },
        },
        off: { token: 'env:T', circuitBreaker: false },
      },
    },
  })
  const loaded = loadConfig({ cwd: folder, env: { T: GOOD } })
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems))
  const { plain, own, off } = Object.fromEntries(loaded.config.integrations)
  t.strictSame(plain, {
    name: 'plain',
    token: GOOD,
    tokenReference: 'env:T',
    purpose: null,
    owner: null,
    rotateAfterMs: null,
    caps: { perMinuteMax: null, perDayMax: null },
    concurrencyMax: 4,
    attemptsMax: 7,
    backoff: { baseMs: 2_000, capMs: 3_600_000 },
    circuit: { failureRatio: 0.8, attemptsMin: 20, windowMs: 60_000, openMs: 10_000 },
  })
  t.match(own, {
    purpose: 'p',
    owner: 'o',
    caps: { perMinuteMax: 60, perDayMax: 100 },
    concurrencyMax: 2,
    attemptsMax: 3,
    backoff: { baseMs: 1_000, capMs: 300_000 },
    rotateAfterMs: 15_552_000_000,
    circuit: { failureRatio: 0.8, attemptsMin: 5, windowMs: 60_000, openMs: 60_000 },
  })
  t.equal(off?.circuit, null)
})

t.test('a circuit breaker is an object or false, and each of its keys is told of', async t => {
  const folder = writeFiles(t, {
    config: {
      integrations: {
        a: { token: 'env:T', circuitBreaker: { open: 'soon', attempts: 0, failureRatio: 2, opn: '1s' } },
        b: { token: 'env:T', circuitBreaker: true },
      },
    },
  })
  const loaded = loadConfig({ cwd: folder, env: { T: GOOD } })
  if (loaded.ok) throw new Error('expected problems')
  const found = loaded.problems.map(({ pointer, expected }) => `${pointer}: expected ${expected}`)
  t.strictSame(found, [
    '/integrations/a/circuitBreaker/failureRatio: expected a number above 0 up to 1',
    '/integrations/a/circuitBreaker/attempts: expected a whole number from 1 to 1000',
    '/integrations/a/circuitBreaker/open: expected a duration such as "250ms", "30s", "5m", "12h" or "180d"',
    '/integrations/a/circuitBreaker/opn: expected one of failureRatio, attempts, window, open',
    '/integrations/b/circuitBreaker: expected an object, or false to switch it off',
  ])
})

t.test('T066 a limit that is none stops the start, and never means that there is no limit', async t => {
  const wrong = ['abc', '1mb', '1048576', '', 0, -1, 1.5, 1e99, null, true, [1], {}]
  const limits = [
    'bodyBytes',
    'jsonDepth',
    'backlogJobs',
    'attempts',
    'jobsPerEvent',
    'responseBytes',
    'failedAuthPerMinute',
    'apiPerMinute',
  ]
  const places: readonly (readonly [string, (value: unknown) => object])[] = [
    ...limits.map(name => [`/limits/${name}`, (value: unknown) => ({ limits: { [name]: value } })] as const),
    ['/sources/s/bodyBytes', value => ({ sources: { s: { scheme: 'none', unsigned: true, bodyBytes: value } } })],
    ...['requestTimeout', 'settle'].map(
      name => [`/limits/${name}`, (value: unknown) => ({ limits: { [name]: value } })] as const,
    ),
    ...['payload', 'event', 'idempotencyKey'].map(
      name => [`/retention/${name}`, (value: unknown) => ({ retention: { [name]: value } })] as const,
    ),
  ]
  for (const [pointer, make] of places) {
    for (const value of wrong) {
      const cwd = t.testdir({ 'bridge.json': JSON.stringify(make(value)), mappings: {} })
      const loaded = loadConfig({ cwd, env: {} })
      t.match(loaded, { ok: false, problems: [{ pointer, severity: 'error' }] }, `${pointer}: ${JSON.stringify(value)}`)
    }
  }
  const nan = loadConfig({ cwd: t.testdir({ 'bridge.json': '{"limits":{"bodyBytes":NaN}}', mappings: {} }), env: {} })
  t.notOk(nan.ok, 'NaN is no JSON')
})
