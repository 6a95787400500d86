import t, { type Test } from 'tap'
import { ADMIN_KEY } from '../fixtures/call-api.ts'
import { callClient } from '../fixtures/call-client.ts'
import { startCli } from '../fixtures/run-cli.ts'
import { type TestBridge, waitFor } from '../fixtures/start-test-bridge.ts'
import { emit, one, requestsOf, startWorkerBridge } from '../fixtures/start-worker-bridge.ts'

const rename = one('rename', 'renameEntry', { entryId: 'ent_free', name: '${payload.name}' })

async function start(t: Test, events = 2): Promise<{ bridge: TestBridge; ids: string[] }> {
  const bridge = await startWorkerBridge(t, { mappings: { rename }, env: { BRIDGE_ADMIN_KEY: ADMIN_KEY } })
  const ids: string[] = []
  for (let n = 0; n < events; n++) ids.push(await emit(bridge, 'rename', { name: `n${n}` }))
  for (const id of ids) await bridge.job(id, 'succeeded')
  return { bridge, ids }
}

t.test('a replay shows the count first, and does nothing without a yes', async t => {
  const { bridge, ids } = await start(t)
  const args = ['replay', '--since', '1h', '--mapping', 'rename']
  for (const more of [[], ['--dry-run'], ['--dry-run', '--yes']]) {
    const { code, out } = await callClient(t, bridge.url, [...args, ...more])
    t.equal(code, 0)
    t.match(out, /^2 events\nfirst of them +received +source +type +mapping +would be\n/)
    t.match(out, new RegExp(`\n${ids[0]} +\\S+Z +open +rename +rename +a job\n`))
    t.equal(/nothing was replayed: --yes/.test(out), more.length === 0)
  }
  const json = await callClient(t, bridge.url, [...args, '--json'])
  t.equal(json.code, 1, 'a script is told that nothing was done')
  t.match(JSON.parse(json.out), { dryRun: true, total: 2, replay: null })
  t.equal(requestsOf(bridge, 'renameEntry').length, 2)
})

t.test('with a yes it is carried out, told, listed and shown', async t => {
  const { bridge, ids } = await start(t)
  const { code, out, err } = await callClient(t, bridge.url, [
    'replay',
    '--since',
    '1h',
    '--mapping',
    'rename',
    '--yes',
  ])
  t.equal(code, 0)
  t.match(err, /^rpl_1_1 has begun; Ctrl-C leaves it running\n/)
  t.match(out, /\nrpl_1_1 {2}ended {2}2 of 2 events, 2 jobs, /)
  t.match(out, /\n {2}jobs --replay rpl_1_1\n$/)
  await waitFor('its jobs', () => requestsOf(bridge, 'renameEntry').length === 4)
  const listed = await callClient(t, bridge.url, ['replay', 'list'])
  t.match(
    listed.out,
    /^replay +state +of +filter +done +jobs +started +by\nrpl_1_1 +ended +events +mapping rename, since \S+ +2 of 2 +2 +\S+Z +env\n$/,
  )
  t.match(JSON.parse((await callClient(t, bridge.url, ['replay', 'show', 'rpl_1_1', '--json'])).out), { jobs: 2 })
  const { jobs } = JSON.parse((await callClient(t, bridge.url, ['jobs', '--replay', 'rpl_1_1', '--json'])).out)
  t.equal(jobs.length, 2)
  t.match((await callClient(t, bridge.url, ['jobs', 'show', jobs[1].id])).out, /\n {2}made by rpl_1_1 after job_1_1\n/)
  const named = await callClient(t, bridge.url, ['replay', ids[1]!, '--mapping', 'rename', '--yes', '--json'])
  t.match(JSON.parse(named.out), { id: 'rpl_1_2', state: 'ended', jobs: 1, of: 'events' })
  const ofJobs = await callClient(t, bridge.url, ['replay', 'job_1_1', '--yes', '--json', '--per-second', '50'])
  t.match(JSON.parse(ofJobs.out), { id: 'rpl_1_3', of: 'jobs', jobs: 1, perSecond: 50 })
})

t.test('one under way is cancelled', async t => {
  const { bridge } = await start(t, 4)
  const args = ['replay', '--since', '1h', '--mapping', 'rename', '--per-second', '1', '--yes', '--detach']
  t.match(await callClient(t, bridge.url, args), {
    code: 0,
    out: /rpl_1_1 {2}running {2}0 of 4[\s\S]*replay cancel rpl_1_1\n$/,
  })
  t.match(await callClient(t, bridge.url, args), { code: 1, err: /409 busy: The replay rpl_1_1 is under way/ })
  t.match(await callClient(t, bridge.url, ['replay', 'cancel', 'rpl_1_1']), { code: 0, out: /^rpl_1_1 {2}cancelled/ })
  t.match(await callClient(t, bridge.url, ['replay', 'cancel', 'rpl_1_1']), { code: 1, err: /409 wrong_state/ })
})

t.test('an interrupt leaves it running, and says so', async t => {
  const { bridge } = await start(t, 4)
  const cwd = t.testdir({ '.env': `BRIDGE_URL=${bridge.url}\nBRIDGE_ADMIN_KEY=${ADMIN_KEY}\n` })
  const args = ['replay', '--since', '1h', '--mapping', 'rename', '--per-second', '1', '--yes']
  const cli = startCli(t, args, { cwd })
  await waitFor('its start', () => /has begun/.test(cli.err()))
  cli.child.kill('SIGINT')
  t.match(await cli.ended, { code: 0, err: /it goes on: replay show rpl_1_1, replay cancel rpl_1_1\n/ })
  t.match(bridge.rows('select state from replay'), [{ state: 'running' }])
})

t.test('wrong usage is told', async t => {
  const { bridge } = await start(t, 0)
  for (const [args, code, err] of [
    [[], 2, /expected either ids \(and --mapping\), or --since/],
    [['--mapping', 'rename'], 2, /expected either ids/],
    [['evt_1_1', '--since', '1h'], 2, /expected either ids/],
    [['--since', '1h', '--per-second', 'many'], 2, /--per-second: expected a whole number/],
    [['--since', 'soon'], 1, /400 invalid_request: since: expected/],
    [['show', '../events'], 1, /404/],
  ] as const)
    t.match(await callClient(t, bridge.url, ['replay', ...args]), { code, err, out: '' }, args.join(' '))
  t.match(await callClient(t, bridge.url, ['replay', '--since', '1h', '--yes']), { code: 0, out: '0 events\n' })
  t.match(await callClient(t, bridge.url, ['replay', 'list']), { code: 0, out: 'no replays\n' })
})
