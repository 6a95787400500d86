import t, { type Test } from 'tap'
import { loadConfig } from '../../src/config/load-config.ts'
import { readClientSettings } from '../../src/config/read-client.ts'

const KEY = 'canary-admin-key-0123456789'

function load(t: Test, admin: unknown, env: Record<string, string> = {}): ReturnType<typeof loadConfig> {
  const cwd = t.testdir({ 'bridge.json': JSON.stringify(admin === undefined ? {} : { admin }), mappings: {} })
  return loadConfig({ cwd, env })
}
function keysOf(loaded: ReturnType<typeof loadConfig>): unknown {
  return loaded.ok ? loaded.config.adminKeys : loaded.problems
}
function problemsOf(loaded: ReturnType<typeof loadConfig>): unknown {
  return loaded.ok ? [] : loaded.problems.map(({ pointer, message, found }) => [pointer, message, found])
}

t.test('admin keys are fetched by reference, each with its role', async t => {
  const admin = { keys: [{ name: 'ops', role: 'operator', key: 'env:OPS' }] }
  t.strictSame(keysOf(load(t, admin, { OPS: KEY })), [{ name: 'ops', role: 'operator', key: KEY }])
})

t.test('without keys in the file BRIDGE_ADMIN_KEY is one; with keys it is not', async t => {
  t.strictSame(keysOf(load(t, undefined, { BRIDGE_ADMIN_KEY: KEY })), [{ name: 'env', role: 'admin', key: KEY }])
  t.strictSame(keysOf(load(t, undefined, { BRIDGE_ADMIN_KEY: '' })), [])
  t.strictSame(keysOf(load(t, undefined)), [])
  const admin = { keys: [{ name: 'ops', role: 'viewer', key: 'env:OPS' }] }
  t.match(keysOf(load(t, admin, { OPS: `${KEY}-2`, BRIDGE_ADMIN_KEY: KEY })), [{ name: 'ops' }])
})

t.test('a key that is missing, short, odd, or there twice is refused with its place, without it', async t => {
  const entry = (name: string, key: string): object => ({ name, role: 'admin', key: `env:${key}` })
  const admin = {
    keys: [
      entry('a', 'NONE'),
      entry('b', 'SHORT'),
      entry('c', 'ODD'),
      entry('d', 'A'),
      entry('e', 'A'),
      entry('d', 'B'),
    ],
  }
  const loaded = load(t, admin, { SHORT: 'canary', ODD: `${KEY} é`, A: KEY, B: `${KEY}-b` })
  t.strictSame(problemsOf(loaded), [
    ['/admin/keys/0/key', 'expected the environment variable NONE to be set', 'nothing'],
    ['/admin/keys/1/key', 'expected a secret of at least 16 bytes in env:SHORT', '6 bytes'],
    ['/admin/keys/2/key', 'expected a key of visible ASCII characters in env:ODD', 'other characters'],
    ['/admin/keys/4/key', 'expected a key of its own', 'the key of another name'],
    ['/admin/keys/5/name', 'expected a name of its own', '"d" a second time'],
  ])
  t.notMatch(JSON.stringify(problemsOf(loaded)), /canary/)
  const short = load(t, undefined, { BRIDGE_ADMIN_KEY: 'canary' })
  t.strictSame(problemsOf(short), [
    ['/admin/keys', 'expected a secret of at least 16 bytes in env:BRIDGE_ADMIN_KEY', '6 bytes'],
  ])
})

t.test('a command finds the service by BRIDGE_URL, and has its key from the environment or .env', async t => {
  const cwd = t.testdir({ '.env': `BRIDGE_ADMIN_KEY=${KEY}\n` })
  t.strictSame(readClientSettings({ cwd, env: {} }), { ok: true, settings: { url: 'http://127.0.0.1:8787', key: KEY } })
  const env = { BRIDGE_URL: 'https://hooks.example.com/bridge/', BRIDGE_ADMIN_KEY: 'another' }
  t.strictSame(readClientSettings({ cwd, env }), {
    ok: true,
    settings: { url: 'https://hooks.example.com/bridge', key: 'another' },
  })
  t.strictSame(readClientSettings({ cwd: t.testdir({ empty: {} }), env: {} }), {
    ok: true,
    settings: { url: 'http://127.0.0.1:8787', key: null },
  })
  for (const BRIDGE_URL of ['nonsense', 'ftp://x', 'http://canary:canary@x'])
    t.match(readClientSettings({ cwd, env: { BRIDGE_URL } }), {
      ok: false,
      message: /^BRIDGE_URL: expected an http\(s\) URL/,
    })
})
