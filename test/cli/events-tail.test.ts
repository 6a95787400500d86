import t from 'tap'
import { ADMIN_KEY } from '../fixtures/call-api.ts'
import { callClient } from '../fixtures/call-client.ts'
import { startCli } from '../fixtures/run-cli.ts'
import { waitFor } from '../fixtures/start-test-bridge.ts'
import { emit, one, startWorkerBridge } from '../fixtures/start-worker-bridge.ts'

const rename = one('rename', 'renameEntry', { entryId: 'ent_free', name: 'x' })
const bridge = await startWorkerBridge(t, { mappings: { rename }, env: { BRIDGE_ADMIN_KEY: ADMIN_KEY } })

t.test('events are told as they come, each once, with what became of them; an interrupt ends it with 0', async t => {
  const before = await emit(bridge, 'rename')
  const cwd = t.testdir({ '.env': `BRIDGE_URL=${bridge.url}\nBRIDGE_ADMIN_KEY=${ADMIN_KEY}\n` })
  const tail = startCli(t, ['events', 'tail'], { cwd })
  const json = startCli(t, ['events', 'tail', '--mapping', 'rename', '--json'], { cwd })
  for (const running of [tail, json]) await waitFor('its start', () => /waiting for events/.test(running.err()))
  const first = await emit(bridge, 'rename')
  await bridge.job(first, 'succeeded')
  await tail.says(new RegExp(first))
  await json.says(new RegExp(first))
  const second = await emit(bridge, 'other')
  await tail.says(new RegExp(second))
  for (const running of [tail, json]) running.child.kill('SIGINT')
  const { code, out } = await tail.ended
  t.equal(code, 0)
  t.match(
    out,
    new RegExp(
      `^\\S+Z {2}${first} {2}open {2}rename {2}matched {2}1 succeeded\n\\S+Z {2}${second} {2}open {2}other {2}unmatched\n$`,
    ),
  )
  t.notMatch(out, new RegExp(`${before}`), 'what was there before is not told')
  const asJson = await json.ended
  t.equal(asJson.code, 0)
  t.match(
    asJson.out
      .trimEnd()
      .split('\n')
      .map(line => JSON.parse(line)),
    [{ id: first, outcome: 'matched' }],
  )
})

t.test('a filter that is none ends it at once', async t => {
  t.match(await callClient(t, bridge.url, ['events', 'tail', '--outcome', 'x']), { code: 1, err: /outcome: expected/ })
})
