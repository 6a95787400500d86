import t, { type Test } from 'tap'
import { type LoadedConfig, loadConfig } from '../../src/config/load-config.ts'
import { readMasterKeys } from '../../src/config/read-master-keys.ts'
import type { OpenedSecrets } from '../../src/config/resolve-secret.ts'

const SEALED = 'canary-sealed-secret-0123456789'
const KEY = 'ab'.repeat(32)
const absent = { ok: false, expected: 'a secret', found: 'none' } as const
const OPENED: OpenedSecrets = {
  get: name => (name === 'one' ? { ok: true, value: SEALED } : absent),
  captured: source => (source === 'ready' ? { ok: true, value: SEALED } : { ok: true, value: null }),
}

function load(t: Test, config: object, opened?: OpenedSecrets): LoadedConfig {
  const cwd = t.testdir({ 'bridge.json': JSON.stringify(config), mappings: {} })
  return loadConfig({ cwd, env: {}, ...(opened !== undefined && { opened }) })
}
const problemsOf = (loaded: LoadedConfig) =>
  loaded.ok ? [] : loaded.problems.map(({ pointer, expected, found }) => `${pointer}: ${expected}, ${found}`)

const config = {
  integrations: { ci: { token: 'sealed:one' } },
  sources: {
    hub: { scheme: 'github', secrets: [{ ref: 'sealed:one', expires: '2999-01-01T00:00:00Z' }] },
    meta: { scheme: 'meta', secrets: ['sealed:one'], verifyToken: 'sealed:one' },
    both: {
      scheme: {
        anyOf: [
          { scheme: 'github', secrets: ['sealed:one'] },
          { scheme: 'gitlab-token', secrets: ['sealed:one'] },
        ],
      },
    },
    ready: { scheme: 'asana', capture: true },
    waits: { scheme: 'notion', capture: true },
  },
}

t.test('what is sealed stands wherever a secret may', async t => {
  const loaded = load(t, config, OPENED)
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems))
  const { integrations, sources, sealed } = loaded.config
  const only = [{ value: SEALED, expiresAt: null }]
  t.equal(integrations.get('ci')?.token, SEALED)
  t.same(sources.get('hub')?.secrets, [{ value: SEALED, expiresAt: Date.parse('2999-01-01T00:00:00Z') }])
  t.equal(sources.get('meta')?.settings.verifyToken, SEALED)
  t.same(sources.get('both')?.secrets, [...only, ...only])
  t.same(sources.get('ready')?.secrets, only)
  t.same(sources.get('waits')?.secrets, [], 'it has none yet')
  t.same(
    [...sources.values()].filter(({ captures }) => captures).map(({ name }) => name),
    ['ready', 'waits'],
  )
  t.same([...sealed.names], ['one'])
  t.same(sealed.unopened, [])
})

t.test('while the store is not open it is left out, and its places are told', async t => {
  const loaded = load(t, config)
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems))
  t.same([...loaded.config.sealed.unopened].sort(), [
    '/integrations/ci/token',
    '/sources/both/scheme/anyOf/0/secrets/0',
    '/sources/both/scheme/anyOf/1/secrets/0',
    '/sources/hub/secrets/0',
    '/sources/meta/secrets/0',
    '/sources/meta/verifyToken',
    '/sources/ready/capture',
    '/sources/waits/capture',
  ])
  t.same(loaded.config.sources.get('hub')?.secrets, [], 'and nothing else takes its place')
})

t.test('a sealed secret that is not there is a problem of the place that names it', async t => {
  t.same(problemsOf(load(t, { integrations: { ci: { token: 'sealed:two' } } }, OPENED)), [
    '/integrations/ci/token: a secret, none',
  ])
  const failing: OpenedSecrets = { ...OPENED, captured: () => absent }
  t.same(problemsOf(load(t, { sources: { waits: { scheme: 'asana', capture: true } } }, failing)), [
    '/sources/waits/capture: a secret, none',
  ])
})

t.test('a reference that names nothing, and one of an admin key, are none', async t => {
  for (const token of ['sealed:', 'sealed:Upper', 'sealed:source:asana', 'sealed:a/b', 'Sealed:one', 'seal:one'])
    t.match(problemsOf(load(t, { integrations: { ci: { token } } }, OPENED)), [
      /^\/integrations\/ci\/token: a reference: "env:NAME", "file:\/path" or "sealed:NAME".*, a literal value$/,
    ])
  const keys = [{ name: 'ops', role: 'admin', key: 'sealed:one' }]
  t.match(problemsOf(load(t, { admin: { keys } }, OPENED)), [
    /^\/admin\/keys\/0\/key: a reference: "env:NAME" or "file/,
  ])
})

t.test('capture is for senders that hand their secret out, and in the place of secrets', async t => {
  const reasons: Record<string, [object, string]> = {
    'another sender': [
      { scheme: 'github', capture: true },
      '/capture: no "capture": this sender hands out no secret when it is set up, true',
    ],
    'a kind': [
      { scheme: 'hmac', header: 'x', capture: true },
      '/capture: no "capture": this sender hands out no secret when it is set up, true',
    ],
    'secrets too': [
      { scheme: 'asana', capture: true, secrets: ['sealed:one'] },
      '/secrets: no "secrets" beside "capture", some',
    ],
    false: [{ scheme: 'asana', capture: false }, '/secrets: at least one secret, none'],
    'no flag': [{ scheme: 'asana', capture: 'yes', secrets: ['sealed:one'] }, '/capture: true or false, "yes"'],
    combined: [
      {
        scheme: {
          anyOf: [
            { scheme: 'asana', secrets: ['sealed:one'] },
            { scheme: 'github', secrets: ['sealed:one'] },
          ],
        },
        capture: true,
      },
      '/capture: no "capture" beside a combination of schemes, true',
    ],
    neither: [{ scheme: 'asana' }, '/secrets: at least one secret, none'],
  }
  for (const [what, [source, problem]] of Object.entries(reasons))
    t.same(problemsOf(load(t, { sources: { x: source } }, OPENED)), [`/sources/x${problem}`], what)
})

t.test('the master keys are read from .env or the environment, which wins; an empty one is none', async t => {
  const cwd = t.testdir({ '.env': `BRIDGE_MASTER_KEY=${KEY}\nBRIDGE_MASTER_KEY_NEW=nonsense-that-is-no-key\n` })
  t.match(readMasterKeys({ cwd, env: {} }), {
    current: { ok: true, key: { id: /^[0-9a-f]{16}$/ } },
    next: {
      ok: false,
      expected: /^BRIDGE_MASTER_KEY_NEW in the environment .*32 random bytes/,
      found: 'something else',
    },
  })
  const other = readMasterKeys({ cwd, env: { BRIDGE_MASTER_KEY: 'cd'.repeat(32), BRIDGE_MASTER_KEY_NEW: '' } })
  t.match(other, { current: { ok: true }, next: { ok: false, found: 'nothing' } })
  t.not(JSON.stringify(other), JSON.stringify(readMasterKeys({ cwd, env: {} })))
  t.notMatch(JSON.stringify(readMasterKeys({ cwd, env: {} })), /nonsense|abab/)
})
