import t from 'tap'
import { runCli } from '../fixtures/run-cli.ts'
import { startTestBridge } from '../fixtures/start-test-bridge.ts'

const bridge = await startTestBridge(t)
const { path: cwd } = bridge.folder
bridge.folder.write('payload.json', { id: 'evt_1', type: 'product.updated', action: 'completed', n: 1 })
const env = { BRIDGE_PORT: new URL(bridge.url).port }

const send = (source: string, ...args: string[]) =>
  runCli(t, ['send', source, '--payload', 'payload.json', ...args], { cwd, env })

t.test('deliveries of every scheme are signed as the sender would, and taken', async t => {
  const cases: readonly [string, string[], string | null][] = [
    ['github', ['--type', 'workflow_run.completed', '--id', 'from-the-cli'], 'workflow_run.completed'],
    ['stripe', [], 'product.updated'],
    ['zapier', ['--type', 'page.publish'], 'page.publish'],
    ['acme', [], null],
    ['open', [], null],
  ]
  const ran = await Promise.all(cases.map(([source, args]) => send(source, ...args, '--json')))
  for (const [i, [source, , type]] of cases.entries()) {
    t.strictSame([ran[i]!.code, ran[i]!.err], [0, ''], source)
    const { status, body } = JSON.parse(ran[i]!.out)
    t.match({ status, body }, { status: 200, body: { outcome: 'recorded', eventId: /^evt_/ } }, source)
    const { event } = await bridge.settled(body.eventId)
    t.strictSame([event.source, event.type], [source, type])
    if (source === 'github') t.equal(event.key, 'from-the-cli')
  }
})

t.test('the answer is printed; one that is no success is exit code 1', async t => {
  const again = await send('github', '--type', 'push', '--id', 'twice')
  t.match(again, { code: 0, out: /^200 \{"eventId":"evt_\w+","outcome":"recorded"\}\n$/ })
  const refused = await send('zapier', '--url', `${bridge.url}/hooks/nobody`)
  t.match(refused, { code: 1, out: /^404 \{"error":/ })
  const elsewhere = await send('github', '--url', `${bridge.url}/hooks/github`, '--header', 'X-Github-Event: star')
  t.equal(elsewhere.code, 0)
})

t.test('what cannot be sent says why', async t => {
  const unknown = await send('nobody')
  t.strictSame(
    [unknown.code, unknown.err],
    [2, '"nobody": expected one of the sources github, stripe, zapier, acme, open\n'],
  )
  const down = await send('github', '--url', 'http://127.0.0.1:9/hooks/github')
  t.match(down, {
    code: 1,
    err: /^http:\/\/127\.0\.0\.1:9\/hooks\/github: expected an answer, found \w+\. Is the service running\?\n$/,
  })
})
