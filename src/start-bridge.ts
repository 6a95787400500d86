import { randomUUID } from 'node:crypto'
import type { AddressInfo } from 'node:net'
import type { FastifyInstance } from 'fastify'
import type { DestinationStream, Logger } from 'pino'
import { type AdminKey, toAdminKeys } from './admin/admin-keys.ts'
import { createKeyUses } from './admin/key-uses.ts'
import { makeAdminKey } from './admin/make-admin-key.ts'
import { startAlerts } from './alerts/start-alerts.ts'
import { buildApp } from './app.ts'
import { startAudit, stopAudit } from './audit/start-audit.ts'
import { createUnauthorizedCount } from './audit/unauthorized-count.ts'
import type { Bridge } from './bridge.ts'
import { closeApp } from './close-app.ts'
import type { Config, ConfigInput } from './config/load-config.ts'
import { readMasterKeys } from './config/read-master-keys.ts'
import { readTokenAgain } from './config/read-token-again.ts'
import { createUpkeep } from './create-upkeep.ts'
import { BridgeError } from './errors.ts'
import { createAgents } from './execute/agents.ts'
import { armFailpoint } from './failpoint.ts'
import { fingerprintToken } from './ledger/fingerprint.ts'
import { createVault, type Vault } from './ledger/vault.ts'
import { createLogger, type SecretBook } from './log.ts'
import { formatProblem } from './mapping/problem.ts'
import { createActivity } from './metrics/activity.ts'
import type { Custody } from './receive.ts'
import { startReplays } from './replay/start-replays.ts'
import { createFreshEvents } from './route/fresh-events.ts'
import { openJudge } from './route/open-judge.ts'
import { startRouting } from './route.ts'
import { saveMemory } from './save-memory.ts'
import { type LoadedSetup, loadSetup } from './setup/load-setup.ts'
import { probeTokens } from './setup/probe-tokens.ts'
import { createReloading } from './setup/reloading.ts'
import { secretValues } from './setup/secret-values.ts'
import type { Live, Setup } from './setup/setup.ts'
import { type SetupWatch, watchSetup } from './setup/watch-setup.ts'
import { captureSecret } from './source/capture-secret.ts'
import { createCaptureWindows } from './source/capture-windows.ts'
import { createRejectedLog } from './source/rejected-log.ts'
import { createSecretLog } from './source/secret-log.ts'
import { openSqliteStore } from './store/sqlite/open-store.ts'
import type { Store } from './store/store.ts'
import { CRASHES_MAX, startWorker } from './worker.ts'

export interface StartOptions {
  config?: ConfigInput
  /** Where log lines go; left out = standard output. */
  logTo?: DestinationStream
  /** Called where the database can no longer be trusted. */
  onFatal: (error: Error) => void
  /**
   * Shows the admin key that is made where none is configured: once, it is not kept. Left out = none is made, and `/api`
   * lets nobody in.
   */
  showAdminKey?: (key: string) => void
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
  const first = setupOf(await loadSetup(options.config ?? {}, 1))
  const { config } = first
  const secrets: SecretBook = { values: secretValues(config) }
  const log = createLogger(config.logLevel, secrets, options.logTo)
  armFailpoint(config.failpoint)
  const store = await openSqliteStore({
    file: config.storeFile,
    diskFreeMinBytes: config.limits.diskFreeMinBytes,
    ...(config.failpoint !== undefined && { failpoint: config.failpoint }),
    onFatal: options.onFatal,
  })
  const undo: Undo[] = [() => store.close()]
  try {
    const vault = createVault(store, () => readMasterKeys(options.config ?? {}))
    const load: LoadOpened = async generation =>
      loadSetup({ ...options.config, opened: await vault.open() }, generation)
    // what is sealed can only be read now: no store is opened, or even made, for files that are not sound
    const setup = config.sealed.unopened.length === 0 ? first : setupOf(await load(1))
    const live: Live = { setup, problems: [] }
    secrets.values = secretValues(setup.config)
    return await assemble(live, store, log, secrets, options, undo, vault, load)
  } catch (error) {
    // else what was started would go on, over a closed store, and keep the process alive
    await undoAll(undo)
    throw error
  }
}

/** Loads the files together with what is sealed in the store. */
type LoadOpened = (generation: number) => Promise<LoadedSetup>

function setupOf(loaded: LoadedSetup): Setup {
  if (loaded.ok) return loaded.setup
  throw new BridgeError('config_invalid', loaded.problems.map(formatProblem).join('\n'))
}

/** Ends one part of the service; the parts end in the opposite order of their start. */
type Undo = () => unknown

async function undoAll(undo: Undo[]): Promise<void> {
  while (undo.length > 0) await undo.pop()!()
}

async function assemble(
  live: Live,
  opened: Store,
  log: Logger,
  secrets: SecretBook,
  options: StartOptions,
  undo: Undo[],
  vault: Vault,
  load: LoadOpened,
): Promise<RunningBridge> {
  const { config } = live.setup
  const bootId = randomUUID()
  const activity = createActivity(Date.now())
  const { alerts, store, stop: stopAlerts } = await startAlerts({ live, store: opened, activity, log })
  undo.push(stopAlerts)
  const recovered = await store.recoverJobs({
    bootId,
    now: Date.now(),
    settleMs: config.limits.settleMs,
    crashesMax: CRASHES_MAX,
  })
  await registerTokens(store, config, true, 'bridge')
  const checkpoints = await startAudit(store, config, { bootId, ...recovered }, secrets, log)
  undo.push(() => stopAudit(store, checkpoints, bootId, log))
  const backlog = await store.readBacklog()
  log.info(
    { bootId, ...recovered, openJobs: backlog.openJobs, unroutedEvents: backlog.lastSeq - backlog.routedSeq },
    'recovered',
  )

  const agents = createAgents()
  undo.push(() => agents.close())
  const worker = startWorker({ bootId, live, store, agents, log, activity, now: Date.now, random: Math.random })
  undo.push(() => worker.stop())
  const judge = openJudge(live.setup, log, { onLoad: isHigh => saveMemory(!isHigh) })
  undo.push(() => judge.close())
  const fresh = createFreshEvents(backlog.lastSeq)
  const routing = await startRouting({ store, judge, fresh, log, activity, onJobs: () => worker.wake() })
  undo.push(() => routing.stop())
  const replays = startReplays({ store, live, log, onJobs: () => worker.wake() })
  undo.push(() => replays.stop())
  const captures = createCaptureWindows()
  const reload = (reason: string): Promise<boolean> => reloading.reload(reason)
  const secretLog = createSecretLog()
  const custody: Custody = {
    store,
    capture: (source, secret) => captureSecret(source, secret, { vault, windows: captures, reload }),
    keyRetentionMs: config.retention.idempotencyKeyMs,
    backlog: { openJobs: backlog.openJobs, jobsMax: config.limits.backlogJobsMax },
    onRecorded: event => {
      fresh.push(event)
      routing.wake()
    },
    onVerified: secretLog.note,
  }
  let made: readonly AdminKey[] = []
  const adminKeys = (): readonly AdminKey[] => {
    const configured = toAdminKeys(live.setup.config.adminKeys)
    return configured.length > 0 ? configured : made
  }
  const keyUses = createKeyUses(store, log, Date.now)
  const bridge: Bridge = {
    log,
    live,
    store,
    custody,
    rejected: createRejectedLog(),
    activity,
    alerts,
    vault,
    captures,
    reload,
    secretLog,
    rotateToken: (integration, actor) => reloading.rotate(integration, actor),
    revokeToken: async revocation => {
      const answer = await store.revokeToken(revocation)
      if (answer.ok) await agents.revoke(answer.token)
      worker.refresh()
      return answer
    },
    wakeWorker: () => worker.wake(),
    readCircuit: worker.readCircuit,
    checkpoints,
    unauthorized: createUnauthorizedCount(),
    adminKeys,
    keyUses,
    replays,
    closing: false,
  }
  const upkeep = createUpkeep(bridge)
  undo.push(upkeep.flush)
  const putInForce = (setup: Setup): void => {
    live.setup = setup
    secrets.values = [...new Set([...secrets.values, ...secretValues(setup.config)])]
    custody.keyRetentionMs = setup.config.retention.idempotencyKeyMs
    custody.backlog.jobsMax = setup.config.limits.backlogJobsMax
    judge.setSetup(setup)
    worker.refresh()
    watch.follow(setup.config)
  }
  const reloading = createReloading({
    live,
    store,
    log,
    load,
    readToken: async integration =>
      readTokenAgain(live.setup.config, integration, { ...options.config, opened: await vault.open() }),
    probeTokens: (integrations, { config: { endpoint } }, deadlineMs) =>
      probeTokens({ integrations, endpoint }, deadlineMs, { agents, store }),
    registerTokens: (setup, actor) => registerTokens(store, setup.config, false, actor),
    putInForce,
  })
  undo.push(() => reloading.close())

  const app = await buildApp({ bridge, logger: log, trustedProxies: config.listen.trustedProxies })
  undo.push(() => closeApp(app))
  undo.push(upkeep.start())
  await listen(app, config)
  made = await makeFirstKey(config, store, secrets, options)
  const watch = startWatch(config, () => void reloading.reload('a file changed'), log)
  undo.push(() => watch.close())
  const url = urlOf(app)
  announce(url, live.setup, log)
  return {
    app,
    url,
    bridge,
    reload: reloading.reload,
    async stop() {
      bridge.closing = true
      await undoAll(undo)
      log.info('stopped')
      await new Promise<void>(resolve => log.flush(() => resolve()))
    },
  }
}

/** No key in bridge.json and none in the environment: one is made, and shown the first time (interface.md 2). */
async function makeFirstKey(
  config: Config,
  store: Store,
  secrets: SecretBook,
  { showAdminKey }: StartOptions,
): Promise<readonly AdminKey[]> {
  if (config.adminKeys.length > 0 || showAdminKey === undefined) return []
  const { key, adminKey } = await makeAdminKey(store, Date.now())
  if (key !== null) {
    secrets.values = [...secrets.values, key]
    showAdminKey(key)
  }
  return [adminKey]
}

async function listen(app: FastifyInstance, { listen: { host, port } }: Config): Promise<void> {
  try {
    await app.listen({ host, port })
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : 'an error'
    const hint = code === 'EADDRINUSE' ? ': another program uses it' : ''
    throw new BridgeError('listen_failed', `${host}:${port} cannot be listened on (${code})${hint}`, { cause })
  }
}

async function registerTokens(store: Store, config: Config, resumeHeld: boolean, actor: string): Promise<void> {
  const tokens = [...config.integrations.values()].map(({ name, token, purpose, owner }) => ({
    integration: name,
    fingerprint: fingerprintToken(token),
    purpose,
    owner,
  }))
  await store.registerTokens({ now: Date.now(), resumeHeld, tokens, actor })
}

function startWatch(config: Config, onChange: () => void, log: Logger): SetupWatch {
  try {
    return watchSetup(config, onChange, error =>
      log.error({ err: error }, 'watching files failed; SIGHUP still reloads'),
    )
  } catch (error) {
    log.error({ err: error }, 'files cannot be watched; SIGHUP still reloads')
    return { follow() {}, close() {} }
  }
}

function announce(url: string, { sources, mappings }: Setup, log: Logger): void {
  for (const source of sources.values())
    if (source.scheme.unsigned)
      log.warn({ source: source.name }, 'this source is unsigned: anybody who knows its URL can send to it')
  log.info({ url, sources: [...sources.keys()], mappings: [...mappings.keys()] }, 'listening')
}

function urlOf(app: FastifyInstance): string {
  const { address, port } = app.server.address() as AddressInfo
  return `http://${address.includes(':') ? `[${address}]` : address}:${port}`
}
