import { BridgeError } from '../../errors.ts'
import { startThread } from '../../start-thread.ts'
import type { Store } from '../store.ts'
import { backUp } from './back-up.ts'
import { examine } from './examine.ts'
import type { Call } from './group-commit.ts'
import type { Answer, Ask, StoreMethod } from './operations.ts'
import { type FromStore, packEvent, type StoreThreadData, type ToStore, type WireError } from './wire.ts'
import { errorFromWire } from './wire-error.ts'

export interface SqliteStoreOptions {
  /** Path of the database file; its folder is made if absent. */
  file: string
  /** Free bytes on the disk below which deliveries are refused, before SQLite itself runs out. Default 128 MiB. */
  diskFreeMinBytes?: number
  /** See src/failpoint.ts; left out outside tests. */
  failpoint?: string
  /** Called where the database can no longer be trusted (a failed fsync, a damaged file): the process must end. */
  onFatal: (error: Error) => void
}

const DISK_FREE_MIN_BYTES = 128 * 1024 * 1024

/**
 * Calls that are sent off at once instead of at the end of the turn: the thread commits them while the main thread reads
 * on. Without it all connections move in one convoy, and each thread waits for the other (bench/ingest.ts: 10 % more).
 */
const BATCH_CALLS = 16

interface Waiting {
  resolve: (value: unknown) => void
  reject: (error: unknown) => void
}

/**
 * Opens the SQLite store. The database lives in a thread of its own, so that neither compression nor fsync delays an
 * answer; calls made in one turn of the loop travel together and share one commit.
 * Throws `store_locked`, `store_newer` or `store_unavailable` where it cannot be opened.
 */
export async function openSqliteStore(options: SqliteStoreOptions): Promise<Store> {
  const workerData: StoreThreadData = {
    file: options.file,
    diskFreeMinBytes: options.diskFreeMinBytes ?? DISK_FREE_MIN_BYTES,
    failpoint: options.failpoint,
  }
  const thread = startThread(import.meta.url, 'store-thread', { workerData })
  const waiting = new Map<number, Waiting>()
  let calls: Call[] = []
  /** Memory that goes over to the thread with the next message. */
  let given: ArrayBuffer[] = []
  let lastId = 0
  let opened: { resolve: (epoch: number) => void; reject: (error: Error) => void }
  const opening = new Promise<number>((resolve, reject) => {
    opened = { resolve, reject }
  })
  let closed: (() => void) | null = null
  let closing: Promise<void> | null = null
  let ended = false

  const failAll = (error: Error): void => {
    for (const { reject } of waiting.values()) reject(error)
    waiting.clear()
  }
  thread.on('message', (message: FromStore) => {
    if (message.kind === 'open') opened.resolve(message.epoch)
    else if (message.kind === 'failed') opened.reject(errorFromWire(message.error))
    else if (message.kind === 'closed') closed?.()
    else {
      for (const reply of message.replies) {
        const call = waiting.get(reply.id)
        waiting.delete(reply.id)
        if (reply.ok) call?.resolve(reply.value)
        else {
          const error = errorFromWire(reply.error as WireError)
          call?.reject(error)
          if ((reply.error as WireError).fatal) options.onFatal(error)
        }
      }
    }
  })
  thread.on('error', error => {
    opened.reject(error as Error)
    failAll(error as Error)
    options.onFatal(error as Error)
  })
  thread.on('exit', () => {
    ended = true
    failAll(closedError())
  })

  const flush = (): void => {
    if (calls.length === 0) return
    thread.postMessage({ kind: 'calls', calls } satisfies ToStore, given)
    calls = []
    given = []
  }
  const call = <M extends StoreMethod>(method: M, ask: Ask<M>): Promise<Answer<M>> => send(method, ask)
  const send = <M extends StoreMethod>(method: M, ask: unknown): Promise<Answer<M>> =>
    new Promise((resolve, reject) => {
      // a thread that is gone would never answer
      if (ended) return reject(closedError())
      const id = ++lastId
      waiting.set(id, { resolve: resolve as (value: unknown) => void, reject })
      if (calls.length === 0) setImmediate(flush)
      calls.push({ id, method, ask })
      if (calls.length >= BATCH_CALLS) flush()
    })

  const epoch = await opening.catch(async error => {
    await thread.terminate()
    throw error
  })
  return {
    epoch,
    recordEvent: async event => {
      const sent = packEvent(event)
      given.push(sent[9].buffer)
      return send('recordEvent', sent)
    },
    recordAudit: ask => call('recordAudit', ask),
    listAudit: ask => call('listAudit', ask),
    exportAudit: ask => call('exportAudit', ask),
    readAuditRows: ask => call('readAuditRows', ask),
    readAuditHead: ask => call('readAuditHead', ask),
    readCheckpoints: ask => call('readCheckpoints', ask),
    recordCheckpoints: ask => call('recordCheckpoints', ask),
    pruneAudit: ask => call('pruneAudit', ask),
    recordRejected: ask => call('recordRejected', ask),
    acceptRejected: ask => call('acceptRejected', ask),
    listRejected: ask => call('listRejected', ask),
    countRejected: ask => call('countRejected', ask),
    readRejected: ask => call('readRejected', ask),
    takeRecorded: ask => call('takeRecorded', ask),
    recordRoutes: ask => call('recordRoutes', ask),
    claimJobs: ask => call('claimJobs', ask),
    recordIntent: ask => call('recordIntent', ask),
    finishAttempt: ask => call('finishAttempt', ask),
    finishJob: ask => call('finishJob', ask),
    extendLeases: ask => call('extendLeases', ask),
    recoverJobs: ask => call('recoverJobs', ask),
    expireJobs: ask => call('expireJobs', ask),
    registerTokens: ask => call('registerTokens', ask),
    recordProbe: ask => call('recordProbe', ask),
    readIntegrations: () => call('readIntegrations', undefined),
    readTokenWrites: () => call('readTokenWrites', undefined),
    revokeToken: ask => call('revokeToken', ask),
    pause: ask => call('pause', ask),
    resume: ask => call('resume', ask),
    readPauses: () => call('readPauses', undefined),
    recordSecretUses: ask => call('recordSecretUses', ask),
    readSecretUses: () => call('readSecretUses', undefined),
    readBacklog: () => call('readBacklog', undefined),
    countBacklog: ask => call('countBacklog', ask),
    readEvent: ask => call('readEvent', ask),
    readOutcome: ask => call('readOutcome', ask),
    findKeys: ask => call('findKeys', ask),
    readHistory: ask => call('readHistory', ask),
    listEvents: ask => call('listEvents', ask),
    listJobs: ask => call('listJobs', ask),
    readJob: ask => call('readJob', ask),
    countJobs: () => call('countJobs', undefined),
    retryJob: ask => call('retryJob', ask),
    replanJob: ask => call('replanJob', ask),
    discardJob: ask => call('discardJob', ask),
    settleJob: ask => call('settleJob', ask),
    listReplayable: ask => call('listReplayable', ask),
    forecastReplay: ask => call('forecastReplay', ask),
    startReplay: ask => call('startReplay', ask),
    recordReplay: ask => call('recordReplay', ask),
    endReplay: ask => call('endReplay', ask),
    readReplay: ask => call('readReplay', ask),
    listReplays: () => call('listReplays', undefined),
    readRunningReplay: () => call('readRunningReplay', undefined),
    sealSecret: ask => call('sealSecret', ask),
    listSecrets: () => call('listSecrets', undefined),
    readSecrets: () => call('readSecrets', undefined),
    deleteSecret: ask => call('deleteSecret', ask),
    resealSecrets: ask => call('resealSecrets', ask),
    keepAdminKey: ask => call('keepAdminKey', ask),
    noteKeyUse: ask => call('noteKeyUse', ask),
    listKeyUses: () => call('listKeyUses', undefined),
    recordAlert: ask => call('recordAlert', ask),
    endAlert: ask => call('endAlert', ask),
    readAlerts: () => call('readAlerts', undefined),
    probe: ask => call('probe', ask),
    prune: ask => call('prune', ask),
    inspect: () => call('inspect', undefined),
    examine: signal => examine(workerData.file, signal),
    backUp: request => backUp(workerData, request),
    close: () => {
      closing ??= new Promise<void>(resolve => {
        if (ended) return resolve()
        closed = resolve
        thread.once('exit', () => resolve())
        if (calls.length > 0) flush()
        thread.postMessage({ kind: 'close' } satisfies ToStore)
      })
      return closing
    },
  }
}

function closedError(): BridgeError {
  return new BridgeError('shutting_down', 'The store is closed')
}
