/**
 * From the start of the built service's process (`npm run build` first) to the first answer of /health/ready, with 100,000
 * open jobs in the database, against an empty one. Asked: at most 2 s.
 * Run: npm run bench:start [-- rounds jobs]
 */
import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { TOUCH, writeBenchConfig } from './bench-config.ts'
import { fillBacklog } from './fill-backlog.ts'
import { readServiceCommand } from './service-command.ts'
import { median, printTable } from './table.ts'

const ROUNDS = Number(process.argv[2] ?? 5)
const JOBS = Number(process.argv[3] ?? 100_000)
const PORT = 18_787
const CLI = new URL('../dist/src/cli.js', import.meta.url)
const { env, flags } = readServiceCommand(CLI)

const empty = writeBenchConfig({ mappings: { touch: TOUCH } })
const full = writeBenchConfig({ mappings: { touch: TOUCH } })
await fillBacklog(full.folder, JOBS, 'touch')
const rows = []
for (let round = 0; round < ROUNDS; round++)
  rows.push({ empty: await measure(empty.folder), full: await measure(full.folder) })
empty.remove()
full.remove()

async function measure(cwd: string): Promise<number> {
  const startedAt = performance.now()
  const child = spawn(process.execPath, [...flags, fileURLToPath(CLI), 'start'], {
    cwd,
    env: { ...process.env, ...env, BRIDGE_PORT: String(PORT) },
    stdio: 'ignore',
  })
  for (;;) {
    const ready = await fetch(`http://127.0.0.1:${PORT}/health/ready`).then(
      answer => answer.ok,
      () => false,
    )
    if (ready) break
    await new Promise(resolve => setTimeout(resolve, 5))
  }
  const ms = performance.now() - startedAt
  await new Promise(resolve => {
    child.once('exit', resolve)
    child.kill('SIGKILL')
  })
  return ms
}

process.stdout.write(`process start to ready, ${JOBS} open jobs, ${ROUNDS} rounds\n`)
printTable([
  ...rows.map((row, i) => ({
    round: String(i + 1),
    'empty ms': Math.round(row.empty),
    'full ms': Math.round(row.full),
    ratio: (row.full / row.empty).toFixed(2),
  })),
  {
    round: 'median',
    'empty ms': Math.round(median(rows.map(row => row.empty))),
    'full ms': Math.round(median(rows.map(row => row.full))),
    ratio: median(rows.map(row => row.full / row.empty)).toFixed(2),
  },
])
