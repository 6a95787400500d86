import t, { type Test } from 'tap'
import type { z } from 'zod'
import { replayAnswer, replayStartAnswer, replaysAnswer } from '../../../src/admin/job-answers.ts'
import type { statsAnswer } from '../../../src/admin/state-answers.ts'
import { ADMIN_KEY, getApi, postApi } from '../../fixtures/call-api.ts'
import { type TestBridge, waitFor } from '../../fixtures/start-test-bridge.ts'
import { emit, one, requestsOf, startWorkerBridge } from '../../fixtures/start-worker-bridge.ts'

type Replay = z.output<typeof replayAnswer>
type Started = z.output<typeof replayStartAnswer>

const rename = (name: string, rest: object = {}): Record<string, unknown> =>
  one('rename', 'renameEntry', { entryId: 'ent_free', name }, rest)

function start(t: Test, mappings: Record<string, unknown> = {}): Promise<TestBridge> {
  return startWorkerBridge(t, { mappings, env: { BRIDGE_ADMIN_KEY: ADMIN_KEY } })
}
async function replay(bridge: TestBridge, body: object): Promise<Started> {
  const { status, text } = await postApi(bridge, 'replays', { perSecond: 100, ...body })
  if (status !== 200) throw new Error(`${status} ${text}`)
  return replayStartAnswer.parse(JSON.parse(text))
}
async function read(bridge: TestBridge, id: string): Promise<Replay> {
  return replayAnswer.parse((await getApi(bridge, `replays/${id}`)).body)
}
/** Starts a replay and waits until it and its jobs have ended. */
async function done(bridge: TestBridge, body: object): Promise<Replay> {
  const { id } = (await replay(bridge, body)).replay!
  return waitFor(`replay ${id}`, async () => {
    const now = await read(bridge, id)
    return now.state !== 'running' && now.openJobs === 0 ? now : null
  })
}
async function cancel(bridge: TestBridge, id: string): Promise<Response> {
  return fetch(`${bridge.url}/api/replays/${id}`, {
    method: 'DELETE',
    headers: { authorization: `Bearer ${ADMIN_KEY}` },
  })
}
async function change(bridge: TestBridge, name: string, mapping: object): Promise<void> {
  bridge.folder.write(`mappings/${name}.json`, mapping)
  if (!(await bridge.reload('test'))) throw new Error('not in force')
}
const auditOf = (bridge: TestBridge): { actor: string; action: string; target: string }[] =>
  bridge.rows(`select actor, action, target from audit_entry where action like 'replay.%' order by seq`)

t.test('events go through the mappings of today, once a replay, and name the job they had', async t => {
  const bridge = await start(t, { rename: rename('old') })
  const events = [await emit(bridge, 'rename'), await emit(bridge, 'rename')]
  const first = await bridge.job(events[0]!, 'succeeded')
  await bridge.job(events[1]!, 'succeeded')
  await emit(bridge, 'nothing')
  await change(bridge, 'rename', rename('new'))
  const { total, sample, replay: none } = await replay(bridge, { since: '1h', mapping: 'rename', dryRun: true })
  t.equal(total, 3)
  t.equal(none, null)
  t.match(sample, [
    { id: events[0], mapping: 'rename', itemIndex: 0, skip: null },
    { id: events[1], skip: null },
    { skip: 'not_taken', message: /No mapping/ },
  ])
  t.equal(requestsOf(bridge, 'renameEntry').length, 2, 'a dry run makes nothing')

  const ended = await done(bridge, { since: '1h', mapping: 'rename' })
  t.match(ended, {
    id: 'rpl_1_1',
    state: 'ended',
    actor: 'env',
    total: 3,
    taken: 3,
    jobs: 2,
    skipped: { not_taken: 1 },
  })
  t.same(
    requestsOf(bridge, 'renameEntry').map(({ variables }) => (variables as { name: string }).name),
    ['old', 'old', 'new', 'new'],
  )
  const { jobs } = (await getApi<{ jobs: { id: string; itemIndex: number }[] }>(bridge, `jobs?replay=${ended.id}`)).body
  t.equal(jobs.length, 2)
  t.match((await getApi(bridge, `jobs/${jobs[1]!.id}`)).body, {
    eventId: events[0],
    replay: ended.id,
    replayOf: first.id,
    itemIndex: 0,
  })
  const again = await done(bridge, { since: '1h', mapping: 'rename' })
  t.match(again, { id: 'rpl_1_2', jobs: 2 }, 'another replay makes them anew')
  t.match(replaysAnswer.parse((await getApi(bridge, 'replays')).body).replays, [{ id: 'rpl_1_2' }, { id: 'rpl_1_1' }])
  t.match(auditOf(bridge), [
    { actor: 'admin:env', action: 'replay.started', target: 'rpl_1_1' },
    { actor: 'bridge', action: 'replay.ended', target: 'rpl_1_1' },
    { action: 'replay.started' },
    { action: 'replay.ended', target: 'rpl_1_2' },
  ])
})

t.test('how long a replayed job took says nothing of its mapping', async t => {
  const bridge = await start(t, { rename: rename('x') })
  await bridge.job(await emit(bridge, 'rename'), 'succeeded')
  t.match(await done(bridge, { since: '1h' }), { jobs: 1 })
  const { mappings } = (await getApi<z.output<typeof statsAnswer>>(bridge, 'stats')).body
  const line = mappings.find(({ name }) => name === 'rename')
  t.match(line, { counts: { succeeded: 2 }, done: { count: 1 } })
})

t.test('what could not be mapped then can be now', async t => {
  const bridge = await start(t)
  const eventId = await emit(bridge, 'late')
  t.match(await bridge.settled(eventId), { outcome: 'unmatched' })
  await change(bridge, 'late', one('late', 'renameEntry', { entryId: 'ent_free', name: 'now' }))
  t.match(await done(bridge, { ids: [eventId] }), { total: 1, jobs: 1, filter: { named: 1 } })
  t.match(await bridge.job(eventId, 'succeeded'), { mapping: 'late' })
})

t.test('single jobs are replayed, each by its own mapping', async t => {
  const each = { forEach: 'payload.names' }
  const bridge = await start(t, {
    rename: one('rename', 'renameEntry', { entryId: 'ent_free', name: '${item}' }, each),
  })
  const eventId = await emit(bridge, 'rename', { names: ['a', 'b', 'c'] })
  const { jobs } = await bridge.settled(eventId)
  t.match(await done(bridge, { of: 'jobs', ids: [jobs[1]!.id] }), { of: 'jobs', total: 1, jobs: 1 })
  const made = (await bridge.settled(eventId)).jobs
  t.equal(made.length, 4)
  t.match(made[3], { itemIndex: 1, state: 'succeeded' })
  t.match(requestsOf(bridge, 'renameEntry').at(-1), { variables: { name: 'b' } })
  t.match(await done(bridge, { of: 'jobs', since: '1h', state: 'succeeded', mapping: 'rename' }), {
    total: 4,
    jobs: 3,
    skipped: { repeated: 1 },
  })
})

t.test('a write that would be made twice is skipped, unless it is forced', async t => {
  const bridge = await start(t)
  const eventId = await emit(bridge, 'once', { name: 'n' })
  await bridge.job(eventId, 'succeeded')
  t.match(await done(bridge, { ids: [eventId] }), { jobs: 0, skipped: { already_written: 1 } })
  t.equal(requestsOf(bridge, 'appendOnce').length, 1)
  t.match(await done(bridge, { ids: [eventId], force: true }), { jobs: 1, skipped: {} })
  t.equal(requestsOf(bridge, 'appendOnce').length, 2)
})

t.test('operation keys stay the same, unless it is forced', async t => {
  const bridge = await start(t)
  const eventId = await emit(bridge, 'keyed', { name: 'welcome' })
  await bridge.job(eventId, 'succeeded')
  await done(bridge, { ids: [eventId] })
  await done(bridge, { ids: [eventId], force: true })
  const [first, same, other] = requestsOf(bridge, 'createPage').map(
    ({ variables }) => (variables as { idempotencyKey: string }).idempotencyKey,
  )
  t.equal(first, eventId)
  t.equal(same, first)
  t.match(other, /^[0-9a-f]{32}$/)
})

t.test(
  'what newer work of the order key may be undone by is skipped; what is replayed whole keeps its order',
  async t => {
    const ordered = one('rename', 'renameEntry', { entryId: 'ent_free', name: '${payload.n}' }, { order: 'k' })
    const bridge = await start(t, { rename: ordered })
    const ids: string[] = []
    for (const n of ['one', 'two', 'three']) {
      ids.push(await emit(bridge, 'rename', { n }))
      await bridge.job(ids.at(-1)!, 'succeeded')
    }
    t.match(await done(bridge, { ids: [ids[0]] }), { jobs: 0, skipped: { overtaken: 1 } })
    t.match(await done(bridge, { ids: [ids[2]] }), { jobs: 1 })
    t.match(await done(bridge, { since: '1h', mapping: 'rename' }), { jobs: 3, skipped: {} })
    t.match(await done(bridge, { ids: [ids[0]], force: true }), { jobs: 1 })
    t.same(
      requestsOf(bridge, 'renameEntry').map(({ variables }) => (variables as { name: string }).name),
      ['one', 'two', 'three', 'three', 'one', 'two', 'three', 'one'],
    )
  },
)

t.test('a job that has not ended is left alone', async t => {
  const bridge = await start(t)
  bridge.sandbox.addFault({ kind: 'reset-after', operation: 'appendOnce' })
  const eventId = await emit(bridge, 'once', { name: 'n' })
  await bridge.job(eventId, 'held')
  t.match(await done(bridge, { ids: [eventId], force: true }), { jobs: 0, skipped: { still_open: 1 } })
})

t.test('a mapping that fails makes no dead letters of a replay', async t => {
  const bridge = await start(t, { rename: rename('x', { order: '${payload.missing}' }) })
  const eventId = await emit(bridge, 'rename')
  await bridge.job(eventId, 'dead')
  t.match(await done(bridge, { ids: [eventId] }), { jobs: 0, skipped: { mapping_failed: 1 } })
  await change(bridge, 'rename', rename('x'))
  t.match(await done(bridge, { ids: [eventId] }), { jobs: 1 })
  t.match((await bridge.settled(eventId)).jobs, [{ state: 'dead' }, { state: 'succeeded' }])
})

t.test('a replay that died as a job is retried as any job', async t => {
  const bridge = await start(t, { rename: rename('x', { order: '${payload.missing}' }) })
  const eventId = await emit(bridge, 'rename')
  await bridge.job(eventId, 'dead')
  await change(bridge, 'rename', rename('${payload.label}'))
  await done(bridge, { ids: [eventId] })
  const made = (await bridge.settled(eventId)).jobs[1]!
  t.match(made, { state: 'dead', reason: 'missing_key' })
  await change(bridge, 'rename', rename('y'))
  t.equal((await postApi(bridge, `jobs/${made.id}/retry`, {})).status, 200)
  t.match(await bridge.settled(eventId), { jobs: [{ state: 'dead' }, { id: made.id, state: 'succeeded' }] })
})

t.test('a ping and a payload that is gone are skipped, and said', async t => {
  const bridge = await start(t, { rename: rename('x') })
  const ping = await bridge.deliver('github', { zen: 'x' }, { headers: { 'x-github-event': 'ping' } })
  const pruned = await emit(bridge, 'rename')
  await bridge.job(pruned, 'succeeded')
  const later = Date.now() + 40 * 86_400_000
  await bridge.bridge.store.prune({ now: later, payloadMs: 1, eventMs: 1e12, idempotencyKeyMs: 1e12, rowsMax: 100 })
  t.match(await done(bridge, { ids: [ping, pruned] }), { jobs: 0, skipped: { not_recorded: 1, payload_pruned: 1 } })
})

t.test('a replay goes on over a restart, and makes nothing twice', async t => {
  const bridge = await start(t, { rename: rename('x') })
  for (let n = 0; n < 12; n++) await bridge.job(await emit(bridge, 'rename'), 'succeeded')
  const { replay: started } = await replay(bridge, { since: '1h', mapping: 'rename', perSecond: 8 })
  await waitFor('a step', async () => (await read(bridge, started!.id)).taken > 0)
  await bridge.stop()
  t.match(bridge.rows('select state, taken from replay'), [{ state: 'running' }])
  const after = await startWorkerBridge(t, { folder: bridge.folder, env: { BRIDGE_ADMIN_KEY: ADMIN_KEY } })
  const ended = await waitFor('its end', async () => {
    const now = await read(after, started!.id)
    return now.state === 'ended' && now.openJobs === 0 ? now : null
  })
  t.match(ended, { total: 12, taken: 12, jobs: 12 })
  t.same(after.rows('select count(*) as n from job where replay_seq = 1'), [{ n: 12 }])
})

t.test('one replay at a time; it is cancelled, and what it has made stays', async t => {
  const bridge = await start(t, { rename: rename('x') })
  for (let n = 0; n < 5; n++) await bridge.job(await emit(bridge, 'rename'), 'succeeded')
  const { id } = (await replay(bridge, { since: '1h', mapping: 'rename', perSecond: 1 })).replay!
  await waitFor('a job', async () => (await read(bridge, id)).jobs > 0)
  t.match(await postApi(bridge, 'replays', { since: '1h' }), { status: 409, body: { error: { code: 'busy' } } })
  const { status } = await cancel(bridge, id)
  t.equal(status, 200)
  const cancelled = await read(bridge, id)
  t.match(cancelled, { state: 'cancelled', total: 5 })
  t.ok(cancelled.jobs < 5)
  t.equal((await cancel(bridge, id)).status, 409)
  t.equal((await cancel(bridge, 'rpl_1_99')).status, 404)
  t.same(bridge.rows('select count(*) as n from job where replay_seq = 1'), [{ n: cancelled.jobs }])
  t.equal(auditOf(bridge).at(-1)!.action, 'replay.cancelled')
})

t.test('a replay waits while fifty of its jobs are open, so that live traffic is not starved', async t => {
  const bridge = await start(t, { rename: rename('again') })
  const events = await Promise.all(Array.from({ length: 60 }, () => emit(bridge, 'rename')))
  for (const event of events) await bridge.job(event, 'succeeded')
  t.equal((await postApi(bridge, 'integrations/ci/pause', {})).status, 200)
  const { id } = (await replay(bridge, { since: '1h', perSecond: 100 })).replay!
  await waitFor('a full replay', async () => (await read(bridge, id)).openJobs >= 50)
  // two of its waits: it would have taken the rest by then
  await new Promise(resolve => setTimeout(resolve, 600))
  t.match(await read(bridge, id), { state: 'running', taken: 50, jobs: 50, openJobs: 50 })
  t.equal((await postApi(bridge, 'integrations/ci/resume', {})).status, 200)
  await waitFor('its end', async () => (await read(bridge, id)).state === 'ended')
  t.match(await read(bridge, id), { taken: 60, jobs: 60 })
})

t.test('what a restore has brought back is cancelled, not carried on', async t => {
  const bridge = await start(t, { rename: rename('x') })
  await bridge.job(await emit(bridge, 'rename'), 'succeeded')
  await bridge.stop()
  const { default: Database } = await import('better-sqlite3')
  const db = new Database(bridge.databaseFile)
  db.exec(`insert into replay (epoch, state, scope, force, per_second, actor, after_seq, through_seq, started_at)
    values (0, 'running', '{"of":"events","ids":null}', 0, 1, 'ops', 0, 1, 1)`)
  db.close()
  const after = await startWorkerBridge(t, { folder: bridge.folder, env: { BRIDGE_ADMIN_KEY: ADMIN_KEY } })
  await waitFor('its end', () => after.rows(`select 1 from replay where state = 'cancelled'`).length === 1)
  t.equal(after.rows('select 1 from job').length, 1)
  t.match(auditOf(after), [{ actor: 'bridge', action: 'replay.cancelled' }])
})

t.test('what is asked for wrongly is refused', async t => {
  const bridge = await start(t)
  for (const [body, message] of [
    [{}, /^since: expected/],
    [{ mapping: 'x' }, /^since: expected/],
    [{ since: 'soon' }, /^since: expected/],
    [{ since: '1h', until: 'then' }, /^until: expected/],
    [{ ids: ['evt_1_1'], since: '1h' }, /^ids: expected/],
    [{ ids: ['job_1_1'] }, /^ids: expected/],
    [{ ids: [] }, /^ids: expected/],
    [{ ids: ["evt_1_1' or 1=1"] }, /^ids: expected/],
    [{ since: '1h', state: 'dead' }, /^of: expected/],
    [{ since: '1h', of: 'jobs', outcome: 'matched' }, /^of: expected/],
    [{ since: '1h', perSecond: 0 }, /^perSecond: expected/],
    [{ since: '1h', perSecond: 1e9 }, /^perSecond: expected/],
    [{ since: '1h', all: true }, /no other keys/],
  ] as const)
    t.match(await postApi(bridge, 'replays', body), { status: 400, body: { error: { message } } }, JSON.stringify(body))
  t.match(await replay(bridge, { since: '1h' }), { total: 0, replay: null })
  t.match(await replay(bridge, { ids: ['evt_1_zz', 'evt_9_1'] }), { total: 0, replay: null })
})
