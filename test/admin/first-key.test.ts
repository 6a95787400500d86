import t, { type Test } from 'tap'
import { type Running, type RunOptions, startCli } from '../fixtures/run-cli.ts'
import { makeBridgeFolder, post, waitFor } from '../fixtures/start-test-bridge.ts'

async function startService(
  t: Test,
  options: RunOptions,
): Promise<{ run: Running; ask: (key: string) => Promise<number> }> {
  const run = startCli(t, ['start'], options)
  const [, url] = await run.says(/"url":"(http[^"]+)"/)
  const ask = async (key: string): Promise<number> => {
    const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json' }
    return (await post(`${url}/api/rehearsals`, headers, Buffer.from('{"since":"1h"}'))).status
  }
  return { run, ask }
}

async function stop({ child, ended }: Running): Promise<void> {
  child.kill('SIGTERM')
  await ended
}

t.test('without a key in file or environment one is made, shown once, and only its hash is kept', async t => {
  const cwd = makeBridgeFolder(t).path
  const first = await startService(t, { cwd })
  const key = await waitFor('the key', () => /Admin key, shown this once: (pxb_[\w-]{43})$/m.exec(first.run.err())?.[1])
  t.equal(await first.ask(key), 200)
  t.equal(await first.ask(`${key}x`), 401)
  await stop(first.run)
  t.notMatch(first.run.out(), key, 'it is in no log line')

  const second = await startService(t, { cwd })
  t.equal(await second.ask(key), 200, 'it counts after a restart')
  await stop(second.run)
  t.equal(second.run.err(), '', 'and is not shown again')

  const own = 'a-key-of-our-own-0123456789'
  const third = await startService(t, { cwd, env: { BRIDGE_ADMIN_KEY: own } })
  t.equal(await third.ask(own), 200)
  t.equal(await third.ask(key), 401, 'a configured key takes its place')
  await stop(third.run)
})
