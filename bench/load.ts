/**
 * A lean load generator in a process of its own: raw sockets, one request at a time each, prepared bytes.
 * Arguments: port, path, connections, seconds, deliveries a second (0 = as fast as answers come), secret.
 * Prints one line of JSON: { requests, perSecond, p50Ms, p99Ms, failed }.
 */
import { createHmac, randomUUID } from 'node:crypto'
import { connect, type Socket } from 'node:net'
import { readGithubPayload } from './github-payload.ts'
import { quantile } from './table.ts'

const [port = '', path = '', connections = '', seconds = '', rate = '0', secret = ''] = process.argv.slice(2)
const { body, event } = readGithubPayload()
const signature = createHmac('sha256', secret).update(body).digest('hex')
const head = [
  `POST ${path} HTTP/1.1`,
  'host: bridge',
  'content-type: application/json',
  'user-agent: GitHub-Hookshot/bench',
  `x-github-event: ${event}`,
  `x-hub-signature-256: sha256=${signature}`,
  `content-length: ${body.length}`,
  'x-github-delivery: ',
].join('\r\n')

const latencies: number[] = []
let failed = 0
let stopping = false

/** One request at a time on one connection; resolves with the time it took. */
function openConnection(): Promise<() => Promise<number>> {
  return new Promise((resolve, reject) => {
    const socket: Socket = connect(Number(port), '127.0.0.1')
    let text = ''
    const finish = (ok: boolean): void => {
      text = ''
      answered?.(ok)
    }
    let answered: ((ok: boolean) => void) | null = null
    socket.setNoDelay(true)
    socket.on('error', reject)
    socket.on('data', chunk => {
      text += chunk.toString('latin1')
      const end = text.indexOf('\r\n\r\n')
      const length = end === -1 ? null : /content-length: (\d+)/i.exec(text)
      if (length !== null && text.length >= end + 4 + Number(length[1])) finish(text.startsWith('HTTP/1.1 200'))
    })
    socket.on('connect', () =>
      resolve(async () => {
        const startedAt = performance.now()
        const ok = await new Promise<boolean>(done => {
          answered = done
          socket.cork()
          socket.write(`${head}${randomUUID()}\r\n\r\n`, 'latin1')
          socket.write(body)
          socket.uncork()
        })
        if (!ok) failed++
        return performance.now() - startedAt
      }),
    )
  })
}

const requests = await Promise.all(Array.from({ length: Number(connections) }, openConnection))
const startedAt = performance.now()
const endAt = startedAt + Number(seconds) * 1_000
setTimeout(() => {
  stopping = true
}, Number(seconds) * 1_000)

if (rate === '0') {
  await Promise.all(
    requests.map(async request => {
      while (!stopping) latencies.push(await request())
    }),
  )
} else {
  const idle = [...requests]
  const running: Promise<void>[] = []
  for (let sent = 0; ; sent++) {
    const dueAt = startedAt + (sent * 1_000) / Number(rate)
    if (dueAt > endAt) break
    await new Promise(resolve => setTimeout(resolve, Math.max(0, dueAt - performance.now())))
    const request = idle.shift()
    if (request === undefined) {
      failed++
      continue
    }
    running.push(
      request().then(ms => {
        latencies.push(ms)
        idle.push(request)
      }),
    )
  }
  await Promise.all(running)
}

const elapsedMs = performance.now() - startedAt
const at = (share: number): number => Number(quantile(latencies, share).toFixed(2))
process.stdout.write(
  `${JSON.stringify({ requests: latencies.length, perSecond: Math.round((latencies.length * 1_000) / elapsedMs), p50Ms: at(0.5), p99Ms: at(0.99), failed })}\n`,
)
process.exit(0)
