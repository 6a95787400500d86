import { createHmac, randomUUID } from 'node:crypto'
import { connect, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { spawnBridge } from '../fixtures/crash/bridge-child.ts'
import { SECRET } from '../fixtures/crash/crash-config.ts'
import { openRun } from '../fixtures/crash/open-run.ts'
import { createRandom } from '../fixtures/crash/random.ts'
import { makeBody } from '../fixtures/crash/sender.ts'

/** A second instance must give up within this, beyond what a process takes to start on this machine (semantics.md 7). */
const REFUSED_MAX_MS = 2_000

t.test('SIGTERM under load ends the service in order: nothing acknowledged is lost, nothing done twice', async t => {
  const run = await openRun(t, { faults: [{ kind: 'delay', probability: 0.3, ms: 300 }] })
  const load = { perSecond: 40, cappedPerSecond: 0, redelivered: 0.2, random: createRandom(21) }
  let child = await run.startUp()
  const sending = run.sender.startLoad(load)
  for (let ends = 0; ends < 3; ends++) {
    await sleep(700)
    t.match(await run.stop(child), { code: 0, signal: null }, 'it ends in order and is not forced')
    child = await run.startUp()
  }
  await sending.stop()
  t.ok(await run.untilSettled([], 30_000))
  t.match(await run.stop(child), { code: 0 })
  const { violations, run: seen } = run.judge()
  t.same(violations, [])
  const unanswered = seen.events.flatMap(event => event.jobs.flatMap(job => job.attempts))
  t.equal(unanswered.filter(attempt => attempt.outcome === 'unknown').length, 0, 'every attempt under way could end')
  t.ok(seen.events.length > 50)
})

t.test('while it drains, a connection that is kept alive is told 503 and closed', async t => {
  const run = await openRun(t)
  // a write that takes a while keeps the service draining
  run.sandbox.addFault({ kind: 'delay', operation: 'createPage', ms: 1_500 })
  const child = await run.startUp()
  const socket = await openSocket(t, Number(new URL(child.url).port))
  const kept = await exchange(socket, requestText(1))
  t.match(kept, /^HTTP\/1\.1 200 /)
  t.notMatch(kept, /connection: close/i)

  const next = requestText(2)
  socket.write(next.slice(0, 40))
  await sleep(100)
  const stopping = run.stop(child)
  await sleep(200)
  const answer = await exchange(socket, next.slice(40))
  t.match(answer, /^HTTP\/1\.1 503 /)
  t.match(answer, /connection: close/i)
  t.match(answer, /retry-after: \d+/i)
  t.match(answer, /"code":"shutting_down"/)
  t.match(await stopping, { code: 0, signal: null })
  const { run: seen } = run.judge()
  t.match(
    seen.events.flatMap(event => event.jobs),
    [{ state: 'succeeded' }],
    'the first was done, the second not taken',
  )
})

t.test('a second instance on the same database is refused at once, and the first does not notice', async t => {
  const run = await openRun(t)
  const first = await run.startUp()
  const startMs = Date.now() - first.startedAt
  const sending = run.sender.startLoad({
    perSecond: 30,
    cappedPerSecond: 0,
    redelivered: 0,
    random: createRandom(22),
  })
  const second = spawnBridge({ ...run.config, logFile: `${run.config.logFile}.second` })
  t.equal(await second.listening, null, 'it never listens')
  const { code, signal, endedAt } = await second.ended
  t.ok(code !== null && code !== 0, 'it exits with an error')
  t.equal(signal, null)
  t.ok(endedAt - second.startedAt < startMs + REFUSED_MAX_MS, `refused after ${endedAt - second.startedAt} ms`)
  t.match(second.readLog(), /one bridge per database file/)

  await sleep(300)
  await sending.stop()
  t.equal(first.process.exitCode, null, 'the first is still there')
  t.ok(await run.untilSettled([], 30_000))
  t.match(await run.stop(first), { code: 0 })
  t.same(run.judge().violations, [])
  t.same([...run.sender.refusals], [], 'and answered every delivery with 2xx')
})

function requestText(number: number): string {
  const { body, type } = makeBody(number, ['keyed'])
  return [
    'POST /hooks/github HTTP/1.1',
    'host: bridge',
    'content-type: application/json',
    `content-length: ${body.length}`,
    `x-github-event: ${type}`,
    `x-github-delivery: ${randomUUID()}`,
    `x-hub-signature-256: sha256=${createHmac('sha256', SECRET).update(body).digest('hex')}`,
    '',
    body.toString('utf8'),
  ].join('\r\n')
}

async function openSocket(t: Test, port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1')
  t.teardown(() => socket.destroy())
  socket.on('error', () => socket.destroy())
  await new Promise<void>(resolve => socket.once('connect', () => resolve()))
  return socket
}

/** Writes, and reads one whole answer, or what came before the end. */
function exchange(socket: Socket, text: string): Promise<string> {
  return new Promise(resolve => {
    let answer = ''
    const end = (): void => {
      socket.off('data', take)
      resolve(answer)
    }
    const take = (chunk: Buffer): void => {
      answer += chunk.toString('utf8')
      const head = answer.indexOf('\r\n\r\n')
      const length = /content-length: (\d+)/i.exec(answer)
      if (head !== -1 && length !== null && answer.length >= head + 4 + Number(length[1])) end()
    }
    socket.on('data', take)
    socket.once('close', end)
    socket.write(text)
  })
}
