/**
 * What it takes to find events by the words in their payloads: searches through the API beside a long history of GitHub's
 * payloads, the disk of the index, and ingest with it and without.
 * Run: npm run bench:search [-- --history-events N --asks-each N --ingest-rounds N --ingest-seconds N]
 */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import Database from 'better-sqlite3'
import { wordsOfPayload } from '../src/search/words-of-payload.ts'
import { ADMIN_KEY, addAdminKey, SECRET, writeBenchConfig } from './bench-config.ts'
import { type Child, runLoad, startChild, waitUntilRouted } from './child.ts'
import { fillHistory } from './fill-history.ts'
import { createGithubEvents } from './github-events.ts'
import { median, printTable, quantile } from './table.ts'

const { values } = parseArgs({
  options: {
    'history-events': { type: 'string', default: '100000' },
    'asks-each': { type: 'string', default: '100' },
    'ingest-rounds': { type: 'string', default: '1' },
    'ingest-seconds': { type: 'string', default: '5' },
  },
})
const HISTORY_EVENTS = Number(values['history-events'])
const ASKS_EACH = Number(values['asks-each'])
const INGEST_ROUNDS = Number(values['ingest-rounds'])
const INGEST_SECONDS = Number(values['ingest-seconds'])
const CONNECTIONS = 64

/** In every payload; in some; in some, but never both; in one that repeats; in none; with filters that nothing meets. */
const SEARCHES = [
  'q=https',
  'q=https&limit=200',
  'q=octocat',
  'q=dependabot',
  'q=created deleted',
  'q=octocat hello world main',
  'q=a b c d e f g h i j k l m n o p q r s t',
  'q=nosuchword',
  'q=https nosuchword',
  'q=https&source=none',
  'q=https&mapping=none',
  'q=created&type=none',
]

const searched = writeBenchConfig({ limits: { apiPerMinute: 1_000_000 }, search: { payloads: true } })
try {
  measureWords()
  const file = join(searched.folder, 'data', 'bridge.db')
  mkdirSync(join(searched.folder, 'data'), { mode: 0o700 })
  await fillHistory(
    file,
    HISTORY_EVENTS,
    made => {
      if (made % 50_000 === 0) process.stderr.write(`${made} events\n`)
    },
    false,
    true,
  )
  measureIndex(file)
  addAdminKey(searched)
  const bridge = await startChild('bridge-server.ts', [searched.folder])
  const rows = []
  for (const search of SEARCHES) rows.push(await measure(bridge, search))
  await bridge.stop()
  printTable(rows)
} finally {
  searched.remove()
}
await compareIngest()

/** Time of the judging thread for the words of a payload. */
function measureWords(): void {
  const make = createGithubEvents()
  const payloads = Array.from({ length: 2_000 }, (_, n) => JSON.parse(Buffer.from(make(n, 0).body).toString()))
  const words = payloads.map(wordsOfPayload)
  const startedAt = performance.now()
  for (const payload of payloads) wordsOfPayload(payload)
  const us = ((performance.now() - startedAt) / payloads.length) * 1_000
  const count = words.reduce((sum, text) => sum + text.split(' ').length, 0) / words.length
  process.stdout.write(`words of a payload: ${count.toFixed(0)}, found in ${us.toFixed(0)} µs\n`)
}

function measureIndex(file: string): void {
  const db = new Database(file, { readonly: true })
  const spans = db.prepare<[], number>('select count(*) from word_span').pluck().get()!
  const bytes = db
    .prepare<[], number>(`select sum(pgsize) from dbstat where name like '%payload_words%'`)
    .pluck()
    .get()!
  db.close()
  process.stdout.write(
    `${HISTORY_EVENTS} events, ${spans} spans, ${(bytes / HISTORY_EVENTS).toFixed(0)} bytes of index an event\n`,
  )
}

async function measure(bridge: Child, search: string) {
  const times: number[] = []
  let found = 0
  for (let n = 0; n < ASKS_EACH; n++) {
    const startedAt = performance.now()
    found = await ask(bridge, search)
    times.push(performance.now() - startedAt)
  }
  const at = (share: number): string => quantile(times, share).toFixed(1)
  return { search, rows: found, 'p50 ms': at(0.5), 'p99 ms': at(0.99) }
}

async function ask({ port }: Child, search: string): Promise<number> {
  const response = await fetch(`http://127.0.0.1:${port}/api/events?${search}`, {
    headers: { authorization: `Bearer ${ADMIN_KEY}` },
  })
  if (response.status !== 200) throw new Error(`${search}: ${response.status}`)
  return ((await response.json()) as { events: unknown[] }).events.length
}

/** Both in turn, so that what else the machine does meets both. */
async function compareIngest(): Promise<void> {
  const off = []
  const on = []
  for (let round = 0; round < INGEST_ROUNDS; round++) {
    off.push(await loadOnce(false))
    on.push(await loadOnce(true))
  }
  const row = (search: string, loads: Awaited<ReturnType<typeof loadOnce>>[]) => ({
    search,
    'req/s': Math.round(median(loads.map(load => load.perSecond))),
    'p99 ms': median(loads.map(load => load.p99Ms)),
    'all routed after ms': Math.round(median(loads.map(load => load.routedMs))),
  })
  printTable([row('off', off), row('on', on)])
}

async function loadOnce(payloads: boolean) {
  const config = writeBenchConfig({ search: { payloads } })
  const bridge = await startChild('bridge-server.ts', [config.folder])
  const load = await runLoad({ port: bridge.port, connections: CONNECTIONS, seconds: INGEST_SECONDS, secret: SECRET })
  const routedMs = await waitUntilRouted(bridge)
  await bridge.stop()
  config.remove()
  if (load.failed > 0) throw new Error(`${load.failed} requests failed`)
  return { ...load, routedMs }
}
