import type { Worker } from 'node:worker_threads'
import type { Logger } from 'pino'
import { BridgeError } from '../errors.ts'
import { startThread } from '../start-thread.ts'
import type { PastEvent } from '../store/reports.ts'
import type { RehearsedPage } from './rehearsal-result.ts'
import type { FromRehearsal, RehearsalSetup, ToRehearsal } from './rehearsal-wire.ts'

/** Longest time for one page of events, and for the files to be compiled. */
const PAGE_TIME_MAX_MS = 10_000
const START_TIME_MAX_MS = 20_000
/** Memory of the thread, in MB: that of the judging thread, because what that one could parse must fit in here. */
const HEAP_MAX_MB = 512

export interface RehearsalThreadOptions {
  /** Longest time for one page, in ms. */
  pageTimeMaxMs?: number
  /** Starts the thread; left out = the one of this folder. */
  startWorker?: (setup: RehearsalSetup) => Worker
}

export interface RehearsalThread {
  rehearse(events: readonly PastEvent[]): Promise<RehearsedPage>
  close(): Promise<void>
}

/**
 * Rehearses in a thread of its own, compiled from the files on disk: neither a hungry mapping nor a large payload shares
 * time or memory with custody. An event the thread dies of, or hangs on, is counted as `failed` and the rest goes on.
 * Throws `files_differ` where the files are not those in force.
 */
export async function openRehearsal(
  setup: RehearsalSetup,
  log: Logger,
  { pageTimeMaxMs = PAGE_TIME_MAX_MS, startWorker = startOwn }: RehearsalThreadOptions = {},
): Promise<RehearsalThread> {
  let thread = await start()
  let closed = false

  /** One page, or null where the thread ended or took too long: it has been ended. */
  const ask = async (events: readonly PastEvent[]): Promise<RehearsedPage | null> => {
    const message = await answerOf(thread, pageTimeMaxMs, () => thread.postMessage({ events } satisfies ToRehearsal))
    if (message?.kind === 'page') return message.page
    await thread.terminate()
    return null
  }

  async function start(): Promise<Worker> {
    const worker = startWorker(setup)
    worker.on('error', error => log.warn({ err: error }, 'the rehearsing thread failed'))
    const message = await answerOf(worker, START_TIME_MAX_MS, () => {})
    if (message?.kind === 'ready') return worker
    await worker.terminate()
    if (message?.kind === 'differs')
      throw new BridgeError('files_differ', 'The mapping files on disk are not those in force; see /health/ready')
    throw new Error('the rehearsing thread could not be started')
  }

  const rehearse = async (events: readonly PastEvent[]): Promise<RehearsedPage> => {
    const page = await ask(events)
    if (page !== null) return page
    if (closed) throw new BridgeError('shutting_down', 'The rehearsal was ended')
    thread = await start()
    if (events.length === 1) return { events: 1, results: [], unchanged: {}, skipped: { failed: 1 } }
    const pages: RehearsedPage[] = []
    for (const event of events) pages.push(await rehearse([event]))
    return pages.reduce(addPages)
  }

  return {
    rehearse,
    async close() {
      closed = true
      await thread.terminate()
    },
  }
}

function startOwn(setup: RehearsalSetup): Worker {
  return startThread(import.meta.url, 'rehearsal-thread', { heapMaxMb: HEAP_MAX_MB, workerData: setup })
}

/** The next message of a thread; null where it ends, or where the time is up. */
function answerOf(thread: Worker, timeMaxMs: number, begin: () => void): Promise<FromRehearsal | null> {
  return new Promise(resolve => {
    const timer = setTimeout(() => end(null), timeMaxMs)
    const end = (message: FromRehearsal | null): void => {
      clearTimeout(timer)
      thread.off('message', end)
      thread.off('exit', onExit)
      resolve(message)
    }
    const onExit = (): void => end(null)
    thread.on('message', end)
    thread.on('exit', onExit)
    begin()
  })
}

function addPages(left: RehearsedPage, right: RehearsedPage): RehearsedPage {
  const add = (a: Record<string, number>, b: Record<string, number>): Record<string, number> => {
    const sum = { ...a }
    for (const [key, count] of Object.entries(b)) sum[key] = (sum[key] ?? 0) + count
    return sum
  }
  return {
    events: left.events + right.events,
    results: [...left.results, ...right.results],
    unchanged: add(left.unchanged, right.unchanged),
    skipped: add(left.skipped, right.skipped),
  }
}
