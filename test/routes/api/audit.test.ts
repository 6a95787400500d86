import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import t, { type Test } from 'tap'
import type { z } from 'zod'
import { auditAnswer, verdictAnswer } from '../../../src/admin/audit-answers.ts'
import { anchorsFileOf } from '../../../src/audit/anchors.ts'
import { ADMIN_KEY, getApi, getRaw, postApi } from '../../fixtures/call-api.ts'
import { startTestBridge, type TestBridge, waitFor } from '../../fixtures/start-test-bridge.ts'
import { emit, one } from '../../fixtures/start-worker-bridge.ts'

const VIEWER_KEY = 'canary-viewer-key-0123456789'
const rename = one('rename', 'renameEntry', { entryId: '${payload.entry}', name: '${payload.name}' })

function start(t: Test): Promise<TestBridge> {
  const keys = [
    { name: 'ops', role: 'admin', key: 'env:OPS_KEY' },
    { name: 'look', role: 'viewer', key: 'env:LOOK_KEY' },
  ]
  const env = { OPS_KEY: ADMIN_KEY, LOOK_KEY: VIEWER_KEY }
  return startTestBridge(t, { mappings: { rename }, env, config: { admin: { keys } } })
}

async function list(bridge: TestBridge, query = ''): Promise<z.output<typeof auditAnswer>> {
  const { status, text } = await getApi(bridge, `audit${query}`)
  if (status !== 200) throw new Error(`${status} ${text}`)
  return auditAnswer.parse(JSON.parse(text))
}
async function verify(bridge: TestBridge): Promise<z.output<typeof verdictAnswer>> {
  const { status, text } = await getApi(bridge, 'audit/verify')
  if (status !== 200) throw new Error(`${status} ${text}`)
  return verdictAnswer.parse(JSON.parse(text))
}

t.test('what came in, what was sent and how it ended is in the audit', async t => {
  const bridge = await start(t)
  const eventId = await emit(bridge, 'rename', { entry: 'ent_free', name: 'a' })
  const job = await bridge.job(eventId)
  const { entries, next } = await list(bridge, `?event=${eventId}`)
  t.equal(next, null)
  t.match(entries, [
    { action: 'job.succeeded', jobId: job.id, detail: null },
    { action: 'attempt.applied', jobId: job.id, target: 'renameEntry', detail: { status: 200, effect: 'set' } },
    {
      action: 'event.mapped',
      source: 'open',
      target: 'rename',
      eventId,
      detail: { jobs: { rename: 1 } },
      payloadHash: /^[0-9a-f]{64}$/,
    },
  ])
  t.same((await list(bridge, `?job=${job.id}&action=job.succeeded,job.dead`)).entries.length, 1)
  t.same((await list(bridge, '?action=service.started&actor=bridge&since=1h')).entries.length, 1)
  t.same((await list(bridge, '?q=renameEntry&mapping=rename')).entries, [], 'the target is no detail')
  t.same((await list(bridge, `?q=${encodeURIComponent('"status":200')}`)).entries.length, 1)
})

t.test('the cursor leads through all pages while rows come in', async t => {
  const bridge = await start(t)
  const ids: string[] = []
  for (let n = 0; n < 5; n++) {
    const id = await emit(bridge, 'other', { n })
    await bridge.settled(id)
    ids.unshift(id)
  }
  const seen: (string | null)[] = []
  let query = '?limit=2&action=event.unmatched'
  for (;;) {
    const { entries, next } = await list(bridge, query)
    seen.push(...entries.map(entry => entry.eventId))
    if (next === null) break
    await bridge.settled(await emit(bridge, 'other', {}))
    query = `?limit=2&action=event.unmatched&cursor=${next}`
  }
  t.same(seen, ids)
})

t.test('who asked for something that changes or gives out is in the audit, and who may not', async t => {
  const bridge = await start(t)
  const eventId = await emit(bridge, 'rename', {})
  const job = await bridge.job(eventId, 'dead')
  await postApi(bridge, `jobs/${job.id}/retry`, {})
  await postApi(bridge, 'jobs/job_1_zz/discard', {})
  await getRaw(bridge, `events/${eventId}/payload`)
  await getRaw(bridge, 'events')
  await postApi(bridge, `jobs/${job.id}/retry`, {}, { authorization: `Bearer ${VIEWER_KEY}` })
  await getRaw(bridge, 'audit/export', VIEWER_KEY)
  const { entries } = await list(bridge, '?limit=50')
  const requests = entries.filter(({ action }) => action.startsWith('admin.')).reverse()
  t.match(
    requests.map(({ actor, action, target, detail }) => [actor, action, target, detail]),
    [
      ['admin:ops', 'admin.requested', 'POST /api/jobs/:id/retry', { role: 'admin', status: 200, id: job.id }],
      ['admin:ops', 'admin.refused', 'POST /api/jobs/:id/discard', { status: 404 }],
      ['admin:ops', 'admin.requested', 'GET /api/events/:id/payload', { status: 200, id: eventId }],
      ['admin:look', 'admin.refused', 'POST /api/jobs/:id/retry', { role: 'viewer', status: 403 }],
      ['admin:look', 'admin.refused', 'GET /api/audit/export', { status: 403 }],
    ],
  )
  t.equal(requests.length, 5, 'looking at lists is not accounted for')
  t.match((await list(bridge, '?actor=admin:ops&action=job.retried')).entries, [{ jobId: job.id, actor: 'admin:ops' }])
})

t.test('requests without a key are counted, in one row', async t => {
  const bridge = await start(t)
  for (let n = 0; n < 5; n++) await getRaw(bridge, 'events', 'nobody-0123456789')
  await bridge.stop()
  t.match(bridge.rows(`select detail from audit_entry where action = 'admin.unauthorized'`), [
    { detail: '{"count":5}' },
  ])
})

t.test('a reload is in the audit, whether it came into force or not', async t => {
  const bridge = await start(t)
  await bridge.reload('test')
  bridge.folder.write('mappings/rename.json', '{')
  await bridge.reload('test')
  t.match((await list(bridge, '?action=setup.reloaded')).entries, [{ detail: { reason: 'test', generation: 2 } }])
  const { entries } = await list(bridge, '?action=setup.refused')
  t.ok(entries.length >= 1)
  t.match(entries[0]?.detail, { problems: 1 })
})

t.test('the audit is verified while it is written', async t => {
  const bridge = await start(t)
  const sending = Promise.all(Array.from({ length: 40 }, (_, n) => emit(bridge, 'other', { n })))
  for (let n = 0; n < 5; n++) t.match(await verify(bridge), { ok: true, problem: null, unanchored: 0 })
  await sending
  const verdict = await verify(bridge)
  t.ok(verdict.ok)
  t.match(verdict.keys, [{ fingerprint: bridge.bridge.checkpoints.fingerprint }])
  t.equal(verdict.anchors, verdict.checkpoints)
})

t.test('a verification can be followed line by line, the last of which is the verdict', async t => {
  const bridge = await start(t)
  await bridge.settled(await emit(bridge, 'other', {}))
  const headers = { authorization: `Bearer ${ADMIN_KEY}`, accept: 'application/x-ndjson' }
  for (let n = 0; n < 2; n++) {
    const answer = await fetch(`${bridge.url}/api/audit/verify`, { headers })
    t.equal(answer.headers.get('content-type'), 'application/x-ndjson')
    const last = JSON.parse((await answer.text()).trimEnd().split('\n').at(-1)!)
    t.match(last, { kind: 'verdict', verdict: { ok: true } })
    t.ok(verdictAnswer.safeParse(last.verdict).success)
  }
})

t.test('the running service names the row that somebody changed', async t => {
  const bridge = await start(t)
  await bridge.settled(await emit(bridge, 'other', {}))
  const { default: Database } = await import('better-sqlite3')
  const db = new Database(bridge.databaseFile)
  db.exec(`update audit_entry set detail = '{}' where seq = 1`)
  db.close()
  t.match(await verify(bridge), { ok: false, problem: { seq: 1, code: 'row_changed' } })
})

t.test('the file of checkpoints is private, and ends with the last row', async t => {
  const bridge = await start(t)
  await bridge.settled(await emit(bridge, 'other', {}))
  const file = anchorsFileOf(bridge.databaseFile)
  await bridge.stop()
  const [{ last }] = bridge.rows<{ last: number }>('select max(seq) as last from audit_entry') as [{ last: number }]
  t.match(JSON.parse(readFileSync(file, 'utf8').trimEnd().split('\n').at(-1)!), { seq: last, epoch: 1 })
  for (const path of [file, `${bridge.databaseFile}.audit-key`]) t.equal(statSync(path).mode & 0o777, 0o600, path)
  t.match(bridge.rows('select action from audit_entry order by seq desc limit 1'), [{ action: 'service.stopped' }])
  const logged = bridge.log().filter(({ msg }) => msg === 'audit checkpoint')
  t.match(logged.at(-1), { checkpoint: { seq: last, signature: /^[\w-]{86}$/ } })
  t.notMatch(bridge.logText(), readFileSync(`${bridge.databaseFile}.audit-key`, 'utf8').trim())
})

t.test('a file of checkpoints that cannot be written holds up nothing, and is said', async t => {
  const bridge = await start(t)
  const { checkpoints } = bridge.bridge
  const file = anchorsFileOf(bridge.databaseFile)
  rmSync(file)
  mkdirSync(file)
  await bridge.settled(await emit(bridge, 'other', {}))
  await bridge.bridge.store.recordAudit(
    Array.from({ length: 1_100 }, () => ({ at: Date.now(), actor: 'bridge', action: 'event.echo' as const })),
  )
  await waitFor('the failure', () => checkpoints.failure())
  t.ok(await emit(bridge, 'other', { n: 2 }), 'deliveries are taken')
  await checkpoints.check()
  t.match((await list(bridge, '?action=audit.anchor_failed')).entries, [{ target: file, detail: { code: 'EISDIR' } }])
  const ready = (await (await fetch(`${bridge.url}/health/ready`)).json()) as { status: string; warnings: string[] }
  t.equal(ready.status, 'ready')
  t.ok(ready.warnings.some(warning => /^audit: its checkpoints cannot be written/.test(warning)))
  rmSync(file, { recursive: true })
  await checkpoints.check()
  t.equal(checkpoints.failure(), null)
  t.ok(existsSync(file))
})

t.test('an export has every row, as lines of JSON or as CSV without formulas', async t => {
  const bridge = await start(t)
  await bridge.bridge.store.recordAudit([
    { at: Date.now(), actor: 'bridge', action: 'event.echo', target: '=cmd|" /C calc"!A0', source: 'a,b' },
  ])
  const ndjson = await getRaw(bridge, 'audit/export')
  t.equal(ndjson.headers.get('content-type'), 'application/x-ndjson')
  const rows = ndjson.text
    .trimEnd()
    .split('\n')
    .map(line => JSON.parse(line) as { seq: number; target: string | null })
  t.same(
    rows.map(({ seq }) => seq),
    rows.map((_, n) => n + 1),
  )
  t.ok(rows.some(({ target }) => target?.startsWith('=cmd')))
  const csv = await getRaw(bridge, 'audit/export?format=csv&action=event.echo')
  t.match(csv.headers.get('content-type'), 'text/csv')
  const [head, line, ...rest] = csv.text.split('\r\n')
  t.equal(head, 'seq,at,actor,action,source,integration,mapping,eventId,jobId,target,detail,payloadHash,hash')
  t.match(line, /^"\d+","[^"]+Z","bridge","event\.echo","a,b",,,,,"'=cmd\|"" \/C calc""!A0",,,"[0-9a-f]{64}"$/)
  t.same(rest, [''])
  t.equal((await list(bridge, '?action=admin.requested')).entries.length, 2)
})

t.test('a question that cannot be answered is refused with what was expected', async t => {
  const bridge = await start(t)
  for (const [query, expected] of [
    ['action=Job', /action: expected one or more actions such as job.dead/],
    ['limit=0', /limit: expected a whole number/],
    ['since=x', /since: expected a duration/],
    ['cursor=x', /cursor: expected/],
  ] as const) {
    const { status, text } = await getRaw(bridge, `audit?${query}`)
    t.equal(status, 400)
    t.match(text, expected)
  }
  t.match(await getRaw(bridge, 'audit/export?format=xml'), { status: 400 })
})

t.test('a key of another form is refused at start, with what to do', async t => {
  const bridge = await start(t)
  await bridge.stop()
  const file = `${bridge.databaseFile}.audit-key`
  chmodSync(file, 0o600)
  const { writeFileSync } = await import('node:fs')
  writeFileSync(file, 'something else\n')
  await t.rejects(startTestBridge(t, { folder: bridge.folder }), {
    code: 'config_invalid',
    message:
      /audit-key: expected the key of the audit, 32 bytes in base64url, found something else\. Put the right file back/,
  })
})

t.test('audit.key takes the place of the file', async t => {
  const key = `${'C'.repeat(42)}A`
  const env = { AUDIT_KEY: key, BRIDGE_ADMIN_KEY: ADMIN_KEY }
  const bridge = await startTestBridge(t, { config: { audit: { key: 'env:AUDIT_KEY' } }, env })
  t.notOk(existsSync(`${bridge.databaseFile}.audit-key`))
  t.ok((await verify(bridge)).ok)
  t.notMatch(bridge.logText(), key)
  await t.rejects(
    startTestBridge(t, { config: { audit: { key: 'env:AUDIT_KEY' } }, env: { AUDIT_KEY: 'x'.repeat(20) } }),
    {
      message: /\/audit\/key: expected 32 bytes in base64url \(43 characters\) in env:AUDIT_KEY, found something else/,
    },
  )
})
