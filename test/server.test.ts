import { statSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { openSandbox } from './fixtures/call-sandbox.ts'
import { runCli, startCli } from './fixtures/run-cli.ts'
import { type Folder, makeBridgeFolder, post, SECRETS, waitFor } from './fixtures/start-test-bridge.ts'
import { one } from './fixtures/start-worker-bridge.ts'
import { openSocket, readAnswers } from './fixtures/talk-raw.ts'

/** `pixelesq-bridge start` as a process. */

const GOOD = { authorization: `Bearer ${SECRETS.ZAPIER_TOKEN}`, 'content-type': 'application/json' }
t.jobs = 2

async function findFreePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as { port: number }
  await new Promise(resolve => server.close(resolve))
  return port
}

function isListening(port: number): Promise<boolean> {
  return new Promise(resolve => {
    const socket = connect(port, '127.0.0.1')
    socket.on('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.on('error', () => resolve(false))
  })
}

async function start(t: Test, folder: Folder) {
  const running = startCli(t, ['start'], { cwd: folder.path })
  const [, url] = await running.says(/"url":"([^"]+)".*"msg":"listening"/)
  return { ...running, url: url! }
}

t.test('a configuration with mistakes: every one on standard error, exit code 78, nothing listens', async t => {
  const port = await findFreePort()
  const folder = makeBridgeFolder(t, {
    config: {
      listen: { port },
      sources: {
        github: { scheme: 'github', secrets: ['canary-pasted-literal-secret'] },
        x: { scheme: 'github', secrets: ['env:UNSET'] },
      },
      limits: { bodyBytes: 0 },
    },
    mappings: { m: { source: 'github', integration: 'nobody', action: 'publishPage', with: { pageId: 'p' } } },
  })
  const running = startCli(t, ['start'], { cwd: folder.path })
  let listened = false
  const look = setInterval(() => void isListening(port).then(yes => (listened ||= yes)), 50)
  const { code, out, err } = await running.ended
  clearInterval(look)
  t.equal(code, 78)
  t.notOk(listened)
  t.equal(out, '')
  const lines = err.trimEnd().split('\n')
  t.equal(lines.length, 4, err)
  t.match(
    err,
    /bridge\.json: \/limits\/bodyBytes: expected a whole number from 1 to 104857600, found 0 \(line \d+, column \d+\)/,
  )
  t.match(err, /bridge\.json: \/sources\/github\/secrets\/0: expected a reference/)
  t.match(
    err,
    /bridge\.json: \/sources\/x\/secrets\/0: expected the environment variable UNSET to be set, found nothing/,
  )
  t.match(err, /mappings\/m\.json: \/integration: expected .*, found "nobody"/)
  t.notMatch(err, 'canary')
  t.notMatch(err, /\n\s+at /, 'no stack')
  t.throws(() => statSync(join(folder.path, 'data')), 'and no database is made')
})

t.test('T122 SIGTERM: the listener closes, what is under way ends and is recorded, exit code 0', async t => {
  const sandbox = await openSandbox(t)
  const folder = makeBridgeFolder(t, {
    endpoint: sandbox.url,
    mappings: { x: { ...one('x', 'entries', { collectionId: 'col_products' }), source: 'zapier' } },
  })
  const { url, child, ended } = await start(t, folder)
  sandbox.addFault({ kind: 'delay', ms: 700 })
  const idle = openSocket(url)
  idle.write('GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n')
  t.equal((await readAnswers(idle, { answers: 1 })).answers[0]?.status, 200)
  const { body } = await post(`${url}/hooks/zapier/x`, GOOD, Buffer.from('{"n":1}'))
  await waitFor('the request to be under way', () => sandbox.readLedger().entries.length > 0)
  child.kill('SIGTERM')
  await waitFor('the listener to close', async () => ((await isListening(Number(new URL(url).port))) ? null : true))
  const { code, signal, out } = await ended
  t.strictSame([code, signal], [0, null])
  t.match(out, /"msg":"stopped"/)
  const lines = out
    .trimEnd()
    .split('\n')
    .map(line => JSON.parse(line))
  t.match(
    lines.find(line => line.msg === 'job'),
    { eventId: body.eventId, state: 'succeeded' },
  )
  idle.destroy()

  // nothing is open: the next start has nothing to recover
  const again = await start(t, folder)
  t.match(again.out(), /"requeued":0,"inDoubt":0,"held":0,"dead":0,"openJobs":0,"unroutedEvents":0/)
  const replayed = await post(`${again.url}/hooks/zapier/x`, GOOD, Buffer.from('{"n":1}'))
  t.match(
    replayed.body,
    { eventId: body.eventId, outcome: 'duplicate' },
    'T042 a replay after a restart is a duplicate',
  )
  again.child.kill('SIGINT')
  t.equal((await again.ended).code, 0, 'SIGINT is the same')
})

t.test('T122 a second signal forces', async t => {
  const sandbox = await openSandbox(t)
  const folder = makeBridgeFolder(t, {
    endpoint: sandbox.url,
    mappings: { x: { ...one('x', 'entries', { collectionId: 'col_products' }), source: 'zapier' } },
  })
  const { url, child, ended } = await start(t, folder)
  sandbox.addFault({ kind: 'hang' })
  await post(`${url}/hooks/zapier/x`, GOOD, Buffer.from('{"n":1}'))
  await waitFor('the request to be under way', () => sandbox.readLedger().entries.length > 0)
  child.kill('SIGTERM')
  await waitFor('the listener to close', async () => ((await isListening(Number(new URL(url).port))) ? null : true))
  child.kill('SIGTERM')
  t.equal((await ended).code, 1)
})

t.test('SIGHUP reloads; T119 a second instance is refused; files are for their owner alone', async t => {
  const folder = makeBridgeFolder(t, { mappings: { x: one('x', 'entries', { collectionId: 'col_products' }) } })
  const { child, says, url, ended } = await start(t, folder)
  child.kill('SIGHUP')
  await says(/"reason":"SIGHUP","generation":2,.*"msg":"reloaded"/)

  const second = await runCli(t, ['start'], { cwd: folder.path })
  t.equal(second.code, 1)
  t.match(second.err, /^Another process holds ".*": one bridge per database file\. Stop it first\.\n$/)
  t.equal((await fetch(`${url}/health/ready`)).status, 200, 'the first is unaffected')

  t.equal(statSync(join(folder.path, 'data')).mode & 0o777, 0o700)
  for (const file of ['bridge.db', 'bridge.db-wal', 'bridge.db-shm', 'bridge.db.lock'])
    t.equal(statSync(join(folder.path, 'data', file)).mode & 0o777, 0o600, file)
  child.kill('SIGTERM')
  t.equal((await ended).code, 0)
})

t.test('a port that is taken, and a database that is none, are one line and exit code 1', async t => {
  const server = createServer()
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => server.close())
  const { port } = server.address() as { port: number }
  const taken = await runCli(t, ['start'], { cwd: makeBridgeFolder(t, { config: { listen: { port } } }).path })
  t.equal(taken.code, 1)
  t.equal(taken.err, `127.0.0.1:${port} cannot be listened on (EADDRINUSE): another program uses it\n`)

  const folder = makeBridgeFolder(t)
  folder.write('data/bridge.db', 'this is not a database, and long enough to be looked at as one'.repeat(20))
  const wrong = await runCli(t, ['start'], { cwd: folder.path })
  t.equal(wrong.code, 1)
  t.match(wrong.err, /^The database ".*bridge\.db" is not a SQLite database\n$/)
})
