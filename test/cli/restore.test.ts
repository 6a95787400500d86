import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import Database from 'better-sqlite3'
import t, { type Test } from 'tap'
import type { EventDetail } from '../../src/store/reports.ts'
import { ADMIN_KEY, getApi, postApi } from '../fixtures/call-api.ts'
import { runCli } from '../fixtures/run-cli.ts'
import { isAtRest, type TestBridge, waitFor } from '../fixtures/start-test-bridge.ts'
import { emit, INTEGRATION, LIMITS, one, requestsOf, startWorkerBridge } from '../fixtures/start-worker-bridge.ts'
import { restoreStopped, takeBackup } from '../fixtures/take-backup.ts'

const config = {
  admin: { keys: [{ name: 'ops', role: 'admin', key: 'env:OPS_KEY' }] },
  // one at a time, so that a stop finds some jobs done and others not
  integrations: { ci: { ...INTEGRATION, concurrency: 1 } },
  limits: LIMITS,
}
/** A `set` operation in the order of a key: sent again, it would undo a newer one. */
const rename = one(
  'rename',
  'renameEntry',
  { entryId: 'ent_free', name: '${payload.name}' },
  { order: '${payload.key}' },
)
const start = (t: Test, folder?: TestBridge['folder']): Promise<TestBridge> =>
  startWorkerBridge(t, {
    config,
    mappings: { rename },
    env: { OPS_KEY: ADMIN_KEY },
    ...(folder !== undefined && { folder }),
  })

/** Makes the API put everything off, so that jobs stay open. */
function putOff({ sandbox }: TestBridge): void {
  sandbox.addFault({ kind: 'rate-limit', probability: 1, retryAfter: 0 })
}

/** Each kind of write, by what it does twice if it is sent twice. */
const KINDS = ['create', 'once', 'keyed', 'rename', 'publish'] as const
type Kind = (typeof KINDS)[number]

function payloadOf(kind: Kind, n: number): object {
  return { name: `${kind}-${n}`, slug: `${kind}-${n}`, key: `key-${n}` }
}

/** How often the write of each event took effect, by the name it carries. */
function effectsOf({ sandbox }: TestBridge): Map<string, number> {
  const counts = new Map<string, number>()
  for (const { variables, effects } of sandbox.readLedger().entries) {
    const { payload, name } = variables as { payload?: { name?: string }; name?: string }
    const key = payload?.name ?? name
    if (key !== undefined) counts.set(key, (counts.get(key) ?? 0) + effects)
  }
  return counts
}

interface OpenJob {
  seq: number
  mapping: Kind
  event_seq: number
}
function readOpen(file: string): OpenJob[] {
  const db = new Database(file, { readonly: true })
  try {
    return db
      .prepare<[], OpenJob>(`
        select seq, mapping, event_seq
        from job
        where state in ('queued', 'running', 'in_doubt', 'held')
        order by seq`)
      .all()
  } finally {
    db.close()
  }
}

for (const share of [0, 0.5, 1]) {
  t.test(
    `after a restore nothing is written twice, where ${share * 100} % of the open jobs had been done since`,
    async t => {
      const bridge = await start(t)
      const before = await emit(bridge, 'create', payloadOf('create', 0))
      t.equal((await bridge.job(before)).state, 'succeeded')

      putOff(bridge)
      const nameOf = new Map<string, string>()
      for (let n = 1; n <= 4; n++)
        for (const kind of KINDS) nameOf.set(await emit(bridge, kind, payloadOf(kind, n)), `${kind}-${n}`)
      for (const eventId of nameOf.keys()) await bridge.settled(eventId, ({ jobs }) => jobs.length === 1)
      const file = await takeBackup(t, bridge)
      const open = readOpen(file)
      t.equal(open.length, 20, 'all of them are open in the backup')

      const done = (): number => requestsOf(bridge).filter(({ effects }) => effects > 0).length - 1
      if (share > 0) {
        bridge.sandbox.clearFaults()
        // a page that is published already takes no effect: 17 of the 20 do
        await waitFor('writes to be made', () => done() >= 16 * share)
        if (share === 1) for (const eventId of nameOf.keys()) await bridge.settled(eventId)
      }
      const lost = share === 1 ? await emit(bridge, 'create', payloadOf('create', 99)) : null
      if (lost !== null) await bridge.job(lost)
      t.match(await restoreStopped(t, bridge, file), { code: 0, out: /20 open jobs and 0 events not yet routed/ })
      bridge.sandbox.clearFaults()
      const atRestore = effectsOf(bridge)

      const again = await start(t, bridge.folder)
      const ends = new Map<string, EventDetail['jobs'][number]>()
      for (const [eventId, name] of nameOf) ends.set(name, (await again.settled(eventId, isAtRest)).jobs[0]!)

      const effects = effectsOf(bridge)
      for (const [name, { state, reason }] of ends) {
        const kind = name.split('-')[0] as Kind
        if (kind === 'create' || kind === 'keyed') {
          t.equal(effects.get(name), 1, `${name}: once`)
          t.equal(state, 'succeeded', name)
        } else if (kind === 'once') {
          t.equal(effects.get(name) ?? 0, atRestore.get(name) ?? 0, `${name}: not sent by itself`)
          t.same({ state, reason }, { state: 'held', reason: 'in_doubt' }, name)
        } else if (kind === 'rename') t.same({ state, reason }, { state: 'held', reason: 'restored' }, name)
        else t.equal(state, 'succeeded', name)
      }
      const held = (await getApi<{ jobs: { id: string }[] }>(again, 'jobs?state=held&limit=200')).body.jobs
      t.same(
        held.map(({ id }) => id).sort(),
        open
          .filter(({ mapping }) => mapping === 'once' || mapping === 'rename')
          .map(({ seq }) => `job_1_${seq.toString(36)}`)
          .sort(),
        'what is held is what cannot be asked for',
      )
      t.equal((await again.settled(before)).jobs[0]?.state, 'succeeded', 'an id of before still names its event')
      if (lost !== null) {
        t.equal((await getApi(again, `events/${lost}`)).status, 404, 'an id of what is lost names nothing')
        const next = await emit(again, 'create', payloadOf('create', 100))
        t.match(next, /^evt_2_/)
        t.not(next, lost)
      }
    },
  )
}

t.test('a person lets a held write be sent again, and those that follow it in its order go on', async t => {
  const bridge = await start(t)
  putOff(bridge)
  const names = ['first', 'second', 'third']
  const events: string[] = []
  for (const name of names) events.push(await emit(bridge, 'rename', { name, key: 'k' }))
  const other = await emit(bridge, 'rename', { name: 'other', key: 'other' })
  for (const eventId of [...events, other]) await bridge.settled(eventId, ({ jobs }) => jobs.length === 1)
  const file = await takeBackup(t, bridge)
  t.match(await restoreStopped(t, bridge, file), { code: 0 })
  bridge.sandbox.clearFaults()

  const again = await start(t, bridge.folder)
  const held = await again.job(events[0]!, 'held')
  t.match(held, { reason: 'restored', message: /"renameEntry" may be done already/ })
  await again.job(other, 'held')
  t.equal((await postApi(again, `jobs/${held.id}/retry`, {})).status, 200)
  for (const eventId of events) await again.job(eventId, 'succeeded')
  const sent = requestsOf(bridge, 'renameEntry').filter(({ effects }) => effects > 0)
  t.same(
    sent.map(({ variables }) => (variables as { name: string }).name),
    names,
  )
  t.equal((await again.job(other, 'held')).state, 'held', 'it says nothing of another key')
})

t.test('what a person says was not done is sent, and is not asked about again', async t => {
  const bridge = await start(t)
  putOff(bridge)
  const eventId = await emit(bridge, 'once', { name: 'a' })
  await bridge.settled(eventId, ({ jobs }) => jobs.length === 1)
  const file = await takeBackup(t, bridge)
  await restoreStopped(t, bridge, file)
  bridge.sandbox.clearFaults()
  const again = await start(t, bridge.folder)
  const held = await again.job(eventId, 'held')
  const retried = await postApi(again, `jobs/${held.id}/retry`, {})
  t.match(retried, { status: 409, body: { error: { code: 'in_doubt' } } })
  t.equal((await postApi(again, `jobs/${held.id}/settle`, { applied: false })).status, 200)
  t.equal((await again.job(eventId, 'succeeded')).state, 'succeeded')
  t.equal(effectsOf(bridge).get('a'), 1)
})

t.test('a restore is refused while the service runs, and changes nothing', async t => {
  const bridge = await start(t)
  await bridge.job(await emit(bridge, 'create', payloadOf('create', 1)))
  const file = await takeBackup(t, bridge)
  const { code, err } = await runCli(t, ['restore', file], { cwd: bridge.folder.path })
  t.equal(code, 1)
  t.match(err, /Another process holds ".*bridge\.db\.lock".*Stop it first/)
  await bridge.job(await emit(bridge, 'create', payloadOf('create', 2)), 'succeeded')
})

t.test('a backup that is not what its manifest says is refused, and what is there stays', async t => {
  const bridge = await start(t)
  await bridge.job(await emit(bridge, 'create', payloadOf('create', 1)))
  const file = await takeBackup(t, bridge)
  const [bytes, manifest] = [readFileSync(file), readFileSync(`${file}.manifest.json`, 'utf8')]
  await bridge.stop()
  const names = readdirSync(dirname(bridge.databaseFile)).sort()
  const refuse = async (what: string, expected: RegExp): Promise<void> => {
    const { code, err } = await runCli(t, ['restore', file], { cwd: bridge.folder.path })
    t.equal(code, 1, what)
    t.match(err, expected, what)
    t.same(readdirSync(dirname(bridge.databaseFile)).sort(), names, `${what}: nothing is left behind`)
    writeFileSync(file, bytes)
    writeFileSync(`${file}.manifest.json`, manifest)
  }

  const flipped = Buffer.from(bytes)
  flipped[flipped.length >> 1]! ^= 1
  writeFileSync(file, flipped)
  await refuse('a bit', /SHA-256 differs/)
  writeFileSync(file, bytes.subarray(0, -8_192))
  await refuse('a page less', /SHA-256 differs/)
  writeFileSync(`${file}.manifest.json`, manifest.replace(/"event":\s*\d+/, '"event": 7'))
  await refuse('other counts', /expected rows .* by its manifest, found/)
  writeFileSync(`${file}.manifest.json`, '{"format":1}')
  await refuse('half a manifest', /manifest\.json: \/madeAt: expected a manifest/)
  rmSync(`${file}.manifest.json`)
  await refuse('no manifest', /manifest\.json: expected a backup and its manifest, found no file/)
  const again = await start(t, bridge.folder)
  t.equal((await getApi<{ events: unknown[] }>(again, 'events')).body.events.length, 1)
})

t.test('a backup of a newer release is refused', async t => {
  const bridge = await start(t)
  const file = await takeBackup(t, bridge)
  await bridge.stop()
  const db = new Database(file)
  db.pragma('user_version = 999')
  db.close()
  const { makeManifest } = await import('../../src/backup/manifest.ts')
  const { checkCopy } = await import('../../src/store/sqlite/check-copy.ts')
  writeFileSync(`${file}.manifest.json`, JSON.stringify(makeManifest(checkCopy(file), Date.now())))
  const { code, err } = await runCli(t, ['restore', file], { cwd: bridge.folder.path })
  t.equal(code, 1)
  t.match(err, /schema version 999, this release knows up to \d+: upgrade the bridge/)
  t.same(
    readdirSync(dirname(bridge.databaseFile)).filter(name => name.includes('restor')),
    [],
  )
})

t.test('what was there is kept beside it, closed to others, and a second restore begins another epoch', async t => {
  const bridge = await start(t)
  const file = await takeBackup(t, bridge)
  const eventId = await emit(bridge, 'create', payloadOf('create', 1))
  await bridge.job(eventId)
  const { out } = await restoreStopped(t, bridge, file)
  const aside = /what was there is kept: (\S+)/.exec(out)?.[1]
  t.ok(aside !== undefined && existsSync(aside))
  const db = new Database(aside!, { readonly: true })
  t.teardown(() => db.close())
  t.equal(db.prepare('select count(*) from event').pluck().get(), 1)
  for (const name of [aside!, bridge.databaseFile]) t.equal(statSync(name).mode & 0o777, 0o600, name)

  const again = await start(t, bridge.folder)
  t.match(await emit(again, 'read'), /^evt_2_1$/)
  await again.stop()
  const json = await runCli(t, ['restore', file, '--json'], { cwd: bridge.folder.path })
  t.match(JSON.parse(json.out), { epoch: 3, unsure: { jobs: 0, events: 0 }, tokensStopped: 0 })
  const third = await start(t, bridge.folder)
  t.match(await emit(third, 'read'), /^evt_3_1$/)
})

t.test('where no database is, or a damaged one, the backup takes its place with an epoch of no other', async t => {
  const bridge = await start(t)
  await bridge.job(await emit(bridge, 'create', payloadOf('create', 1)))
  const file = await takeBackup(t, bridge)
  await bridge.stop()
  const folder = dirname(bridge.databaseFile)
  rmSync(folder, { recursive: true })
  const empty = JSON.parse((await runCli(t, ['restore', file, '--json'], { cwd: bridge.folder.path })).out)
  t.match(empty, { aside: null })
  t.ok(empty.epoch > 400_000)
  writeFileSync(bridge.databaseFile, 'this is no database, but long enough to be taken for one'.repeat(400))
  const damaged = JSON.parse((await runCli(t, ['restore', file, '--json'], { cwd: bridge.folder.path })).out)
  t.match(damaged, { aside: /before-restore/ })
  const again = await start(t, bridge.folder)
  t.equal((await getApi<{ events: unknown[] }>(again, 'events')).body.events.length, 1)
  const { body } = await getApi<{ next: string }>(again, 'events?limit=1')
  t.equal((await getApi(again, `events?limit=1&cursor=${body.next ?? ''}`)).status, body.next === null ? 400 : 200)
})

t.test('a token that was refused after the backup stays stopped', async t => {
  const bridge = await start(t)
  const file = await takeBackup(t, bridge)
  bridge.sandbox.addFault({ kind: 'unauthorized', probability: 1 })
  const eventId = await emit(bridge, 'create', payloadOf('create', 1))
  await bridge.settled(eventId, ({ jobs }) => jobs[0]?.reason === 'token_refused')
  t.match(await restoreStopped(t, bridge, file), { code: 0, out: /1 tokens that were stopped since stay stopped/ })
  const db = new Database(bridge.databaseFile, { readonly: true })
  t.teardown(() => db.close())
  t.same(db.prepare('select state from token').pluck().all(), ['refused'])
})
