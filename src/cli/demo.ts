import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pc from 'picocolors'
import { packageFolder } from '../config/package-folder.ts'
import { BridgeError } from '../errors.ts'
import { type Sandbox, startSandbox } from '../pixelesq/sandbox/start-sandbox.ts'
import { makeDelivery } from '../source/make-delivery.ts'
import { type RunningBridge, startBridge } from '../start-bridge.ts'
import type { EventDetail } from '../store/reports.ts'
import { cliError, EXIT } from './exit.ts'
import { readPort } from './sandbox.ts'
import { untilSignal } from './until-signal.ts'

/** Secrets of the demo: they open nothing but the sandbox beside it. */
const ENV = {
  GITHUB_WEBHOOK_SECRET: 'demo-github-webhook-secret',
  STRIPE_WEBHOOK_SECRET: 'whsec_demo_stripe_webhook_secret',
  ZAPIER_TOKEN: 'demo-zapier-bearer-token',
  PIXELESQ_TOKEN: 'sandbox-editor-token-0001',
}
const DEFAULT_PORT = 8787
/** Longest wait for the demo's deliveries to have their effect. */
const SHOW_TIME_MAX_MS = 20_000

/** Shows the whole path on this machine: real signed deliveries in, a page published and an entry updated in the sandbox. */
export async function demo(options: { port?: string; once?: boolean }): Promise<number> {
  const port = readPort(options.port, DEFAULT_PORT)
  const sandbox = await startSandbox()
  try {
    return await serve(sandbox, port, options)
  } finally {
    await sandbox.close()
  }
}

async function serve(sandbox: Sandbox, port: number, options: { port?: string; once?: boolean }): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), 'pixelesq-bridge-demo-'))
  let bridge: RunningBridge | null = null
  try {
    writeConfig(folder, sandbox)
    bridge = await listen(folder, port, options.port === undefined)
    await show(bridge, sandbox, folder)
    if (options.once) return EXIT.done
    say(`\nServing. Ctrl-C ends it.`)
    await untilSignal()
    return EXIT.done
  } finally {
    await bridge?.stop()
    rmSync(folder, { recursive: true, force: true })
  }
}

function writeConfig(folder: string, sandbox: Sandbox): void {
  const integration = { token: 'env:PIXELESQ_TOKEN', rateLimit: { perMinute: 600 } }
  const config = {
    mappings: join(packageFolder(), 'mappings'),
    pixelesq: { endpoint: sandbox.url },
    constants: { projectId: 'prj_demo', statusPageId: 'pg_status', productsCollectionId: 'col_products' },
    integrations: { ci: integration, catalog: integration, automation: integration },
    sources: {
      github: { scheme: 'github', secrets: ['env:GITHUB_WEBHOOK_SECRET'] },
      stripe: { scheme: 'stripe', secrets: ['env:STRIPE_WEBHOOK_SECRET'] },
      zapier: { scheme: 'zapier', secrets: ['env:ZAPIER_TOKEN'] },
    },
  }
  writeFileSync(join(folder, 'bridge.json'), `${JSON.stringify(config, null, 2)}\n`)
  const env = Object.entries(ENV).map(([name, value]) => `${name}=${value}\n`)
  writeFileSync(join(folder, '.env'), env.join(''), { mode: 0o600 })
}

/** Takes the usual port where it is free, else any: a demo must not fail on that. */
async function listen(folder: string, port: number, orAnyOther: boolean): Promise<RunningBridge> {
  const start = (port: number): Promise<RunningBridge> =>
    startBridge({
      config: { cwd: folder, env: { BRIDGE_PORT: String(port), BRIDGE_LOG_LEVEL: 'warn' } },
      onFatal: error => {
        throw error
      },
    })
  try {
    return await start(port)
  } catch (error) {
    const taken = error instanceof BridgeError && error.code === 'listen_failed'
    if (!taken || !orAnyOther) throw error
    return start(0)
  }
}

async function show(bridge: RunningBridge, sandbox: Sandbox, folder: string): Promise<void> {
  say(`${pc.bold('Pixelesq Bridge')}  ${bridge.url}   configuration: ${folder}`)
  say(`${pc.bold('Pixelesq sandbox')} ${sandbox.url}\n`)
  const before = readContent(sandbox)

  const workflow = readPayload('github-workflow-run.json')
  const github = await deliver(bridge, 'github', workflow, { type: 'workflow_run.completed', id: '5b1e3f2c-demo' })
  await deliver(
    bridge,
    'github',
    workflow,
    { type: 'workflow_run.completed', id: '5b1e3f2c-demo' },
    'the same delivery again',
  )
  await deliver(
    bridge,
    'github',
    Buffer.from(workflow.toString('utf8').replace('success', 'failure')),
    { type: 'workflow_run.completed', signAs: workflow },
    'a body somebody changed',
  )
  const stripe = await deliver(bridge, 'stripe', readPayload('stripe-product-updated.json'), {})

  say('')
  for (const eventId of [github, stripe]) await explain(await untilDone(bridge, eventId))

  const after = readContent(sandbox)
  say('')
  say(`${pc.bold('Page /status')}        published revision ${before.page} → ${pc.green(after.page)}`)
  say(
    `${pc.bold('Entry "Pro plan"')}    price ${before.price} → ${pc.green(after.price)}, published revision ${before.entry} → ${pc.green(after.entry)}`,
  )
  say(`\nTry it yourself, from another terminal:`)
  say(
    `  curl -X POST ${bridge.url}/hooks/zapier/page.publish -H 'Authorization: Bearer ${ENV.ZAPIER_TOKEN}' -H 'Content-Type: application/json' -d '{"page_id":"pg_status"}'`,
  )
  say(`  curl ${sandbox.baseUrl}/sandbox/state      curl ${bridge.url}/health/ready`)
}

interface Sending {
  type?: string
  id?: string
  /** Signs another body than the one that is sent. */
  signAs?: Buffer
}

async function deliver(
  bridge: RunningBridge,
  source: string,
  body: Buffer,
  { type, id, signAs }: Sending,
  what?: string,
): Promise<string> {
  const config = bridge.bridge.live.setup.config.sources.get(source)!
  const { headers, path } = makeDelivery(config, signAs ?? body, {
    ...(type !== undefined && { type }),
    ...(id !== undefined && { id }),
  })
  const response = await fetch(`${bridge.url}/hooks/${source}${path}`, {
    method: 'POST',
    headers,
    body: new Uint8Array(body),
  })
  const answer = (await response.json()) as { eventId?: string; outcome?: string; error?: { code: string } }
  say(
    `${source.padEnd(8)}${(what ?? type ?? 'product.updated').padEnd(28)}${response.status}  ${answer.outcome ?? answer.error?.code ?? ''}  ${pc.dim(answer.eventId ?? '')}`,
  )
  return answer.eventId ?? ''
}

async function untilDone(bridge: RunningBridge, eventId: string): Promise<EventDetail> {
  const endAt = Date.now() + SHOW_TIME_MAX_MS
  while (Date.now() < endAt) {
    const detail = await bridge.bridge.store.readEvent(eventId)
    const open =
      detail === null ||
      detail.outcome === 'unrouted' ||
      detail.jobs.some(job => job.state === 'queued' || job.state === 'running')
    if (!open) return detail
    await new Promise(resolve => setTimeout(resolve, 50))
  }
  throw cliError(EXIT.failed, `${eventId}: not done after ${SHOW_TIME_MAX_MS} ms`)
}

async function explain({ event, outcome, jobs }: EventDetail): Promise<void> {
  say(`${pc.bold(event.source)} ${event.type}: ${outcome}`)
  for (const job of jobs) {
    say(`  mapping ${job.mapping}: ${job.state}${job.message === null ? '' : ` (${job.message})`}`)
    for (const attempt of job.history)
      say(`    ${attempt.operation.padEnd(14)} ${attempt.outcome}  ${pc.dim(attempt.variables)}`)
  }
}

function readContent({ model }: Sandbox): { page: string; entry: string; price: string } {
  const entry = model.entries.get('ent_pro')
  return {
    page: String(model.pages.get('pg_status')?.publishedRevisionId),
    entry: String(entry?.publishedRevisionId),
    price: String(entry?.content.price),
  }
}

function readPayload(name: string): Buffer {
  return readFileSync(new URL(`./demo/${name}`, import.meta.url))
}

function say(line: string): void {
  process.stdout.write(`${line}\n`)
}
