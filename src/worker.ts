import { failpoint } from './failpoint.ts'
import type { ClaimedJob, ExpiredJob } from './store/jobs.ts'
import type { Circuit } from './worker/circuit.ts'
import { type CircuitChange, createCircuits } from './worker/circuits.ts'
import { EXPIRED } from './worker/decide-next.ts'
import { createGates, type Gates } from './worker/gates.ts'
import { probeRefused } from './worker/probe-refused.ts'
import { runJob } from './worker/run-job.ts'
import type { WorkContext } from './worker/work-context.ts'

/** A lease that is not renewed for this long has ended: the worker is gone, or stuck. */
const LEASE_MS = 60_000
const RENEW_MS = 15_000
/** How often due retries are looked for; new jobs do not wait for it. */
const POLL_MS = 200
/** How often jobs are looked for whose time (`expiresAfter`) is over while they wait. */
const EXPIRE_MS = 1_000
/** How often the ledger is read again even if nothing happened here. */
const LEDGER_MS = 5_000
/** Wait after a failure of the store. */
const STORE_RETRY_MS = 500
/** How long attempts under way may take to end when the service stops (semantics.md 8). */
const STOP_MS = 30_000

export type WorkerOptions = Omit<WorkContext, 'gates' | 'circuits' | 'stopping' | 'onGateChange' | 'sleep'>

export interface JobWorker {
  /** Says that there may be something to do. */
  wake(): void
  /** The setup changed: tokens may be others. */
  refresh(): void
  /** Whether an integration has stopped sending by itself. */
  readCircuit(integration: string): Circuit
  /** Claims nothing more and waits for what is under way, 30 s at most. */
  stop(): Promise<void>
}

/**
 * EFFECT. Claims jobs that are due, no more at once than each integration allows, and works on each: map, execute,
 * finish. A job can fail, never the worker; what a job leaves open when the process dies is found at the next start.
 */
export function startWorker(options: WorkerOptions): JobWorker {
  const { store, live, log, bootId, now } = options
  const circuits = createCircuits(change => tellCircuit(change, options))
  const gates: Gates = createGates(circuits)
  const running = new Map<number, { job: ClaimedJob; done: Promise<void> }>()
  let stopping = false
  let ledgerReadAt = 0
  let expiredAt = 0
  let wake = (): void => {}

  const context: WorkContext = {
    ...options,
    gates,
    circuits,
    stopping: () => stopping,
    onGateChange: () => {
      ledgerReadAt = 0
    },
    sleep: ms => new Promise(resolve => setTimeout(resolve, ms)),
  }

  let probing = false
  // one at a time: a probe that hangs is not begun again meanwhile
  const probe = (): void => {
    if (probing) return
    probing = true
    probeRefused(context)
      .catch(error => log.error({ err: error }, 'a refused token could not be probed'))
      .finally(() => {
        probing = false
      })
  }

  const loop = async (): Promise<void> => {
    while (!stopping) {
      const woken = new Promise<void>(resolve => {
        wake = resolve
      })
      try {
        if (Math.abs(now() - ledgerReadAt) >= LEDGER_MS) {
          ledgerReadAt = now()
          gates.refresh(live.setup.config, await store.readIntegrations())
          probe()
        }
        if (Math.abs(now() - expiredAt) >= EXPIRE_MS) {
          expiredAt = now()
          for (const job of await store.expireJobs({ ...EXPIRED, now: now() })) tellExpired(job, options)
        }
        const room = gates.room(live.setup.config, countRunning(), now())
        const jobs =
          room.length === 0 ? [] : await store.claimJobs({ bootId, now: now(), leaseExpiresAt: now() + LEASE_MS, room })
        if (jobs.length > 0) failpoint('after_claim')
        for (const job of jobs) begin(job)
        if (jobs.length === 0) await Promise.race([woken, context.sleep(POLL_MS)])
      } catch (error) {
        log.error({ err: error }, 'jobs could not be claimed; trying again')
        await context.sleep(STORE_RETRY_MS)
      }
    }
  }

  const begin = (job: ClaimedJob): void => {
    const done = runJob(job, context)
      .catch(error => log.error({ err: error, jobId: job.id }, 'a job was interrupted; its lease will end'))
      .finally(() => {
        running.delete(job.seq)
        wake()
      })
    running.set(job.seq, { job, done })
  }

  const countRunning = (): Map<string, number> => {
    const counts = new Map<string, number>()
    for (const { job } of running.values()) counts.set(job.integration, (counts.get(job.integration) ?? 0) + 1)
    return counts
  }

  const renewal = setInterval(() => {
    const { limits } = live.setup.config
    store
      .extendLeases({ bootId, jobSeqs: [...running.keys()], leaseExpiresAt: now() + LEASE_MS })
      .catch(error => log.error({ err: error }, 'leases could not be renewed'))
    store
      .recoverJobs({ bootId, now: now(), settleMs: limits.settleMs, crashesMax: CRASHES_MAX })
      .catch(error => log.error({ err: error }, 'leases could not be looked through'))
  }, RENEW_MS)
  const looping = loop()

  return {
    wake: () => wake(),
    refresh: () => {
      context.onGateChange()
      wake()
    },
    readCircuit: circuits.read,
    async stop() {
      stopping = true
      wake()
      await looping
      const all = Promise.all([...running.values()].map(({ done }) => done))
      await Promise.race([all, new Promise(resolve => setTimeout(resolve, STOP_MS).unref())])
      clearInterval(renewal)
    },
  }
}

/** A job that ended without having been claimed: it never came to run, or waited to run again. */
function tellExpired(job: ExpiredJob, { log, activity, now }: WorkerOptions): void {
  const { id: jobId, eventId, mapping, receivedAt } = job
  activity.jobMoved({ ...job, event: { receivedAt } }, EXPIRED, now())
  log.warn({ jobId, eventId, mapping, ...EXPIRED }, 'job')
}

/** A circuit that goes over into another state is logged and accounted for; neither holds up the work. */
function tellCircuit({ integration, from, to }: CircuitChange, { log, store, now }: WorkerOptions): void {
  const action = CIRCUIT_ACTIONS[to.state]
  const detail =
    to.state === 'open' ? { from, failures: to.failures, until: new Date(to.until).toISOString() } : { from }
  if (to.state === 'open')
    log.warn({ integration, ...detail }, 'the circuit is open: the API does not answer, nothing is claimed')
  else log.info({ integration, ...detail, state: to.state }, 'the circuit changed')
  store
    .recordAudit([{ at: now(), actor: 'bridge', action, integration, detail }])
    .catch(error => log.error({ err: error, integration }, 'a change of the circuit could not be accounted for'))
}

const CIRCUIT_ACTIONS = {
  open: 'circuit.opened',
  half_open: 'circuit.half_opened',
  closed: 'circuit.closed',
} as const

/** An event that was being worked on at so many crashes is not tried again (semantics.md 3). */
export const CRASHES_MAX = 3
