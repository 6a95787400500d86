import type { ServerResponse } from 'node:http'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { spawnBridge } from '../fixtures/crash/bridge-child.ts'
import { ALERT_SECRET } from '../fixtures/open-alerts.ts'
import { type Receiver, startReceiver } from '../fixtures/start-receiver.ts'
import { type Folder, makeBridgeFolder, startTestBridge, waitFor } from '../fixtures/start-test-bridge.ts'

/** What a child may take to start on a busy machine: a test fails beyond it. */
const START_MAX_MS = 30_000

/** A folder of a bridge that finds the disk too small for it at every start. */
const makeFolder = (t: Test, { url }: Receiver): Folder =>
  makeBridgeFolder(t, {
    env: { ALERT_SECRET },
    config: {
      store: 'sqlite:bridge.db',
      limits: { diskFreeBytes: 1e15 },
      alerts: { webhook: { url, secret: 'env:ALERT_SECRET' }, on: ['disk_low'] },
    },
  })
/** No answer to the first try: it is cut off by the end of the process. */
const hangOnce = (reply: ServerResponse, n: number): void => {
  if (n > 1) reply.writeHead(204).end()
}
const idsOf = ({ received }: Receiver) => received.map(({ headers }) => headers['webhook-id'])

t.test('an alert that waits outlives a stop, and what was told is not told again by the next starts', async t => {
  const receiver = await startReceiver(t, hangOnce)
  const folder = makeFolder(t, receiver)
  const first = await startTestBridge(t, { folder })
  await waitFor('the first try', () => receiver.received.length === 1)
  await first.stop()
  t.ok(first.log().some(({ msg }) => msg === 'alerts wait for the next start'))

  const second = await startTestBridge(t, { folder })
  await waitFor('it to be told', async () => (await second.bridge.store.readAlerts()).told.length === 1)
  await second.stop()
  t.equal(receiver.received.length, 2)
  t.equal(new Set(idsOf(receiver)).size, 1, 'the same alert twice, by its id')

  const third = await startTestBridge(t, { folder })
  await third.stop()
  t.equal(receiver.received.length, 2)
  const told = [first, second, third].map(bridge => bridge.log().filter(({ msg }) => msg === 'alert').length)
  t.same(told, [1, 0, 0])
})

t.test('an alert that waits outlives kill -9, under the same id', async t => {
  const receiver = await startReceiver(t, hangOnce)
  const { path } = makeFolder(t, receiver)
  const config = {
    folder: path,
    file: join(path, 'bridge.json'),
    storeFile: join(path, 'bridge.db'),
    logFile: join(path, 'log'),
    env: {},
    remove() {},
  }
  const first = spawnBridge(config)
  t.teardown(() => first.kill())
  await waitFor('the first try', () => receiver.received.length === 1, START_MAX_MS)
  await first.kill()
  t.match(await first.ended, { signal: 'SIGKILL' })
  await first.listening

  const second = spawnBridge(config)
  t.teardown(() => second.kill())
  await waitFor('the second try', () => receiver.received.length === 2, START_MAX_MS)
  const [before, after] = receiver.received
  t.equal(after!.headers['webhook-id'], before!.headers['webhook-id'])
  t.equal(after!.body, before!.body)
  await second.listening
})
