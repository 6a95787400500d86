/**
 * How long senders wait for their answers while a backup is made and taken away, at 50 deliveries a second.
 * Asked, of 1 GB: answer p99 at most 250 ms.
 * Run: npm run bench:backup [-- --megabytes N]
 */
import { randomBytes } from 'node:crypto'
import { mkdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { openSqliteStore } from '../src/store/sqlite/open-store.ts'
import { ADMIN_KEY, addAdminKey, SECRET, writeBenchConfig } from './bench-config.ts'
import { runLoad, startChild } from './child.ts'
import { createGithubEvents } from './github-events.ts'
import { printTable } from './table.ts'

const { values } = parseArgs({ options: { megabytes: { type: 'string', default: '1000' } } })
const MEGABYTES = Number(values.megabytes)
const RATE = 50
const CONNECTIONS = 16
const CALM_SECONDS = 5
/** Random bytes do not compress: so many make an event that fills the disk fast. */
const NOISE_BYTES = 150_000

const config = writeBenchConfig()
try {
  const file = join(config.folder, 'data', 'bridge.db')
  await fill(file)
  addAdminKey(config)
  const bridge = await startChild('bridge-server.ts', [config.folder])
  const load = (seconds: number) =>
    runLoad({ port: bridge.port, connections: CONNECTIONS, seconds, rate: RATE, secret: SECRET })
  const calm = await load(CALM_SECONDS)
  const rows = [{ during: 'nothing else', seconds: CALM_SECONDS, ...calm }]
  // as long as the backup takes: pieces of the load, until it is there
  let backup: { bytes: number; seconds: number } | null = null
  const taking = takeBackup(bridge.port).then(taken => {
    backup = taken
  })
  while (backup === null) rows.push({ during: 'a backup', seconds: CALM_SECONDS, ...(await load(CALM_SECONDS)) })
  await taking
  await bridge.stop()
  const { bytes, seconds } = backup as { bytes: number; seconds: number }
  process.stdout.write(
    `${(statSync(file).size / 1e6).toFixed(0)} MB; backup of ${(bytes / 1e6).toFixed(0)} MB in ${seconds.toFixed(1)} s, ${RATE} deliveries a second\n`,
  )
  printTable(
    rows.map(({ during, requests, p50Ms, p99Ms, failed }) => ({
      during,
      requests,
      'p50 ms': p50Ms,
      'p99 ms': p99Ms,
      failed,
    })),
  )
} finally {
  config.remove()
}

async function fill(file: string): Promise<void> {
  mkdirSync(join(config.folder, 'data'), { mode: 0o700 })
  const store = await openSqliteStore({
    file,
    onFatal: error => {
      throw error
    },
  })
  const makeEvent = createGithubEvents()
  const events = Math.ceil((MEGABYTES * 1e6) / NOISE_BYTES)
  for (let n = 0; n < events; n++) {
    const event = { ...makeEvent(n, Date.now()), body: randomBytes(NOISE_BYTES) }
    const { eventSeq } = await store.recordEvent(event)
    if (n % 100 === 99 || n === events - 1) await store.recordRoutes({ decisions: [], throughSeq: eventSeq! })
  }
  await store.close()
}

async function takeBackup(port: number): Promise<{ bytes: number; seconds: number }> {
  const startedAt = performance.now()
  const response = await fetch(`http://127.0.0.1:${port}/api/backup`, {
    headers: { authorization: `Bearer ${ADMIN_KEY}` },
  })
  if (response.status !== 200) throw new Error(`${response.status} ${await response.text()}`)
  let bytes = 0
  for await (const chunk of response.body!) bytes += chunk.byteLength
  return { bytes, seconds: (performance.now() - startedAt) / 1_000 }
}
