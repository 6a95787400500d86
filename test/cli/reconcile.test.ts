import { PassThrough } from 'node:stream'
import t, { type Test } from 'tap'
import { confirm } from '../../src/cli/confirm.ts'
import { ADMIN_KEY, getApi } from '../fixtures/call-api.ts'
import { callCli } from '../fixtures/call-cli.ts'
import { startReconciling } from '../fixtures/reconcile.ts'
import { answerAsGithub, type GithubAttempt, startSenderStub } from '../fixtures/start-sender-stub.ts'
import { envText, makeBridgeFolder, type TestBridge } from '../fixtures/start-test-bridge.ts'

const HOOK = 'repos/acme/site/hooks/7'
const at = new Date(Date.now() - 60_000).toISOString()

async function start(t: Test, attempts: readonly GithubAttempt[]): Promise<{ bridge: TestBridge; cwd: string }> {
  const stub = await startSenderStub(t, answerAsGithub(attempts, HOOK))
  const secrets = ['env:GITHUB_WEBHOOK_SECRET']
  const bridge = await startReconciling(t, {
    name: 'github',
    scheme: 'github',
    secrets,
    reconcile: { hook: HOOK, endpoint: stub.url },
  })
  // commands know the service by its address alone
  const folder = makeBridgeFolder(t)
  folder.write('.env', envText({ BRIDGE_URL: bridge.url, BRIDGE_ADMIN_KEY: ADMIN_KEY }))
  return { bridge, cwd: folder.path }
}

t.test('what is missing is shown, and recorded only with --yes', async t => {
  const attempts = [
    { id: 2, guid: 'guid-b', at, event: 'issues', action: 'opened' },
    { id: 1, guid: 'guid-\u001b[31ma', at },
  ]
  const { bridge, cwd } = await start(t, attempts)
  const shown = await callCli(t, ['reconcile', 'github'], { cwd })
  t.equal(shown.code, 0)
  t.match(shown.out, /guid-b +issues\.opened +\d{4}-\d\d-\d\dT.*Z +missing/)
  t.match(shown.out, /not delivered: 2 events, 0 of them are here, 2 are missing/)
  t.match(shown.out, /nothing was recorded: --yes records it/)
  t.notOk(shown.out.includes('\u001b'), 'nothing that a terminal would obey')
  t.match(shown.err, /2 attempts seen, 2 events not delivered/)
  t.equal(bridge.rows('select seq from event').length, 0)

  const done = await callCli(t, ['reconcile', 'github', '--yes', '--since', '1h'], { cwd })
  t.match(done.out, /recorded +evt_/)
  const [row] = bridge.rows<{ fetched_from: string }>('select fetched_from from fetched_event')
  const [eventId] = /evt_\w+/.exec(done.out)!
  const event = await callCli(t, ['events', 'show', eventId!], { cwd })
  t.match(event.out, `not signed: fetched from ${row!.fetched_from} by reconcile`)
  t.match((await getApi(bridge, `events/${eventId}`)).body, { fetchedFrom: row!.fetched_from })
})

t.test('--json prints one object: of the dry run, or of what was recorded', async t => {
  const { cwd } = await start(t, [{ id: 1, guid: 'g', at }])
  const dry = await callCli(t, ['reconcile', 'github', '--json'], { cwd })
  t.equal(dry.err, '')
  t.match(JSON.parse(dry.out), { dryRun: true, complete: true, missing: 1, events: [{ id: 'g', outcome: 'missing' }] })
  const done = await callCli(t, ['reconcile', 'github', '--json', '--yes'], { cwd })
  t.match(JSON.parse(done.out), { dryRun: false, outcomes: { recorded: 1 }, events: [{ id: 'g', eventId: /^evt_/ }] })
  const again = await callCli(t, ['reconcile', 'github', '--json', '--yes'], { cwd })
  t.match(JSON.parse(again.out), { dryRun: true, present: 1, missing: 0, events: [] })
  t.same([dry.code, done.code, again.code], [0, 0, 0])
})

t.test('1 where something is left that could not be fetched, or the service refuses', async t => {
  const { cwd } = await start(t, [{ id: 1, guid: 'g', at, payload: null }])
  const left = await callCli(t, ['reconcile', 'github', '--yes'], { cwd })
  t.equal(left.code, 1)
  t.match(left.out, /unavailable .*GitHub does not keep its payload/)
  const unknown = await callCli(t, ['reconcile', 'nobody'], { cwd })
  t.equal(unknown.code, 1)
  t.match(unknown.err, /404 not_found/)
  t.equal((await callCli(t, ['reconcile'], { cwd })).code, 2)
  t.match(await callCli(t, ['reconcile', 'github', '--since', 'x'], { cwd }), {
    code: 1,
    err: /since: expected a duration/,
  })
})

t.test('at a terminal the person is asked; anything but yes is a no', async t => {
  const ask = (line: string, isTTY: boolean): Promise<boolean> => {
    const input = Object.assign(new PassThrough(), { isTTY })
    const output = Object.assign(new PassThrough(), { isTTY })
    input.write(`${line}\n`)
    return confirm('record 2 of github?', { input, output })
  }
  for (const line of ['y', 'yes', ' YES ']) t.equal(await ask(line, true), true, line)
  for (const line of ['', 'n', 'yess', 'no y']) t.equal(await ask(line, true), false, line)
  t.equal(await ask('y', false), false, 'nobody is there')
})
