/**
 * How long a sender waits for its answer, and how long until the write reaches the API, at 50 deliveries a second with a
 * target that answers at once. Asked: answer p99 at most 10 ms; delivery to mutation p99 at most 50 ms. Measured after a
 * warm-up at the same rate, because V8 compiles what runs once a delivery at its 255th and 510th run; beside it the p99 of
 * that warm-up, and what a write and its fdatasync alone take on the same disk.
 * Run: npm run bench:latency [-- rounds seconds warm-up-seconds]
 */
import { createHmac, randomUUID } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Agent, request } from 'undici'
import { SECRET, TOUCH, writeBenchConfig } from './bench-config.ts'
import { startChild } from './child.ts'
import { readGithubPayload } from './github-payload.ts'
import { median, printTable, quantile } from './table.ts'
import { timeFsyncs } from './time-fsync.ts'

const ROUNDS = Number(process.argv[2] ?? 5)
const SECONDS = Number(process.argv[3] ?? 20)
const WARM_UP_SECONDS = Number(process.argv[4] ?? 15)
const PER_SECOND = 50
const FSYNCS = 250

const arrivals = new Map<string, number>()
const target = createServer((incoming, response) => {
  let text = ''
  incoming.on('data', chunk => {
    text += chunk
  })
  incoming.on('end', () => {
    arrivals.set((JSON.parse(text) as { variables: { id: string } }).variables.id, performance.now())
    response.setHeader('content-type', 'application/json').end('{"data":{"touch":{"success":true}}}')
  })
})
await new Promise<void>(resolve => target.listen(0, '127.0.0.1', resolve))
const endpoint = `http://127.0.0.1:${(target.address() as AddressInfo).port}/graphql`

const { body, event } = readGithubPayload()
const mapping = {
  ...TOUCH,
  steps: [{ id: 'touched', operation: 'touch', variables: { id: "${headers['x-github-delivery']}" } }],
}
const columns = {
  fsyncP99: 'fsync p99 ms',
  coldP99: 'cold answer p99 ms',
  answerP50: 'answer p50 ms',
  answerP99: 'answer p99 ms',
  mutationP50: 'to mutation p50 ms',
  mutationP99: 'to mutation p99 ms',
  rssMb: 'resident MB',
} as const
const rows: Record<keyof typeof columns, number>[] = []
for (let round = 0; round < ROUNDS; round++) {
  const config = writeBenchConfig({ endpoint, mappings: { touch: mapping } })
  const fsyncs = await timeFsyncs(config.folder, { perSecond: PER_SECOND, count: FSYNCS })
  const bridge = await startChild('bridge-server.ts', [config.folder])
  const agent = new Agent({ connections: 8 })
  const sent = new Map<string, number>()
  const cold: number[] = []
  const answers: number[] = []
  arrivals.clear()
  const startedAt = performance.now()
  const deliveries: Promise<void>[] = []
  for (let i = 0; i < PER_SECOND * (WARM_UP_SECONDS + SECONDS); i++) {
    await new Promise(resolve =>
      setTimeout(resolve, Math.max(0, startedAt + (i * 1_000) / PER_SECOND - performance.now())),
    )
    deliveries.push(deliver(i < PER_SECOND * WARM_UP_SECONDS))
  }
  await Promise.all(deliveries)
  while (arrivals.size < sent.size) await new Promise(resolve => setTimeout(resolve, 10))
  const { rssBytes } = await bridge.ask<{ rssBytes: number }>('memory')
  await bridge.stop()
  await agent.close()
  config.remove()
  const paths = [...sent].slice(PER_SECOND * WARM_UP_SECONDS).map(([id, at]) => arrivals.get(id)! - at)
  rows.push({
    fsyncP99: quantile(fsyncs, 0.99),
    coldP99: quantile(cold, 0.99),
    answerP50: quantile(answers, 0.5),
    answerP99: quantile(answers, 0.99),
    mutationP50: quantile(paths, 0.5),
    mutationP99: quantile(paths, 0.99),
    rssMb: rssBytes / 1024 / 1024,
  })

  async function deliver(isCold: boolean): Promise<void> {
    const id = randomUUID()
    const signature = createHmac('sha256', SECRET).update(body).digest('hex')
    const sentAt = performance.now()
    sent.set(id, sentAt)
    const { statusCode, body: answer } = await request(`http://127.0.0.1:${bridge.port}/hooks/github`, {
      method: 'POST',
      dispatcher: agent,
      headers: {
        'content-type': 'application/json',
        'x-github-event': event,
        'x-github-delivery': id,
        'x-hub-signature-256': `sha256=${signature}`,
      },
      body,
    })
    await answer.dump()
    if (statusCode !== 200) throw new Error(`answered ${statusCode}`)
    const times = isCold ? cold : answers
    times.push(performance.now() - sentAt)
  }
}
target.close()
target.closeAllConnections()

process.stdout.write(
  `${PER_SECOND} deliveries/s of ${body.length} bytes, ${ROUNDS} rounds of ${SECONDS} s after ${WARM_UP_SECONDS} s of warm-up\n`,
)
const show = (name: string, pick: (key: keyof typeof columns) => number): Record<string, string> => ({
  round: name,
  ...Object.fromEntries(
    Object.entries(columns).map(([key, title]) => [title, pick(key as keyof typeof columns).toFixed(1)]),
  ),
})
printTable([
  ...rows.map((row, i) => show(String(i + 1), key => row[key])),
  show('median', key => median(rows.map(row => row[key]))),
])
