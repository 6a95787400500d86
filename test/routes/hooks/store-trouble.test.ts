import Database from 'better-sqlite3'
import t from 'tap'
import { startTestBridge, waitFor } from '../../fixtures/start-test-bridge.ts'

t.test('T118 a locked database is waited for, then answered 503, and all is well when it is free', async t => {
  const bridge = await startTestBridge(t)
  const other = new Database(bridge.databaseFile, { timeout: 1_000 })
  t.teardown(() => other.close())

  other.exec('begin immediate')
  const patient = bridge.send('github', { n: 1 }, { type: 'push' })
  await new Promise(resolve => setTimeout(resolve, 300))
  other.exec('rollback')
  t.equal((await patient).status, 200, 'a short lock costs time only')

  other.exec('begin immediate')
  const [ready, ...answers] = await Promise.all([
    // the probe waits for the lock as long as a delivery does
    fetch(`${bridge.url}/health/ready`),
    ...[1, 2, 3].map(n => bridge.send('github', { locked: n }, { type: 'push', id: `locked-${n}` })),
  ])
  for (const answer of answers) {
    t.equal(answer.status, 503)
    t.match(answer.body.error, { code: 'store_unavailable', message: 'The database cannot be written at the moment' })
    t.equal(answer.headers.get('retry-after'), '5')
  }
  t.equal(ready.status, 503)
  t.match(await ready.json(), { status: 'not_ready', reasons: ['store: it cannot be written'] })
  t.equal((await fetch(`${bridge.url}/health/live`)).status, 200)
  const refused = await fetch(`${bridge.url}/hooks/github`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: '{}',
  })
  t.equal(refused.status, 401, 'what needs no store is answered')
  other.exec('rollback')

  const after = await bridge.send('github', { locked: 1 }, { type: 'push', id: 'locked-1' })
  t.strictSame(
    [after.status, after.body.outcome],
    [200, 'recorded'],
    'the redelivery is taken; nothing was recorded before',
  )
  await bridge.settled(after.body.eventId!)
  t.equal((await fetch(`${bridge.url}/health/ready`)).status, 200)
  await waitFor('the refused delivery to be counted', () => bridge.rows('select * from rejected_delivery').length > 0)
  t.strictSame(bridge.fatal, [])
  t.notMatch(bridge.logText(), 'unhandled')
})

t.test('T116 below the low-water mark of the disk nothing is recorded: 503, never 500', async t => {
  const bridge = await startTestBridge(t, { config: { limits: { diskFreeBytes: 1e15 } } })
  const answer = await bridge.send('github', { n: 1 }, { type: 'push' })
  t.equal(answer.status, 503)
  t.match(answer.body.error, { code: 'store_unavailable', message: 'The disk is almost full' })
  t.equal(answer.headers.get('retry-after'), '5')
  t.strictSame(bridge.rows('select seq from event'), [])
  const ready = (await (await fetch(`${bridge.url}/health/ready`)).json()) as { reasons: string[] }
  t.match(ready.reasons[0], /^disk: \d+ bytes free, below limits\.diskFreeBytes \(1000000000000000\)$/)
})

t.test('above backlogJobs open jobs deliveries are answered 503, and taken again below', async t => {
  const mapping = {
    source: 'github',
    integration: 'ci',
    runAt: '1h',
    steps: [{ id: 'a', operation: 'entries', variables: { collectionId: 'col_products' } }],
  }
  const bridge = await startTestBridge(t, { mappings: { later: mapping }, config: { limits: { backlogJobs: 2 } } })
  for (const n of [1, 2]) await bridge.deliver('github', { n }, { type: 'push' })
  const full = await waitFor('the backlog to be seen', async () => {
    const answer = await bridge.send('github', { again: Math.random() }, { type: 'push' })
    return answer.status === 503 ? answer : null
  })
  t.match(full.body.error, { code: 'backlog_full', message: 'Too many jobs are waiting' })
  t.equal(full.headers.get('retry-after'), '30')
  const bad = await fetch(`${bridge.url}/hooks/github`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: '{}',
  })
  t.equal(bad.status, 401, 'only who is authentic is told so')

  // a person raises the limit
  bridge.folder.write(
    'bridge.json',
    bridge.folder.read('bridge.json').replace('"backlogJobs": 2', '"backlogJobs": 100'),
  )
  t.ok(await bridge.reload('test'))
  t.equal((await bridge.send('github', { n: 3 }, { type: 'push' })).status, 200)
})
