import { createHash } from 'node:crypto'
import t from 'tap'
import type { z } from 'zod'
import { errorAnswer } from '../../../src/admin/answer-parts.ts'
import { apiRoutesOf } from '../../../src/admin/api-routes.ts'
import { auditAnswer, verdictAnswer } from '../../../src/admin/audit-answers.ts'
import { eventAnswer, eventsAnswer, rejectedAnswer, rejectedListAnswer } from '../../../src/admin/event-answers.ts'
import { jobAnswer, jobsAnswer, replayAnswer, replaysAnswer } from '../../../src/admin/job-answers.ts'
import {
  integrationsAnswer,
  keysAnswer,
  mappingsAnswer,
  secretsAnswer,
  sourcesAnswer,
} from '../../../src/admin/setup-answers.ts'
import { doctorAnswer, statsAnswer } from '../../../src/admin/state-answers.ts'
import { escapeHtml } from '../../../src/mapping/expression/html-functions.ts'
import { ADMIN_KEY, getApi, getRaw, postApi } from '../../fixtures/call-api.ts'
import { listKept, sendRefused } from '../../fixtures/send-refused.ts'
import { startTestBridge } from '../../fixtures/start-test-bridge.ts'
import { emit, one } from '../../fixtures/start-worker-bridge.ts'

const KEYS = { viewer: 'canary-viewer-key-0123456789', operator: 'canary-operator-key-012345', admin: ADMIN_KEY }
type Role = keyof typeof KEYS
const ROLES: readonly Role[] = ['viewer', 'operator', 'admin']
const admin = { keys: ROLES.map(role => ({ name: role, role, key: `env:KEY_${role.toUpperCase()}` })) }
const env = Object.fromEntries(ROLES.map(role => [`KEY_${role.toUpperCase()}`, KEYS[role]]))
const rename = one('rename', 'renameEntry', { entryId: 'ent_free', name: 'x' })
const bridge = await startTestBridge(t, { mappings: { rename }, config: { admin }, env })
const eventId = await emit(bridge, 'rename')
const job = await bridge.job(eventId)
await sendRefused(bridge, 'github', 'nobody-knows-this-0123456789', { n: 1 }, { type: 'push' })
const rejectedId = (await listKept(bridge, 1))[0]!.id
// one that no mapping takes: nothing is sent for it
const unmapped = await emit(bridge, 'nothing')
await bridge.settled(unmapped)
await postApi(bridge, 'replays', { ids: [unmapped] })
const [replayId] = bridge.rows<{ seq: number }>('select seq from replay').map(({ seq }) => `rpl_1_${seq}`)
const idFor = (path: string): string =>
  path.includes('/jobs/')
    ? job.id
    : path.includes('/rejected/')
      ? rejectedId
      : path.includes('/replays/')
        ? replayId!
        : eventId

interface Described {
  'x-role': Role
  operationId: string
  summary: string
  parameters: { name: string; in: string }[]
  requestBody?: object
}
interface Document {
  openapi: string
  paths: Record<string, Record<string, Described>>
}
const { body: document } = await getApi<Document>(bridge, 'openapi.json')
const described = Object.entries(document.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, route]) => ({ path, method, route })),
)

t.test('every route of the API is described, and no other', async t => {
  t.equal(document.openapi, '3.1.0')
  const tree = bridge.app.printRoutes({ commonPrefix: false, includeMeta: false })
  const found = [...tree.matchAll(/(?:GET|POST|DELETE|PUT|PATCH)(?=[,)])/g)]
  t.ok(found.length > described.length)
  const expected = [
    'delete /api/replays/{id}',
    'delete /api/secrets/{name}',
    'get /api/audit',
    'get /api/audit/export',
    'get /api/audit/verify',
    'get /api/backup',
    'get /api/doctor',
    'get /api/docs',
    'get /api/events',
    'get /api/events/{id}',
    'get /api/events/{id}/payload',
    'get /api/integrations',
    'get /api/jobs',
    'get /api/jobs/{id}',
    'get /api/keys',
    'get /api/mappings',
    'get /api/openapi.json',
    'get /api/rejected',
    'get /api/rejected/{id}',
    'get /api/replays',
    'get /api/replays/{id}',
    'get /api/secrets',
    'get /api/sources',
    'get /api/stats',
    'post /api/alerts/test',
    'post /api/integrations/{name}/pause',
    'post /api/integrations/{name}/resume',
    'post /api/integrations/{name}/revoke',
    'post /api/integrations/{name}/rotate',
    'post /api/jobs/discard',
    'post /api/jobs/retry',
    'post /api/jobs/{id}/discard',
    'post /api/jobs/{id}/retry',
    'post /api/jobs/{id}/settle',
    'post /api/mappings/try',
    'post /api/mappings/{name}/pause',
    'post /api/mappings/{name}/resume',
    'post /api/rehearsals',
    'post /api/replays',
    'post /api/sources/{name}/reconcile',
    'post /api/rejected/retry',
    'post /api/rejected/{id}/retry',
    'post /api/secrets/reseal',
    'post /api/sources/{name}/capture',
    'put /api/secrets/{name}',
    'post /api/sources/{name}/pause',
    'post /api/sources/{name}/resume',
  ]
  t.same(described.map(({ path, method }) => `${method} ${path}`).sort(), expected.sort())
  t.equal(described.length, apiRoutesOf(bridge.bridge).length)
  t.equal(new Set(described.map(({ route }) => route.operationId)).size, described.length)
  for (const { path, route } of described) {
    t.ok(ROLES.includes(route['x-role']), path)
    t.ok(route.summary.length > 10, path)
  }
})

t.test('of every key a route is asked with it is said what is expected', t => {
  for (const { url, method, doc } of apiRoutesOf(bridge.bridge))
    for (const [key, schema] of Object.entries({ ...doc.query?.shape, ...doc.body?.shape }))
      t.ok((schema as z.ZodType).description, `${method} ${url}: ${key}`)
  t.end()
})

t.test('a route without a role or a description cannot be registered', async t => {
  const { default: apiHooks } = await import('../../../routes/api/autohooks.ts')
  const { default: Fastify } = await import('fastify')
  for (const config of [{}, { role: 'viewer' as const }, { doc: { summary: 'x' } }]) {
    const app = Fastify()
    app.decorate('bridge', bridge.bridge)
    app.decorate('countFailure', bridge.app.countFailure)
    await apiHooks(app)
    t.throws(() => app.get('/api/bare', { config }, async () => ({})), /expected "role" and "doc"/)
  }
})

t.test('each role may do what its routes say, and nobody without a key', async t => {
  for (const { path, method, route } of described) {
    const url = `${bridge.url}${path.replace('{id}', idFor(path))}`
    const body = method === 'post' ? { body: '{"version":"0123456789abcdef"}' } : {}
    const ask = (key: string | null): Promise<Response> =>
      fetch(url, {
        method: method.toUpperCase(),
        ...body,
        headers: { 'content-type': 'application/json', ...(key !== null && { authorization: `Bearer ${key}` }) },
      })
    const needed = ROLES.indexOf(route['x-role'])
    for (const [rank, role] of ROLES.entries()) {
      const { status } = await ask(KEYS[role])
      if (rank < needed) t.equal(status, 403, `${role} ${method} ${path}`)
      else t.ok([200, 400, 409].includes(status), `${role} ${method} ${path}: ${status}`)
    }
    t.equal((await ask(null)).status, 401, `${method} ${path}`)
  }
})

t.test('no route allows another origin, or says that it would', async t => {
  for (const { path, method } of described) {
    const url = `${bridge.url}${path.replace(/\{\w+\}/, idFor(path))}`
    const origin = 'https://evil.example'
    const asked = {
      origin,
      'access-control-request-method': method.toUpperCase(),
      authorization: `Bearer ${ADMIN_KEY}`,
    }
    const answers = [await fetch(url, { method: 'OPTIONS', headers: asked })]
    if (method === 'get') answers.push(await fetch(url, { headers: asked }))
    for (const { headers } of answers)
      t.same(
        [...headers.keys()].filter(name => name.startsWith('access-control-')),
        [],
        `${method} ${path}`,
      )
    t.ok(answers[0]!.status >= 400, `OPTIONS ${path}`)
  }
})

t.test('an id that is none is not found, whatever it is, and not repeated', async t => {
  const ids = [
    'xyzzy',
    "evt_1_1' or '1'='1",
    'evt_1_1%00',
    '../events',
    '..%2f..%2f.env',
    '__proto__',
    '<script>1</script>',
    '%',
    'evt_1_1;x',
    'evt_1_zzzzzzzzzzzzzzzzzzzz',
    'job_999999_1',
    '\u202eevt_1_1',
    'e'.repeat(5_000),
  ]
  for (const { path, method } of described) {
    if (!path.includes('{id}')) continue
    for (const id of ids) {
      const url = `${bridge.url}${path.replace('{id}', id.includes('%') ? id : encodeURIComponent(id))}`
      const text = path.endsWith('/settle') ? '{"applied":true}' : '{}'
      const json = method === 'post' ? { type: { 'content-type': 'application/json' }, body: { body: text } } : null
      const headers = { authorization: `Bearer ${ADMIN_KEY}`, ...json?.type }
      const answer = await fetch(url, { method: method.toUpperCase(), headers, ...json?.body })
      t.equal(answer.status, 404, `${method} ${path} ${id.slice(0, 20)}`)
      const { error } = JSON.parse(await answer.text())
      t.notOk(`${error.code} ${error.message}`.includes(id), 'nothing of it is repeated')
    }
  }
})

t.test('the document is readable as a page that loads and runs nothing', async t => {
  const { status, headers, text } = await getRaw(bridge, 'docs')
  t.equal(status, 200)
  t.equal(headers.get('content-type'), 'text/html; charset=utf-8')
  const policy = headers.get('content-security-policy')!
  t.match(policy, /^default-src 'none'; style-src 'sha256-[^']+';/)
  const style = /<style>([\s\S]*?)<\/style>/.exec(text)![1]!
  t.ok(policy.includes(createHash('sha256').update(style).digest('base64')), 'its own style is allowed')
  t.notMatch(text, /<script|<link|<img|<iframe|src=|url\(|style="|\son\w+=|https?:/)
  for (const { path, method, route } of described) {
    t.ok(text.includes(`<h2><code>${method.toUpperCase()} ${path}</code></h2>`), path)
    t.ok(text.includes(escapeHtml(route.summary)), `${path}: ${route.summary}`)
  }
})

t.test('too many requests with one key are told to wait, and only that key', async t => {
  const guarded = await startTestBridge(t, { config: { admin, limits: { apiPerMinute: 3 } }, env })
  for (const path of ['stats', 'jobs', 'sources']) t.equal((await getRaw(guarded, path, KEYS.viewer)).status, 200)
  for (const path of ['stats', 'events']) {
    const { status, headers, text } = await getRaw(guarded, path, KEYS.viewer)
    t.equal(status, 429, path)
    t.ok(Number(headers.get('retry-after')) >= 1)
    t.match(text, /"too_many_requests"/)
  }
  t.equal((await getRaw(guarded, 'stats', KEYS.operator)).status, 200)
})

t.test('requests that the role of a key forbids count for its limit: each is a row of the audit', async t => {
  const guarded = await startTestBridge(t, { config: { admin, limits: { apiPerMinute: 2 } }, env })
  const retry = async (): Promise<number> => {
    const headers = { authorization: `Bearer ${KEYS.viewer}` }
    return (await fetch(`${guarded.url}/api/jobs/job_0_1/retry`, { method: 'POST', headers })).status
  }
  t.same([await retry(), await retry(), await retry()], [403, 403, 429])
})

t.test('when a key was last used is known, also after a restart, and tells nothing of it', async t => {
  const first = await startTestBridge(t, { config: { admin }, env })
  await getRaw(first, 'stats', KEYS.viewer)
  await first.stop()
  const again = await startTestBridge(t, { folder: first.folder })
  const { body, text } = await getApi<{ keys: { name: string; lastUsedAt: string | null }[] }>(again, 'keys')
  t.same(
    body.keys.map(({ name }) => name),
    ROLES,
  )
  const [viewer, operator] = body.keys
  t.match(viewer!.lastUsedAt, /^\d{4}-.*Z$/)
  t.equal(operator!.lastUsedAt, null)
  t.notMatch(text, /canary/)
})

t.test('what a route takes is what its document says', async t => {
  for (const { path, method, route } of described) {
    if (method !== 'get') continue
    const url = path.replace('/api/', '').replace('{id}', idFor(path))
    t.equal((await getRaw(bridge, url)).status, 200, path)
    t.equal((await getRaw(bridge, `${url}?nothing=1`)).status, 400, `${path} refuses what it does not know`)
    for (const { name, in: place } of route.parameters)
      if (place === 'query') t.equal((await getRaw(bridge, `${url}?${name}=`)).status, 400, `${path} knows ${name}`)
  }
})

t.test('answers are what the document says', async t => {
  for (const [path, schema] of [
    ['audit', auditAnswer],
    ['audit/verify', verdictAnswer],
    ['events', eventsAnswer],
    [`events/${eventId}`, eventAnswer],
    ['jobs', jobsAnswer],
    [`jobs/${job.id}`, jobAnswer],
    ['rejected', rejectedListAnswer],
    [`rejected/${rejectedId}`, rejectedAnswer],
    ['integrations', integrationsAnswer],
    ['mappings', mappingsAnswer],
    ['sources', sourcesAnswer],
    ['secrets', secretsAnswer],
    ['keys', keysAnswer],
    ['replays', replaysAnswer],
    [`replays/${replayId}`, replayAnswer],
    ['stats', statsAnswer],
    ['doctor', doctorAnswer],
    ['events?x=1', errorAnswer],
  ] as const) {
    const { body } = await getApi(bridge, path)
    const parsed = schema.safeParse(body)
    t.ok(parsed.success, `${path}: ${parsed.error?.message}`)
  }
})

t.test('integrations, mappings, sources and figures are what is in force', async t => {
  t.match((await getApi(bridge, 'integrations')).body, {
    integrations: [
      { name: 'ci', configured: true, concurrency: 4, tokens: [{ state: 'active', uses: 1, lastAnswer: 'ok' }] },
    ],
  })
  t.match((await getApi(bridge, 'mappings')).body, {
    mappings: [{ name: 'rename', source: 'open', on: ['rename'], integration: 'ci', operations: ['renameEntry'] }],
    problems: 0,
  })
  const { sources } = (await getApi<{ sources: { name: string; scheme: string }[] }>(bridge, 'sources')).body
  t.ok(sources.some(({ name, scheme }) => name === 'github' && scheme === 'github'))
  const stats = (await getApi(bridge, 'stats')).body
  t.match(stats, { openJobs: 0, unroutedEvents: 0, oldestUnroutedAt: null, oldestJobAt: null })
  t.strictSame(stats.jobs, {})
  t.match(stats, { paused: [], circuits: [] })
})

t.test('failures count for an address wherever below /api they happen', async t => {
  const limits = { failedAuthPerMinute: 2 }
  const guarded = await startTestBridge(t, { config: { admin, limits }, env })
  for (const path of ['events', 'jobs']) t.equal((await getRaw(guarded, path, 'nobody-0123456789')).status, 401)
  t.equal((await getRaw(guarded, 'events', 'nobody-0123456789')).status, 429)
  for (const path of ['stats', 'sources', 'openapi.json']) t.equal((await getRaw(guarded, path)).status, 429, path)
})
