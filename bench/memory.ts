/**
 * Resident memory of the built service (`npm run build` first) at 50 deliveries of 17 KB a second, each making one write.
 * Asked: at most 150 MB after 5 minutes; a bare Node process with the same Fastify is shown beside it.
 * Run: npm run bench:memory [-- seconds]
 */
import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { SECRET, TOUCH, writeBenchConfig } from './bench-config.ts'
import { runLoad, startChild } from './child.ts'
import { readServiceCommand } from './service-command.ts'
import { printTable } from './table.ts'

const SECONDS = Number(process.argv[2] ?? 300)
const PORT = 18_788

const target = await startChild('stub-target.ts')
const config = writeBenchConfig({ endpoint: `http://127.0.0.1:${target.port}/graphql`, mappings: { touch: TOUCH } })
const cli = fileURLToPath(new URL('../dist/src/cli.js', import.meta.url))
const { env, flags } = readServiceCommand(new URL('../dist/src/cli.js', import.meta.url))
const service = spawn(process.execPath, [...flags, cli, 'start'], {
  cwd: config.folder,
  env: { ...process.env, ...env, BRIDGE_PORT: String(PORT) },
  stdio: ['ignore', 'ignore', 'inherit'],
})
while (
  !(await fetch(`http://127.0.0.1:${PORT}/health/ready`).then(
    answer => answer.ok,
    () => false,
  ))
)
  await new Promise(resolve => setTimeout(resolve, 50))

process.on('exit', () => service.kill('SIGKILL'))
const bare = await startChild('bare-server.ts')
const rows = [read('started', 0)]
const step = Math.max(5, Math.round(SECONDS / 5))
for (let at = step; at <= SECONDS; at += step) {
  const [load] = await Promise.all([
    runLoad({ port: PORT, connections: 32, seconds: step, rate: 50, secret: SECRET }),
    runLoad({ port: bare.port, connections: 32, seconds: step, rate: 50, secret: SECRET }),
  ])
  if (load.failed > 0) throw new Error(`${load.failed} deliveries failed`)
  rows.push(read(`${at} s`, load.p99Ms))
}
service.kill('SIGTERM')
await bare.stop()
await target.stop()
config.remove()
printTable(rows)

function read(when: string, p99Ms: number): Record<string, string | number> {
  const service_ = residentMb(service.pid!)
  const bare_ = residentMb(bare.pid)
  return {
    when,
    'resident MB': service_.toFixed(0),
    'bare Fastify MB': bare_.toFixed(0),
    ratio: (service_ / bare_).toFixed(2),
    'answer p99 ms': p99Ms,
  }
}

function residentMb(pid: number): number {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))![1]) / 1024
}
