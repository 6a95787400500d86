import { appendFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

export const SECRET = 'a-secret-for-benches-only'
const TOKEN = 'a-token-for-benches-only'

export interface BenchConfig {
  folder: string
  remove(): void
}

/** Writes a configuration with a GitHub source into a new folder on this disk (benches measure real fsyncs). */
export function writeBenchConfig(
  settings: {
    endpoint?: string
    mappings?: Record<string, unknown>
    integration?: Record<string, unknown>
    limits?: Record<string, unknown>
    search?: { payloads: boolean }
  } = {},
): BenchConfig {
  const folder = mkdtempSync(join(process.cwd(), '.bench-'))
  mkdirSync(join(folder, 'mappings'))
  for (const [name, mapping] of Object.entries(settings.mappings ?? {}))
    writeFileSync(join(folder, 'mappings', `${name}.json`), JSON.stringify(mapping))
  mkdirSync(join(folder, 'mappings', 'operations'))
  writeFileSync(
    join(folder, 'mappings', 'operations', 'touch.graphql'),
    'mutation touch($id: String!) { touch(id: $id) { success } }\n',
  )
  writeFileSync(
    join(folder, 'mappings', 'operations', 'touch.json'),
    JSON.stringify({ success: 'data.touch.success', effect: 'set' }),
  )
  writeFileSync(
    join(folder, 'bridge.json'),
    JSON.stringify({
      listen: { port: 0 },
      pixelesq: { endpoint: settings.endpoint ?? 'http://127.0.0.1:9/graphql' },
      integrations: { bench: { token: 'env:BENCH_TOKEN', concurrency: 64, ...settings.integration } },
      sources: { github: { scheme: 'github', secrets: ['env:BENCH_SECRET'] } },
      limits: settings.limits ?? {},
      search: settings.search ?? {},
    }),
  )
  writeFileSync(join(folder, '.env'), `BENCH_SECRET=${SECRET}\nBENCH_TOKEN=${TOKEN}\n`)
  return { folder, remove: () => rmSync(folder, { recursive: true, force: true }) }
}

/** The key with which a bench asks the API of a service that was given it. */
export const ADMIN_KEY = 'an-admin-key-for-benches-only'

/** Has the next service started in a folder know `ADMIN_KEY`. */
export function addAdminKey({ folder }: BenchConfig): void {
  appendFileSync(join(folder, '.env'), `BRIDGE_ADMIN_KEY=${ADMIN_KEY}\n`)
}

/** A mapping that looks into the payload of every workflow run and wants none of them. */
export const UNMATCHED = {
  source: 'github',
  on: ['workflow_run.*'],
  when: "payload.workflow_run.conclusion == 'success' && payload.workflow_run.head_branch == 'no-such-branch'",
  integration: 'bench',
  action: 'publishPage',
  with: { pageId: 'pg_bench' },
}

/** A mapping that makes one write of every workflow run. */
export const TOUCH = {
  source: 'github',
  on: ['workflow_run.*'],
  integration: 'bench',
  steps: [{ id: 'touched', operation: 'touch', variables: { id: '${payload.workflow_run.head_sha}' } }],
}
