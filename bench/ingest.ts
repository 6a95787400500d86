/**
 * Durable ingest against a bare Fastify route: a signed GitHub payload of 17 KB, 64 connections, both measured in turn
 * on this machine. Asked: at least 0.65 of bare, every event routed within 2 s of the load's end.
 * Run: npm run bench:ingest [-- rounds seconds]
 */
import { SECRET, UNMATCHED, writeBenchConfig } from './bench-config.ts'
import { runLoad, startChild, waitUntilRouted } from './child.ts'
import { readGithubPayload } from './github-payload.ts'
import { median, printTable } from './table.ts'

const ROUNDS = Number(process.argv[2] ?? 5)
const SECONDS = Number(process.argv[3] ?? 5)
const CONNECTIONS = 64

const rows: { bare: number; bridge: number; ratio: number; p99Ms: number; routedMs: number }[] = []
for (let round = 0; round < ROUNDS; round++) {
  const bare = await startChild('bare-server.ts')
  const bareLoad = await runLoad({ port: bare.port, connections: CONNECTIONS, seconds: SECONDS, secret: SECRET })
  await bare.stop()

  const config = writeBenchConfig({ mappings: { 'bench-ingest': UNMATCHED } })
  const bridge = await startChild('bridge-server.ts', [config.folder])
  const load = await runLoad({ port: bridge.port, connections: CONNECTIONS, seconds: SECONDS, secret: SECRET })
  const routedMs = await waitUntilRouted(bridge)
  await bridge.stop()
  config.remove()
  if (bareLoad.failed + load.failed > 0) throw new Error(`${bareLoad.failed + load.failed} requests failed`)
  rows.push({
    bare: bareLoad.perSecond,
    bridge: load.perSecond,
    ratio: load.perSecond / bareLoad.perSecond,
    p99Ms: load.p99Ms,
    routedMs,
  })
}

process.stdout.write(
  `${readGithubPayload().body.length} bytes, ${CONNECTIONS} connections, ${ROUNDS} rounds of ${SECONDS} s\n`,
)
printTable([
  ...rows.map((row, i) => ({
    round: String(i + 1),
    'bare req/s': row.bare,
    'bridge req/s': row.bridge,
    ratio: row.ratio.toFixed(2),
    'bridge p99 ms': row.p99Ms,
    'all routed after ms': Math.round(row.routedMs),
  })),
  {
    round: 'median',
    'bare req/s': median(rows.map(row => row.bare)),
    'bridge req/s': median(rows.map(row => row.bridge)),
    ratio: median(rows.map(row => row.ratio)).toFixed(2),
    'bridge p99 ms': median(rows.map(row => row.p99Ms)),
    'all routed after ms': Math.round(median(rows.map(row => row.routedMs))),
  },
])
