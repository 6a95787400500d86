/**
 * Lists and filters over a store with a long history, through the API, and whether it still takes deliveries as fast as
 * an empty one. Asked at 1,000,000 events: every query p99 at most 50 ms; ingest at least 0.9 of the empty store's rate.
 * Run: npm run bench:million [-- --history-events N --asks-each N --ingest-seconds N]
 */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { ADMIN_KEY, addAdminKey, type BenchConfig, SECRET, writeBenchConfig } from './bench-config.ts'
import { type Child, runLoad, startChild } from './child.ts'
import { fillHistory } from './fill-history.ts'
import { printTable, quantile } from './table.ts'

const { values } = parseArgs({
  options: {
    'history-events': { type: 'string', default: '1000000' },
    'asks-each': { type: 'string', default: '100' },
    'ingest-seconds': { type: 'string', default: '5' },
  },
})
const HISTORY_EVENTS = Number(values['history-events'])
const ASKS_EACH = Number(values['asks-each'])
const INGEST_SECONDS = Number(values['ingest-seconds'])
const CONNECTIONS = 64

/** An instant in the middle of the history, and a day before it. */
const MIDDLE = new Date(Date.now() - HISTORY_EVENTS * 500).toISOString()
const BEFORE = new Date(Date.now() - HISTORY_EVENTS * 500 - 86_400_000).toISOString()
const QUERIES = [
  'events',
  'events?limit=200',
  'events?source=actions',
  'events?source=none',
  'events?type=push',
  'events?type=none',
  'events?outcome=unmatched',
  'events?outcome=quarantined',
  'events?mapping=mapping-3',
  'events?mapping=none',
  'events?integration=integration-1',
  'events?integration=none',
  `events?until=${MIDDLE}`,
  `events?since=${BEFORE}&until=${MIDDLE}`,
  `events?until=${MIDDLE}&source=actions&outcome=unmatched`,
  'events?source=github&type=push&mapping=mapping-3&integration=integration-1',
  'jobs',
  'jobs?limit=200',
  ...['queued', 'running', 'succeeded', 'dead', 'in_doubt', 'held', 'superseded'].map(state => `jobs?state=${state}`),
  'jobs?state=dead,held,in_doubt',
  'jobs?reason=rejected',
  'jobs?reason=none',
  'jobs?mapping=mapping-3',
  'jobs?mapping=none',
  'jobs?integration=integration-1',
  'jobs?source=actions',
  'jobs?source=none',
  'jobs?type=push',
  'jobs?type=none',
  `jobs?since=${BEFORE}&until=${MIDDLE}`,
  `jobs?state=dead&until=${MIDDLE}&mapping=mapping-3`,
  'jobs?state=succeeded&source=actions&type=push&mapping=mapping-0',
  'integrations',
  'stats',
  'audit',
]

const empty = writeBenchConfig()
// the queries of this bench are many: none of them is to be told to wait
const full = writeBenchConfig({ limits: { apiPerMinute: 1_000_000 } })
try {
  mkdirSync(join(full.folder, 'data'), { mode: 0o700 })
  await fillHistory(join(full.folder, 'data', 'bridge.db'), HISTORY_EVENTS, made => {
    if (made % 50_000 === 0) process.stderr.write(`${made} events\n`)
  })
  addAdminKey(full)
  const bridge = await startChild('bridge-server.ts', [full.folder])
  process.stdout.write(
    `${HISTORY_EVENTS} events, ${ASKS_EACH} times each query; started in ${Math.round(bridge.startMs)} ms\n`,
  )
  const rows = []
  for (const query of QUERIES) rows.push(...(await measure(bridge, query)))
  printTable(rows)
  await bridge.stop()
  await compareIngest()
} finally {
  empty.remove()
  full.remove()
}

/** The first page, and one after some pages have been turned; nothing for a route that is not there. */
async function measure(bridge: Child, query: string) {
  const first = await ask(bridge, query)
  if (first.status === 404) return []
  const row = (label: string, times: number[], found: number) => ({
    query: label.replaceAll(/T[\d:.]+Z/g, ''),
    rows: found,
    'p50 ms': quantile(times, 0.5).toFixed(1),
    'p99 ms': quantile(times, 0.99).toFixed(1),
  })
  const rows = [row(query, await askOften(bridge, query), first.rows)]
  let next = first.next
  for (let page = 0; page < 5 && next !== null; page++) next = (await ask(bridge, withCursor(query, next))).next
  if (next !== null) {
    const deep = withCursor(query, next)
    rows.push(row(`${query} (page 7)`, await askOften(bridge, deep), (await ask(bridge, deep)).rows))
  }
  return rows
}

function withCursor(query: string, cursor: string): string {
  return `${query}${query.includes('?') ? '&' : '?'}cursor=${cursor}`
}

async function askOften(bridge: Child, query: string): Promise<number[]> {
  const times: number[] = []
  for (let n = 0; n < ASKS_EACH; n++) {
    const startedAt = performance.now()
    await ask(bridge, query)
    times.push(performance.now() - startedAt)
  }
  return times
}

async function ask({ port }: Child, query: string): Promise<{ status: number; rows: number; next: string | null }> {
  const response = await fetch(`http://127.0.0.1:${port}/api/${query}`, {
    headers: { authorization: `Bearer ${ADMIN_KEY}` },
  })
  const body = (await response.json()) as Record<string, unknown>
  const list = Object.values(body).find(Array.isArray) ?? []
  if (response.status !== 200 && response.status !== 404) throw new Error(`${query}: ${response.status}`)
  return { status: response.status, rows: list.length, next: (body.next as string | null | undefined) ?? null }
}

/** Both in turn, twice, so that what else the machine does meets both. */
async function compareIngest(): Promise<void> {
  const rates: Record<'empty' | 'full', number[]> = { empty: [], full: [] }
  for (let round = 0; round < 2; round++) {
    rates.empty.push(await loadOnce(empty))
    rates.full.push(await loadOnce(full))
  }
  const [ofEmpty, ofFull] = [Math.max(...rates.empty), Math.max(...rates.full)]
  printTable([{ 'empty req/s': ofEmpty, 'full req/s': ofFull, ratio: (ofFull / ofEmpty).toFixed(2) }])
}

async function loadOnce({ folder }: BenchConfig): Promise<number> {
  const bridge = await startChild('bridge-server.ts', [folder])
  const load = await runLoad({ port: bridge.port, connections: CONNECTIONS, seconds: INGEST_SECONDS, secret: SECRET })
  await bridge.stop()
  if (load.failed > 0) throw new Error(`${load.failed} requests failed`)
  return load.perSecond
}
