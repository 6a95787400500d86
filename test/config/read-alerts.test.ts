import t, { type Test } from 'tap'
import { ALERT_KIND_NAMES } from '../../src/alerts/alert-kinds.ts'
import { knownKeysAt } from '../../src/config/bridge-schema.ts'
import { loadConfig } from '../../src/config/load-config.ts'

const SECRET = `whsec_${Buffer.from('canary-alert-secret-0123456789').toString('base64')}`
const URL = 'https://alerts.example.com/in?team=web'

function load(t: Test, alerts: unknown, rest: object = {}, env: Record<string, string> = { ALERT_SECRET: SECRET }) {
  return loadConfig({ cwd: t.testdir({ 'bridge.json': JSON.stringify({ alerts, ...rest }), mappings: {} }), env })
}
const webhook = (change: object = {}) => ({ webhook: { url: URL, secret: 'env:ALERT_SECRET', ...change } })

t.test('without "alerts" nobody is told; with it everything, within ten minutes once', async t => {
  const none = loadConfig({ cwd: t.testdir({ 'bridge.json': '{}', mappings: {} }), env: {} })
  t.match(none, {
    ok: true,
    config: { alerts: null, metrics: { isPublic: false }, tracing: { propagates: false }, search: { payloads: false } },
  })
  const loaded = load(t, webhook())
  t.match(loaded, {
    ok: true,
    config: { alerts: { webhook: { secret: SECRET }, logs: true, windowMs: 600_000, backlogJobsMark: 1_000 } },
  })
  if (!loaded.ok) return
  t.equal(loaded.config.alerts?.webhook?.url.href, URL)
  t.strictSame(loaded.config.alerts?.on, new Set(ALERT_KIND_NAMES))
})

t.test('what is wrong is said where it stands, and no secret with it', async t => {
  const at = (pointer: string, expected: RegExp) => [{ pointer, message: expected }]
  const wrong: [unknown, Record<string, string>, ReturnType<typeof at>][] = [
    [webhook({ url: 'http://alerts.example.com' }), {}, at('/alerts/webhook/url', /an https URL/)],
    [webhook({ url: 'https://canary:canary@alerts.example.com' }), {}, at('/alerts/webhook/url', /without a user/)],
    [webhook({ url: 'canary' }), {}, at('/alerts/webhook/url', /an https URL/)],
    [webhook(), { ALERT_SECRET: '' }, at('/alerts/webhook/secret', /a secret in env:ALERT_SECRET/)],
    [webhook(), { ALERT_SECRET: 'canary: no base64 here!' }, at('/alerts/webhook/secret', /whsec_<base64>/)],
    [webhook({ secret: SECRET }), {}, at('/alerts/webhook/secret', /a reference/)],
    [{ webhook: 'https://x.example/canary' }, {}, at('/alerts/webhook', /"url", "secret"/)],
    [{ on: ['dead_leter'] }, {}, at('/alerts/on/0', /one of dead_letter, held/)],
    [{ window: '10 minutes' }, {}, at('/alerts/window', /a duration/)],
    [{ backlogJobs: 0 }, {}, at('/alerts/backlogJobs', /a whole number/)],
  ]
  for (const [alerts, env, expected] of wrong) {
    const loaded = load(t, alerts, {}, { ALERT_SECRET: SECRET, ...env })
    t.notOk(loaded.ok)
    if (loaded.ok) continue
    t.match(loaded.problems, expected, JSON.stringify(alerts))
    t.notMatch(JSON.stringify(loaded.problems), /canary|Y2FuYXJ5/)
  }
})

t.test('a webhook on this machine needs no TLS', async t => {
  t.ok(load(t, webhook({ url: 'http://127.0.0.1:9000/' })).ok)
})

t.test('unknown keys are told with those there are', async t => {
  t.match(load(t, { webhok: {} }), { problems: [{ code: 'unknown_key', suggestion: 'webhook' }] })
  t.strictSame(knownKeysAt('/alerts'), ['webhook', 'log', 'on', 'window', 'backlogJobs'])
  t.strictSame(knownKeysAt('/alerts/webhook'), ['url', 'secret'])
  const others = ['/metrics', '/tracing', '/search']
  t.strictSame(others.map(knownKeysAt), [['public'], ['propagate'], ['payloads']])
})
