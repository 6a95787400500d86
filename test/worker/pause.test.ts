import t, { type Test } from 'tap'
import { ADMIN_KEY, getApi, postApi } from '../fixtures/call-api.ts'
import { callClient } from '../fixtures/call-client.ts'
import { type TestBridge, waitFor } from '../fixtures/start-test-bridge.ts'
import { emit, INTEGRATION, LIMITS, requestsOf, startWorkerBridge } from '../fixtures/start-worker-bridge.ts'

/** Pauses and the circuit breaker through a whole bridge, by the API and by the command. */

// each has a bridge of its own
t.jobs = 4

const admin = {
  keys: [
    { name: 'ops', role: 'operator', key: 'env:OPS_KEY' },
    { name: 'look', role: 'viewer', key: 'env:LOOK_KEY' },
  ],
}
const VIEWER_KEY = 'canary-viewer-key-0123456789'
const CIRCUIT = { attempts: 4, open: '300ms' }

function start(t: Test, integration: object = {}, options: Parameters<typeof startWorkerBridge>[1] = {}) {
  return startWorkerBridge(t, {
    ...options,
    env: { OPS_KEY: ADMIN_KEY, LOOK_KEY: VIEWER_KEY },
    config: { admin, limits: LIMITS, integrations: { ci: { ...INTEGRATION, ...integration } } },
  })
}
const waitsOf = async (bridge: TestBridge) =>
  (await getApi<{ jobs: { state: string; waitsFor: string | null }[] }>(bridge, 'jobs')).body.jobs.map(
    ({ state, waitsFor }) => `${state} ${waitsFor}`,
  )
const quiet = () => new Promise(resolve => setTimeout(resolve, 400))

for (const [kind, path] of [
  ['source', 'sources/open'],
  ['integration', 'integrations/ci'],
  ['mapping', 'mappings/read'],
] as const) {
  t.test(`a paused ${kind} takes deliveries and sends nothing, and goes on where it stopped`, async t => {
    const bridge = await start(t)
    t.match(await postApi(bridge, `${path}/pause`, { reason: 'the site moves' }), {
      status: 200,
      body: { name: path.split('/')[1], state: 'paused' },
    })
    const ids = [await emit(bridge, 'read', { n: '1' }), await emit(bridge, 'read', { n: '2' })]
    for (const id of ids) await bridge.settled(id, ({ jobs }) => jobs.length === 1)
    await quiet()
    t.equal(requestsOf(bridge).length, 0)
    t.strictSame(await waitsOf(bridge), [`queued ${kind}_paused`, `queued ${kind}_paused`])

    const pause = { by: 'ops', reason: 'the site moves' }
    const list = (await getApi<Record<string, { name: string; paused: object | null }[]>>(bridge, path.split('/')[0]!))
      .body[path.split('/')[0]!]!
    t.match(
      list.find(({ name }) => name === path.split('/')[1]),
      { paused: pause },
    )
    t.match((await getApi(bridge, 'stats')).body, { paused: [{ kind, name: path.split('/')[1], ...pause }] })
    const ready = await bridge.app.inject({ url: '/health/ready' })
    t.match(JSON.parse(ready.body), {
      status: 'ready',
      warnings: [/unsigned/, `${kind} "${path.split('/')[1]}" is paused`],
    })
    t.notMatch(ready.body, /ops|moves/, 'anybody may ask')

    t.ok(await bridge.reload('test'))
    await bridge.stop()
    const again = await start(t, {}, { folder: bridge.folder })
    await quiet()
    t.strictSame(
      await waitsOf(again),
      [`queued ${kind}_paused`, `queued ${kind}_paused`],
      'after a reload and a restart',
    )
    again.folder.write(
      'bridge.json',
      bridge.folder.read('bridge.json').replaceAll(bridge.sandbox.url, again.sandbox.url),
    )
    t.ok(await again.reload('test'))
    t.match(await postApi(again, `${path}/resume`, {}), { status: 200, body: { state: 'running' } })
    for (const id of ids) t.equal((await again.job(id)).state, 'succeeded')
    t.match(
      again.rows(
        `select actor, action, ${kind} as name, detail from audit_entry where action like '${kind}.%' order by seq`,
      ),
      [
        { actor: 'admin:ops', action: `${kind}.paused`, name: path.split('/')[1], detail: /the site moves/ },
        { actor: 'admin:ops', action: `${kind}.resumed`, name: path.split('/')[1] },
      ],
    )
  })
}

t.test('only what is configured can be paused, and only by an operator', async t => {
  const bridge = await start(t)
  for (const path of ['sources/nobody', 'integrations/nobody', 'mappings/nobody'])
    for (const act of ['pause', 'resume'])
      t.match(await postApi(bridge, `${path}/${act}`, {}), { status: 404, body: { error: { code: 'not_found' } } })
  t.equal((await postApi(bridge, 'sources/open/pause', { reason: '' })).status, 400)
  t.equal((await postApi(bridge, 'sources/open/pause', {}, { authorization: `Bearer ${VIEWER_KEY}` })).status, 403)
  t.match(await postApi(bridge, 'sources/open/resume', {}), { status: 200, body: { message: /was not paused/ } })
  t.strictSame(await bridge.bridge.store.readPauses(), [])
})

t.test('what is paused and then configured no more can still be resumed', async t => {
  const bridge = await start(t, {}, { mappings: { extra: { ...SPARE } } })
  t.equal((await postApi(bridge, 'mappings/extra/pause', {})).status, 200)
  const { rmSync } = await import('node:fs')
  rmSync(`${bridge.folder.path}/mappings/extra.json`)
  await waitFor('the mapping to be gone', () => !bridge.bridge.live.setup.mappings.has('extra'))
  t.match(await postApi(bridge, 'mappings/extra/resume', {}), { status: 200, body: { state: 'running' } })
  t.equal((await postApi(bridge, 'mappings/extra/resume', {})).status, 404)
})
const SPARE = {
  source: 'open',
  on: ['extra'],
  integration: 'ci',
  steps: [{ id: 'a', operation: 'entries', variables: { collectionId: 'col_products', search: 'x' } }],
}

t.test('the commands pause, resume, rotate, revoke and show', async t => {
  const bridge = await start(t, { rotateAfter: '1d', purpose: 'Publish pages', owner: 'web team' })
  const run = (...args: string[]) => callClient(t, bridge.url, args)
  await bridge.job(await emit(bridge, 'set', { key: 'k', entry: 'ent_free', price: 1 }), 'succeeded')
  for (const [thing, name] of [
    ['sources', 'open'],
    ['integrations', 'ci'],
    ['mappings', 'read'],
  ] as const) {
    t.match(await run(thing, 'pause', name, '--reason', 'a\u001b[31m reason'), {
      code: 0,
      out: new RegExp(`^${name}  paused  `),
    })
    t.match(await run(thing), { code: 0, out: new RegExp(`${name} .*paused`) })
    t.match(await run(thing, 'resume', name), { code: 0, out: `${name}  running  The ${thing.slice(0, -1)} goes on\n` })
    t.match(await run(thing, 'pause', 'nobody'), { code: 1, err: /nobody {2}not_found/ })
    t.ok(JSON.parse((await run(thing, 'list', '--json')).out)[thing].length > 0)
  }
  const shown = await run('integrations', 'show', 'ci')
  t.match(shown.out, /^ci {2}running\n {2}Publish pages \(web team\)\n {2}token from env:PIXELESQ_TOKEN\n/)
  t.match(shown.out, /1 × updateEntry by set, last \d{4}-/)
  t.match(shown.out, /rotate by \d{4}-/)
  await run('integrations', 'pause', 'ci', '--reason', 'a\u001b[31m reason')
  t.match((await run('integrations', 'show', 'ci')).out, /paused since .* by ops: a/)
  t.notMatch((await run('integrations', 'show', 'ci')).out, '\u001b[31m reason')
  await run('integrations', 'resume', 'ci')
  t.match(await run('integrations', 'show', 'nobody'), { code: 1, err: /none named "nobody"/ })
  t.match(await run('integrations', 'rotate', 'ci'), { code: 0, out: /in force already/ })
  const { tokens } = JSON.parse((await run('integrations', 'show', 'ci', '--json')).out)
  t.match(await run('jobs', '--token', tokens[0].fingerprint), { code: 0, out: /job_1_1 / })
  t.match(await run('integrations', 'revoke', 'ci', '--json'), { code: 0, out: /"ok":true,"state":"revoked"/ })
  t.match((await run('integrations')).out, /ci +running +[0-9a-f]{16} +revoked .*revoked/)
})

t.test('which secret of a source is in use is shown, by its fingerprint', async t => {
  const bridge = await start(t)
  const secretsOf = async (of: TestBridge, source: string) => {
    const { body } = await getApi<{ sources: { name: string; secrets: object[] }[] }>(of, 'sources')
    return body.sources.find(({ name }) => name === source)!.secrets
  }
  t.match(await secretsOf(bridge, 'zapier'), [{ position: 1, fingerprint: /^[0-9a-f]{16}$/, lastVerifiedAt: null }])
  await bridge.deliver('zapier', { n: 1 }, { type: 'x' })
  const [used] = await secretsOf(bridge, 'zapier')
  t.match(used, { lastVerifiedAt: /^\d{4}-/ })
  t.match(await secretsOf(bridge, 'github'), [{ lastVerifiedAt: null }])
  t.strictSame(await secretsOf(bridge, 'open'), [])
  await bridge.stop()
  const again = await start(t, {}, { folder: bridge.folder })
  t.strictSame(await secretsOf(again, 'zapier'), [used], 'it is known after a restart')
})

t.test('an API that fails opens the circuit: nothing is claimed, one job tries again, and then all go on', async t => {
  const bridge = await start(t, { circuitBreaker: CIRCUIT, concurrency: 2, attempts: 20 })
  bridge.sandbox.addFault({ kind: 'status', status: 503, times: 5 })
  const ids = await Promise.all(Array.from({ length: 10 }, (_, n) => emit(bridge, 'read', { n: String(n) })))
  await waitFor('the circuit to open', () => bridge.bridge.readCircuit('ci').state === 'open')
  const seen = requestsOf(bridge).length
  t.ok(seen <= 5, `${seen} requests: the four it looked at, and what was under way`)
  t.ok((await waitsOf(bridge)).includes('queued circuit_open'))
  t.match((await getApi(bridge, 'integrations')).body, {
    integrations: [{ circuit: { state: 'open', until: /^\d{4}-/ } }],
  })
  t.match((await getApi(bridge, 'stats')).body, { circuits: [{ integration: 'ci' }] })
  for (const id of ids) t.match(await bridge.job(id), { state: 'succeeded' })
  t.equal(bridge.bridge.readCircuit('ci').state, 'closed')
  const actions = await waitFor('the account', () => {
    const rows = bridge.rows<{ action: string }>(
      `select action from audit_entry where action like 'circuit.%' order by seq`,
    )
    return rows.at(-1)?.action === 'circuit.closed' && rows.map(({ action }) => action)
  })
  t.strictSame(actions.slice(0, 2), ['circuit.opened', 'circuit.half_opened'])
  t.ok(bridge.log().some(({ level, msg }) => level === 'warn' && msg.startsWith('the circuit is open')))
})

t.test('switched off, it lets every attempt be made', async t => {
  const bridge = await start(t, { circuitBreaker: false, attempts: 20 })
  bridge.sandbox.addFault({ kind: 'status', status: 503, times: 12 })
  t.match(await bridge.job(await emit(bridge, 'read', { n: '1' })), { state: 'succeeded', attempts: 12 })
  t.match((await getApi(bridge, 'integrations')).body, { integrations: [{ circuit: { state: 'off' } }] })
})
