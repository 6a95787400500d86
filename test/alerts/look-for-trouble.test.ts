import t, { type Test } from 'tap'
import type { Raised } from '../../src/alerts/alerts.ts'
import { createLook } from '../../src/alerts/look-for-trouble.ts'
import { watchAudit } from '../../src/alerts/watch-audit.ts'
import type { AuditAction } from '../../src/store/audit.ts'
import type { Store } from '../../src/store/store.ts'
import type { JobShares } from '../../src/store/upkeep.ts'
import { EDITOR } from '../fixtures/call-sandbox.ts'
import { startRawTarget, startTarget } from '../fixtures/start-target.ts'
import { type TestBridge, waitFor } from '../fixtures/start-test-bridge.ts'
import { emit, INTEGRATION, LIMITS, one, startWorkerBridge } from '../fixtures/start-worker-bridge.ts'

const DAY_MS = 86_400_000

/** A look at a running bridge, whose clock the test moves. */
function lookAt({ bridge }: TestBridge) {
  const raised: Raised[] = []
  const clock = { now: Date.now() }
  const { store, live, activity } = bridge
  const look = createLook({ store, live, activity, alerts: { raise: r => void raised.push(r) }, now: () => clock.now })
  return { raised, clock, look, take: () => raised.splice(0) }
}

const start = (t: Test, config: Record<string, unknown> = {}, body = '{"errors":[{"message":"no such page"}]}') =>
  startTarget(t, { body }).then(target =>
    startWorkerBridge(t, { config: { pixelesq: { endpoint: target.endpoint.href }, ...config } }),
  )

t.test('what was there at the first look is not told; a job that dies after it is', async t => {
  const bridge = await start(t)
  await bridge.job(await emit(bridge, 'keyed', { name: 'a' }), 'dead')
  const { look, take } = lookAt(bridge)
  await look()
  t.same(take(), [])
  const job = await bridge.job(await emit(bridge, 'keyed', { name: 'b' }), 'dead')
  await look()
  t.match(take(), [
    {
      kind: 'dead_letter',
      what: `1 job is dead (the last one ${job.id}: rejected)`,
      where: 'mapping "keyed", integration "ci"',
      path: `/api/jobs/${job.id}`,
      count: 1,
    },
  ])
  await look()
  t.same(take(), [], 'once')
})

t.test('a job that dies while another one is given back is told all the same', async t => {
  const bridge = await start(t)
  const first = await bridge.job(await emit(bridge, 'keyed', { name: 'a' }), 'dead')
  const { look, take } = lookAt(bridge)
  await look()
  const { store, activity } = bridge.bridge
  const act = { jobId: first.id, version: null, now: Date.now(), actor: 'ops', fromStart: false, force: false }
  t.match(await store.retryJob(act), { ok: true })
  await waitFor('it to die again', () => activity.mappings.get('keyed')?.counts.get('dead') === 2)
  t.same(await store.countJobs(), { dead: 1 }, 'the store has as many as before')
  await look()
  t.match(take(), [{ kind: 'dead_letter', count: 1 }])
})

t.test('what a job died of in the words of the API, and its payload, are in no alert', async t => {
  const bridge = await start(t, {}, '{"errors":[{"message":"canary-answer"}]}')
  const { look, take } = lookAt(bridge)
  await look()
  await bridge.job(await emit(bridge, 'keyed', { name: 'canary-payload' }), 'dead')
  await look()
  t.notMatch(JSON.stringify(take()), 'canary')
})

t.test('a job that comes in doubt is told, once however often it is asked for', async t => {
  const target = await startRawTarget(t, socket => socket.destroy())
  const bridge = await startWorkerBridge(t, { config: { pixelesq: { endpoint: target.endpoint.href } } })
  const { look, take } = lookAt(bridge)
  await look()
  await bridge.job(await emit(bridge, 'create', { name: 'a', slug: 'a' }), 'held')
  await look()
  const told = take().map(({ kind, count }) => ({ kind, count }))
  t.same(told, [
    { kind: 'held', count: 1 },
    { kind: 'in_doubt', count: 1 },
  ])
})

t.test('a job that is held is told', async t => {
  const held = one('wait', 'entries', {}, { steps: [{ id: 'a', hold: 'a person must look' }] })
  const bridge = await startWorkerBridge(t, { mappings: { wait: held } })
  const { look, take } = lookAt(bridge)
  await look()
  await bridge.job(await emit(bridge, 'wait'), 'held')
  await look()
  t.match(take(), [{ kind: 'held', where: 'mapping "wait", integration "ci"', count: 1 }])
})

t.test('a dead letter among the events is told: a quarantine, a conflict of ids', async t => {
  const bridge = await start(t)
  const { look, take } = lookAt(bridge)
  await look()
  const headers = { 'idempotency-key': 'one', 'content-type': 'application/json' }
  await bridge.settled(await bridge.deliver('acme', '{"a":', { headers }))
  const answer = await bridge.send('acme', '{"a":2}', { headers })
  t.equal(answer.body.outcome, 'id_conflict')
  await waitFor('it to be counted', () => bridge.bridge.activity.sources.get('acme')?.counts.get('id_conflict') === 1)
  await look()
  t.match(
    take().map(({ kind, where, key }) => ({ kind, where, key })),
    [
      { kind: 'dead_letter', where: 'source "acme"', key: 'id_conflict\nacme' },
      { kind: 'dead_letter', where: 'events', key: 'quarantined' },
    ],
  )
})

t.test('what stands is told once, again after a day, and anew where it had gone', async t => {
  const integrations = { ci: { ...INTEGRATION, rotateAfter: '1ms' } }
  const limits = { ...LIMITS, diskFreeBytes: 1e15 }
  const bridge = await start(t, { integrations, alerts: {} })
  const { look, take, clock } = lookAt(bridge)
  clock.now += 1_000
  await look()
  t.match(take(), [{ kind: 'rotation_due', key: 'ci', where: 'integration "ci"' }])
  await look()
  t.same(take(), [])
  clock.now += DAY_MS
  await look()
  t.equal(take().length, 1)

  const file = JSON.parse(bridge.folder.read('bridge.json'))
  bridge.folder.write('bridge.json', { ...file, nonsense: 1 })
  t.notOk(await bridge.reload('test'))
  await look()
  t.match(take(), [{ kind: 'reload_failed', what: /1 problem\)/ }])
  bridge.folder.write('bridge.json', { ...file, integrations: { ci: INTEGRATION }, limits })
  t.ok(await bridge.reload('test'))
  await look()
  t.match(take(), [{ kind: 'disk_low', what: /limits.diskFreeBytes \(1000000000000000\)/ }])
  bridge.folder.write('bridge.json', { ...file, integrations, limits: LIMITS })
  t.ok(await bridge.reload('test'))
  await look()
  t.match(take(), [{ kind: 'rotation_due' }], 'it had gone in between')
})

t.test('a refused token and a backlog above the mark are told', async t => {
  const target = await startTarget(t, { status: 401, body: '{"errors":[{"message":"no"}]}' })
  const bridge = await startWorkerBridge(t, {
    config: { pixelesq: { endpoint: target.endpoint.href }, alerts: { backlogJobs: 1 } },
  })
  const { look, take } = lookAt(bridge)
  await look()
  for (let n = 0; n < 2; n++) await emit(bridge, 'keyed', { name: String(n) })
  await waitFor('the token to be refused', async () =>
    (await bridge.bridge.store.readIntegrations()).some(({ state }) => state === 'refused'),
  )
  await waitFor('both jobs', async () => (await bridge.bridge.store.readBacklog()).openJobs === 2)
  await look()
  const found = take()
  t.match(
    found.map(({ kind }) => kind),
    ['token_refused', 'backlog'],
  )
  t.match(found[0]?.what, /^The token [0-9a-f]{16} is refused by the API \(401\); its jobs wait$/)
  t.notMatch(JSON.stringify(found), EDITOR)
})

t.test('what others account for is told where it is trouble', async t => {
  const raised: Raised[] = []
  const recorded: unknown[] = []
  const store = watchAudit(
    { epoch: 1, recordAudit: async (entries: unknown) => void recorded.push(entries) } as unknown as Store,
    { raise: r => void raised.push(r) },
  )
  t.equal(store.epoch, 1)
  const entry = (action: string, rest: object = {}) =>
    [{ at: 1, actor: 'bridge', action: action as AuditAction, ...rest }] as const
  await store.recordAudit(entry('circuit.opened', { integration: 'ci' }))
  await store.recordAudit(entry('audit.anchor_failed', { target: 'data/bridge.db.anchors' }))
  await store.recordAudit(entry('job.retried', { integration: 'ci' }))
  t.equal(recorded.length, 3, 'all of it is accounted for')
  t.match(raised, [
    { kind: 'circuit_opened', key: 'ci', where: 'integration "ci"' },
    { kind: 'audit_anchor_failed', where: 'data/bridge.db.anchors' },
  ])
  t.equal(raised.length, 2)
})

t.test('where there are more jobs than are looked at, those that come into view are no news', async t => {
  const raised: Raised[] = []
  const bridge = await startWorkerBridge(t)
  const { live, activity, store } = bridge.bridge
  const shareOf = (mapping: string, count: number) =>
    ({ state: 'held', mapping, integration: 'ci', count, oldestAt: 1 }) as const
  let shares: JobShares = { shares: [], cut: [] }
  const look = createLook({
    store: { ...store, countBacklog: async () => shares },
    live,
    activity,
    alerts: { raise: r => void raised.push(r) },
    now: Date.now,
  })
  const counts: number[] = []
  for (const next of [
    { shares: [shareOf('a', 5)], cut: [] },
    { shares: [shareOf('a', 8)], cut: [] },
    { shares: [shareOf('a', 2_000)], cut: ['held'] },
    { shares: [shareOf('a', 1_500), shareOf('b', 500)], cut: ['held'] },
    { shares: [shareOf('a', 900), shareOf('b', 900)], cut: [] },
    { shares: [shareOf('a', 900), shareOf('b', 901)], cut: [] },
  ] as const satisfies readonly JobShares[]) {
    shares = next
    raised.length = 0
    await look()
    counts.push(raised.reduce((sum, { count = 1 }) => sum + count, 0))
  }
  t.same(counts, [0, 3, 0, 0, 0, 1])
})
