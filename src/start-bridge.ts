import { randomUUID } from 'node:crypto'
import type { AddressInfo } from 'node:net'
import type { FastifyInstance } from 'fastify'
import type { DestinationStream, Logger } from 'pino'
import { buildApp } from './app.ts'
import type { Bridge } from './bridge.ts'
import type { Config, ConfigInput } from './config/load-config.ts'
import { BridgeError } from './errors.ts'
import { createAgents } from './execute/agents.ts'
import { armFailpoint } from './failpoint.ts'
import { fingerprintToken } from './ledger/fingerprint.ts'
import { createLogger, type SecretBook } from './log.ts'
import { formatProblem } from './mapping/problem.ts'
import type { Custody } from './receive.ts'
import { createFreshEvents } from './route/fresh-events.ts'
import { openJudge } from './route/open-judge.ts'
import { judgeSetup } from './route/wire.ts'
import { startRouting } from './route.ts'
import { loadSetup } from './setup/load-setup.ts'
import type { Live, Setup } from './setup/setup.ts'
import { type SetupWatch, watchSetup } from './setup/watch-setup.ts'
import { createRejectedLog } from './source/rejected-log.ts'
import { openSqliteStore } from './store/sqlite/open-store.ts'
import type { Store } from './store/store.ts'
import { CRASHES_MAX, startWorker } from './worker.ts'

const REJECTED_FLUSH_MS = 1_000
const BACKLOG_READ_MS = 500
const PRUNE_EVERY_MS = 60_000
/** Rows removed in one transaction of retention, so that no delivery waits long for it. */
const PRUNE_ROWS_MAX = 500

export interface StartOptions {
  config?: ConfigInput
  /** Where log lines go; left out = standard output. */
  logTo?: DestinationStream
  /** Called where the database can no longer be trusted. */
  onFatal: (error: Error) => void
}

export interface RunningBridge {
  app: FastifyInstance
  /** Where it listens, without a trailing slash. */
  url: string
  bridge: Bridge
  /** Loads configuration and mappings again; they come into force together or not at all. */
  reload(reason: string): Promise<boolean>
  /** Stops listening, lets requests and attempts end (30 s), closes the store. */
  stop(): Promise<void>
}

/**
 * Starts the service in this process: setup, store, recovery of what an earlier process left open, judgement, worker,
 * HTTP. Throws `config_invalid` with every problem, `store_locked`, `store_unavailable` or `store_newer`.
 */
export async function startBridge(options: StartOptions): Promise<RunningBridge> {
  const loaded = await loadSetup(options.config ?? {}, 1)
  if (!loaded.ok) throw new BridgeError('config_invalid', loaded.problems.map(formatProblem).join('\n'))
  const live: Live = { setup: loaded.setup, problems: [] }
  const { config } = live.setup
  const secrets: SecretBook = { values: secretValues(config) }
  const log = createLogger(config.logLevel, secrets, options.logTo)
  armFailpoint(config.failpoint)
  const store = await openSqliteStore({
    file: config.storeFile,
    diskFreeMinBytes: config.limits.diskFreeMinBytes,
    ...(config.failpoint !== undefined && { failpoint: config.failpoint }),
    onFatal: options.onFatal,
  })
  try {
    return await assemble(live, store, log, secrets, options)
  } catch (error) {
    await store.close()
    throw error
  }
}

async function assemble(
  live: Live,
  store: Store,
  log: Logger,
  secrets: SecretBook,
  options: StartOptions,
): Promise<RunningBridge> {
  const { config } = live.setup
  const bootId = randomUUID()
  const recovered = await store.recoverJobs({
    bootId,
    now: Date.now(),
    settleMs: config.limits.settleMs,
    crashesMax: CRASHES_MAX,
  })
  await registerTokens(store, config, true)
  const backlog = await store.readBacklog()
  log.info(
    { bootId, ...recovered, openJobs: backlog.openJobs, unroutedEvents: backlog.lastSeq - backlog.routedSeq },
    'recovered',
  )

  const agents = createAgents()
  const worker = startWorker({ bootId, live, store, agents, log, now: Date.now, random: Math.random })
  const judge = openJudge(judgeSetup(live.setup), log)
  const fresh = createFreshEvents(backlog.lastSeq)
  const routing = await startRouting({ store, judge, fresh, log, onJobs: () => worker.wake() })
  const custody: Custody = {
    store,
    keyRetentionMs: config.retention.idempotencyKeyMs,
    backlog: { openJobs: backlog.openJobs, jobsMax: config.limits.backlogJobsMax },
    onRecorded: event => {
      fresh.push(event)
      routing.wake()
    },
  }
  const bridge: Bridge = { log, live, store, custody, rejected: createRejectedLog(), closing: false }
  const app = await buildApp({ bridge, logger: log, trustedProxies: config.listen.trustedProxies })
  const timers = startTimers(bridge)

  const reload = async (reason: string): Promise<boolean> => {
    const next = await loadSetup(options.config ?? {}, live.setup.generation + 1)
    if (!next.ok) {
      live.problems = next.problems
      log.error(
        { reason, problems: next.problems.map(formatProblem) },
        'the changed files are not valid; the last good setup stays in force',
      )
      return false
    }
    putInForce(next.setup)
    await registerTokens(store, next.setup.config, false)
    worker.refresh()
    log.info(
      {
        reason,
        generation: next.setup.generation,
        mappings: next.setup.mappings.size,
        sources: next.setup.sources.size,
      },
      'reloaded',
    )
    return true
  }
  const putInForce = (setup: Setup): void => {
    live.setup = setup
    live.problems = []
    secrets.values = [...new Set([...secrets.values, ...secretValues(setup.config)])]
    custody.keyRetentionMs = setup.config.retention.idempotencyKeyMs
    custody.backlog.jobsMax = setup.config.limits.backlogJobsMax
    judge.setSetup(judgeSetup(setup))
  }

  await app.listen({ host: config.listen.host, port: config.listen.port })
  const watch = startWatch(config, () => void reload('a file changed'), log)
  const url = urlOf(app)
  for (const source of live.setup.sources.values())
    if (source.scheme.unsigned)
      log.warn({ source: source.name }, 'this source is unsigned: anybody who knows its URL can send to it')
  log.info({ url, sources: [...live.setup.sources.keys()], mappings: [...live.setup.mappings.keys()] }, 'listening')

  return {
    app,
    url,
    bridge,
    reload,
    async stop() {
      bridge.closing = true
      watch.close()
      await app.close()
      await worker.stop()
      await routing.stop()
      await judge.close()
      for (const timer of timers) clearInterval(timer)
      await flushRejected(bridge)
      await agents.close()
      await store.close()
      log.info('stopped')
      await new Promise<void>(resolve => log.flush(() => resolve()))
    },
  }
}

async function registerTokens(store: Store, config: Config, resumeHeld: boolean): Promise<void> {
  const tokens = [...config.integrations.values()].map(({ name, token, purpose, owner }) => ({
    integration: name,
    fingerprint: fingerprintToken(token),
    purpose,
    owner,
  }))
  await store.registerTokens({ now: Date.now(), resumeHeld, tokens })
}

function startTimers(bridge: Bridge): NodeJS.Timeout[] {
  const { store, log, live, custody } = bridge
  const complain = (what: string) => (error: unknown) => log.error({ err: error }, what)
  const prune = async (): Promise<void> => {
    const { payloadMs, eventMs, idempotencyKeyMs } = live.setup.config.retention
    for (let more = true; more && !bridge.closing; ) {
      const pruned = await store.prune({
        now: Date.now(),
        payloadMs,
        eventMs,
        idempotencyKeyMs,
        rowsMax: PRUNE_ROWS_MAX,
      })
      if (pruned.payloads + pruned.events > 0) log.info(pruned, 'pruned')
      more = pruned.more
    }
  }
  return [
    setInterval(
      () => flushRejected(bridge).catch(complain('refused deliveries could not be recorded')),
      REJECTED_FLUSH_MS,
    ),
    setInterval(() => {
      store
        .readBacklog()
        .then(({ openJobs }) => {
          custody.backlog.openJobs = openJobs
        })
        .catch(complain('the backlog could not be read'))
    }, BACKLOG_READ_MS),
    setInterval(() => prune().catch(complain('retention failed')), PRUNE_EVERY_MS),
  ]
}

async function flushRejected({ rejected, store }: Bridge): Promise<void> {
  const batch = rejected.take()
  if (batch !== null) await store.recordRejected(batch)
}

function startWatch(config: Config, onChange: () => void, log: Logger): SetupWatch {
  try {
    return watchSetup(config, onChange, error =>
      log.error({ err: error }, 'watching files failed; SIGHUP still reloads'),
    )
  } catch (error) {
    log.error({ err: error }, 'files cannot be watched; SIGHUP still reloads')
    return { close() {} }
  }
}

function secretValues(config: Config): string[] {
  const sources = [...config.sources.values()].flatMap(source => source.secrets.map(secret => secret.value))
  return [...sources, ...[...config.integrations.values()].map(integration => integration.token)]
}

function urlOf(app: FastifyInstance): string {
  const { address, port } = app.server.address() as AddressInfo
  return `http://${address.includes(':') ? `[${address}]` : address}:${port}`
}
