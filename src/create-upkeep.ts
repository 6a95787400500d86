import type { Bridge } from './bridge.ts'
import { complain } from './complain.ts'
import { createSecretWriter } from './source/write-secret-uses.ts'
import { BRIDGE_ACTOR } from './store/audit.ts'

const REJECTED_FLUSH_MS = 1_000
const UNAUTHORIZED_FLUSH_MS = 60_000
/** How often it is written down which secrets proved deliveries. */
const SECRETS_FLUSH_MS = 30_000
const BACKLOG_READ_MS = 500
const PRUNE_EVERY_MS = 60_000
/** Rows removed in one transaction of retention, so that no delivery waits long for it. */
const PRUNE_ROWS_MAX = 500

/** What is done every now and then: what gathered in memory is written, retention is kept, the backlog is read. */
export interface Upkeep {
  /** Begins; what it gives ends it. */
  start(): () => void
  /** Writes what has gathered, for the last time. */
  flush(): Promise<void>
}

/** Prepares the upkeep of a bridge. What fails is logged, and done the next time. */
export function createUpkeep(bridge: Bridge): Upkeep {
  const { store, log, custody } = bridge
  const writeRejected = () => flushRejected(bridge).catch(complain(log, 'refused deliveries could not be recorded'))
  const writeUnauthorized = () =>
    flushUnauthorized(bridge).catch(complain(log, 'requests without an admin key could not be accounted for'))
  const writeSecrets = createSecretWriter(bridge.secretLog, store, log)
  const readBacklog = async () => {
    custody.backlog.openJobs = (await store.readBacklog()).openJobs
  }

  return {
    start() {
      const timers = [
        setInterval(writeRejected, REJECTED_FLUSH_MS),
        setInterval(writeUnauthorized, UNAUTHORIZED_FLUSH_MS),
        setInterval(writeSecrets, SECRETS_FLUSH_MS),
        setInterval(() => readBacklog().catch(complain(log, 'the backlog could not be read')), BACKLOG_READ_MS),
        setInterval(() => prune(bridge).catch(complain(log, 'retention failed')), PRUNE_EVERY_MS),
      ]
      return () => timers.forEach(clearInterval)
    },
    async flush() {
      await writeUnauthorized()
      await writeSecrets()
      await writeRejected()
    },
  }
}

async function prune(bridge: Bridge): Promise<void> {
  const { store, log, live } = bridge
  const { payloadMs, eventMs, idempotencyKeyMs, auditMs } = live.setup.config.retention
  const kept = { payloadMs, eventMs, idempotencyKeyMs, rowsMax: PRUNE_ROWS_MAX }
  for (let more = true; more && !bridge.closing; ) {
    const pruned = await store.prune({ now: Date.now(), ...kept })
    if (pruned.payloads + pruned.events > 0) log.info(pruned, 'pruned')
    more = pruned.more
  }
  for (let more = true; more && !bridge.closing; ) {
    const pruned = await store.pruneAudit({ now: Date.now(), auditMs })
    if (pruned.rows > 0) log.info(pruned, 'audit pruned')
    more = pruned.more
  }
}

async function flushRejected({ rejected, store }: Bridge): Promise<void> {
  const batch = rejected.take()
  if (batch === null) return
  try {
    await store.recordRejected(batch)
  } catch (error) {
    rejected.giveBack(batch)
    throw error
  }
}

async function flushUnauthorized({ unauthorized, store }: Bridge): Promise<void> {
  const count = unauthorized.take()
  if (count === 0) return
  try {
    await store.recordAudit([{ at: Date.now(), actor: BRIDGE_ACTOR, action: 'admin.unauthorized', detail: { count } }])
  } catch (error) {
    unauthorized.giveBack(count)
    throw error
  }
}
