/**
 * What the audit costs: CPU time of the service for each delivery of 17 KB, against another checkout of it without one, and
 * the memory of an export of many rows.
 * Asked: at most 5 % of ingest; at most 64 MB above idle for 1,000,000 rows. On Linux only (/proc).
 * Run: npm run bench:audit -- --against ../before [--rounds 5] [--seconds 5] [--rows 1000000]
 */
import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { SECRET, UNMATCHED, writeBenchConfig } from './bench-config.ts'
import { type Child, runLoad, startChild, waitUntilRouted } from './child.ts'
import { fillAudit } from './fill-audit.ts'
import { median, printTable } from './table.ts'

const { values } = parseArgs({
  options: {
    against: { type: 'string' },
    rounds: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '5' },
    rows: { type: 'string', default: '1000000' },
  },
})
const CONNECTIONS = 64
const ADMIN_KEY = 'a-key-for-benches-only-0123456789'
/** Clock ticks a second of /proc (USER_HZ), the same on every Linux. */
const TICKS = 100

/** CPU time of all threads of a process, in ms. */
function readCpuMs(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]!.split(' ')
  return ((Number(fields[11]) + Number(fields[12])) * 1_000) / TICKS
}

function readMemory(pid: number, name: 'VmRSS' | 'VmHWM'): number {
  const line = new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(readFileSync(`/proc/${pid}/status`, 'utf8'))
  return Number(line![1]) / 1_024
}

/** One load against a service; until everything is routed, because the row of an event is written with its routing. */
async function measureIngest(folder: string): Promise<{ perSecond: number; cpuUs: number }> {
  const config = writeBenchConfig({ mappings: { 'bench-ingest': UNMATCHED } })
  const bridge = await startChild(join(folder, 'bench/bridge-server.ts'), [config.folder])
  const before = readCpuMs(bridge.pid)
  const load = await runLoad({
    port: bridge.port,
    connections: CONNECTIONS,
    seconds: Number(values.seconds),
    secret: SECRET,
  })
  await waitUntilRouted(bridge)
  const cpuMs = readCpuMs(bridge.pid) - before
  await bridge.stop()
  config.remove()
  if (load.failed > 0) throw new Error(`${load.failed} requests failed`)
  return { perSecond: load.perSecond, cpuUs: (cpuMs * 1_000) / load.requests }
}

async function compareIngest(against: string): Promise<void> {
  const rows: Record<string, string | number>[] = []
  const ratios: number[] = []
  for (let round = 0; round < Number(values.rounds); round++) {
    const first = await measureIngest(round % 2 === 0 ? against : process.cwd())
    const second = await measureIngest(round % 2 === 0 ? process.cwd() : against)
    const [without, audited] = round % 2 === 0 ? [first, second] : [second, first]
    ratios.push(audited.cpuUs / without.cpuUs)
    rows.push({
      round: String(round + 1),
      'without req/s': without.perSecond,
      'with req/s': audited.perSecond,
      'without µs CPU': without.cpuUs.toFixed(1),
      'with µs CPU': audited.cpuUs.toFixed(1),
      'more CPU': `${((audited.cpuUs / without.cpuUs - 1) * 100).toFixed(1)} %`,
    })
  }
  printTable(rows)
  process.stdout.write(`median: ${((median(ratios) - 1) * 100).toFixed(1)} % more CPU time a delivery\n\n`)
}

/** Exports all rows and watches the memory of the service meanwhile. */
async function measureExport(rowCount: number): Promise<void> {
  const config = writeBenchConfig()
  fillAudit(join(config.folder, 'data/bridge.db'), rowCount)
  process.env.BRIDGE_ADMIN_KEY = ADMIN_KEY
  const bridge: Child = await startChild(resolve('bench/bridge-server.ts'), [config.folder])
  const ask = (path: string): Promise<Response> =>
    fetch(`http://127.0.0.1:${bridge.port}/api/audit${path}`, { headers: { authorization: `Bearer ${ADMIN_KEY}` } })
  await (await ask('')).text()
  const rows: Record<string, string | number>[] = []
  for (const path of ['/export?format=ndjson', '/export?format=csv', '/verify']) {
    await new Promise(resolve => setTimeout(resolve, 2_000))
    const idleMb = readMemory(bridge.pid, 'VmRSS')
    const startedAt = performance.now()
    let bytes = 0
    let peakMb = idleMb
    for await (const chunk of (await ask(path)).body!) {
      bytes += chunk.byteLength
      peakMb = Math.max(peakMb, readMemory(bridge.pid, 'VmRSS'))
    }
    rows.push({
      of: path,
      rows: rowCount,
      MB: Math.round(bytes / 1_048_576),
      seconds: ((performance.now() - startedAt) / 1_000).toFixed(1),
      'idle MB': Math.round(idleMb),
      'peak MB': Math.round(peakMb),
      'above idle MB': Math.round(Math.max(peakMb, readMemory(bridge.pid, 'VmRSS')) - idleMb),
    })
  }
  await bridge.stop()
  config.remove()
  printTable(rows)
}

if (values.against !== undefined) await compareIngest(resolve(values.against))
if (Number(values.rows) > 0) await measureExport(Number(values.rows))
