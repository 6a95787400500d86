/**
 * How fast a backlog drains with limits off, against a bare undici loop with as many requests under way to the same
 * target, which answers at once, and after 20 ms as a real API would at best. Asked: at least 0.75 of bare.
 * Run: npm run bench:drain [-- rounds jobs]
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Agent, request } from 'undici'
import { SECRET, TOUCH, writeBenchConfig } from './bench-config.ts'
import { startChild } from './child.ts'
import { fillBacklog } from './fill-backlog.ts'
import { median, printTable } from './table.ts'

const ROUNDS = Number(process.argv[2] ?? 5)
const JOBS = Number(process.argv[3] ?? 20_000)
const AT_ONCE = 64

/** An API that writes to a database and answers over the network takes no less. */
const DELAYS_MS = [0, 20]

interface Row {
  delayMs: number
  bare: number
  drained: number
  ratio: number
}

const rows: Row[] = []
for (const delayMs of DELAYS_MS) for (let round = 0; round < ROUNDS; round++) rows.push(await runRound(delayMs))

async function runRound(delayMs: number): Promise<Row> {
  const target = await startChild('stub-target.ts', [String(delayMs)])
  const endpoint = `http://127.0.0.1:${target.port}/graphql`
  const bare = await runBare(endpoint)

  const config = writeBenchConfig({
    endpoint: 'http://127.0.0.1:9/graphql',
    mappings: { touch: TOUCH },
    integration: { concurrency: AT_ONCE },
  })
  await fillBacklog(config.folder, JOBS, 'touch')
  const file = join(config.folder, 'bridge.json')
  writeFileSync(file, readFileSync(file, 'utf8').replace('http://127.0.0.1:9/graphql', endpoint))
  await target.ask('reset')
  const bridge = await startChild('bridge-server.ts', [config.folder])
  const startedAt = performance.timeOrigin + performance.now()
  let done = await target.ask<{ count: number; lastAt: number }>('count')
  while (done.count < JOBS) {
    await new Promise(resolve => setTimeout(resolve, 20))
    done = await target.ask('count')
  }
  await bridge.stop()
  await target.stop()
  config.remove()
  const drained = (JOBS * 1_000) / (done.lastAt - startedAt)
  return { delayMs, bare, drained, ratio: drained / bare }
}

async function runBare(endpoint: string): Promise<number> {
  const agent = new Agent({ connections: AT_ONCE })
  const body = JSON.stringify({
    query: 'mutation touch($id: String!) { touch(id: $id) { success } }',
    variables: { id: 'x'.repeat(40) },
  })
  const headers = { 'content-type': 'application/json', authorization: `Bearer ${SECRET}` }
  let left = JOBS
  const startedAt = performance.now()
  await Promise.all(
    Array.from({ length: AT_ONCE }, async () => {
      while (left-- > 0) {
        const answer = await request(endpoint, { method: 'POST', headers, body, dispatcher: agent })
        const parsed = (await answer.body.json()) as { data: { touch: { success: boolean } } }
        if (!parsed.data.touch.success) throw new Error('no success')
      }
    }),
  )
  const perSecond = (JOBS * 1_000) / (performance.now() - startedAt)
  await agent.close()
  return perSecond
}

process.stdout.write(`${JOBS} jobs, ${AT_ONCE} at once, ${ROUNDS} rounds\n`)
printTable(
  DELAYS_MS.flatMap(delayMs => {
    const some = rows.filter(row => row.delayMs === delayMs)
    const middle = {
      bare: median(some.map(row => row.bare)),
      drained: median(some.map(row => row.drained)),
      ratio: median(some.map(row => row.ratio)),
    }
    return [...some.map((row, i) => describe(String(i + 1), delayMs, row)), describe('median', delayMs, middle)]
  }),
)

function describe(round: string, delayMs: number, row: Omit<Row, 'delayMs'>): Record<string, string | number> {
  return {
    'target answers after ms': delayMs,
    round,
    'bare undici req/s': Math.round(row.bare),
    'drained jobs/s': Math.round(row.drained),
    ratio: row.ratio.toFixed(2),
  }
}
