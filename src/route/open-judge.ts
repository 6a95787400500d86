import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Worker } from 'node:worker_threads'
import type { Logger } from 'pino'
import { ownMemory } from '../own-memory.ts'
import type { Setup } from '../setup/setup.ts'
import { startThread } from '../start-thread.ts'
import type { RecordedEvent } from '../store/receipts.ts'
import type { RouteDecision } from '../store/routes.ts'
import { judgeBatch, makeRules } from './judge-batch.ts'
import { type FromJudge, judgeSetup, packEvent, type ToJudge } from './wire.ts'

/** Longest time one batch may take in the thread, in ms. */
const BATCH_TIME_MAX_MS = 3_000
/** Memory of the judging thread, in MB: a payload that needs more ends the thread, not the service. */
const HEAP_MAX_MB = 512
/** Events, and bytes of their bodies together, that may be judged without the thread: at most about a millisecond. */
const LIGHT_EVENTS_MAX = 4
const LIGHT_BYTES_MAX = 131_072
/** Events a second that may be judged so, at most: where more come in, the main thread has enough to do. */
const LIGHT_PER_SECOND_MAX = 200
/** Where judging a light batch took longer than this, in ms, the thread takes over. */
const LIGHT_TIME_MAX_MS = 20
/** After so long without a batch that needs it the thread ends, in ms: it holds about 20 MB. */
const THREAD_IDLE_MS = 30_000

export interface JudgeOptions {
  idleMs?: number
  /** Told when there has been little to do for a while, and when that ends. */
  onLoad?: (isHigh: boolean) => void
}

export interface Judge {
  /**
   * Decides on events, in their order; their bodies are given away. Null where the thread ended or took too long: it
   * has been replaced, and one of these events is to blame.
   * `isFresh`: they came in since the start. Only then may a light batch be judged outside the thread: what ended the
   * process would meet the thread after the next start.
   */
  decide(events: readonly RecordedEvent[], isFresh?: boolean): Promise<RouteDecision[] | null>
  /** Puts another setup in force for the next batch. */
  setSetup(setup: Setup): void
  close(): Promise<void>
}

/**
 * Runs judgement: in a thread of its own, so that parsing and matching share no time with the answers, and a payload or
 * mapping that hangs or exhausts memory costs the thread, not custody. The thread is there while there is such work; a
 * service that has little to do judges in the thread it has.
 */
export function openJudge(setup: Setup, log: Logger, options: JudgeOptions = {}): Judge {
  const { idleMs = THREAD_IDLE_MS, onLoad = () => {} } = options
  let current = judgeSetup(setup)
  let rules = makeRules(current, [...setup.mappings.values()])
  let thread: Worker | null = null
  let ready: Promise<unknown> = Promise.resolve()
  let isReady = false
  let isDeciding = false
  let answered: ((decisions: RouteDecision[] | null) => void) | null = null
  let isLoadHigh = true
  const second = { startedAt: 0, events: 0 }
  const idle = setTimeout(endIdleThread, idleMs).unref()

  function start(): Worker {
    idle.refresh()
    setLoad(true)
    const worker = startThread(import.meta.url, 'judge-thread', { heapMaxMb: HEAP_MAX_MB })
    isReady = false
    ready = new Promise<void>(resolve => {
      const settle = (): void => {
        if (thread === worker) isReady = true
        resolve()
      }
      worker.once('message', settle)
      worker.once('exit', settle)
    })
    worker.on('message', (message: FromJudge) => {
      // one that took too long may answer after all, while its successor is at work
      if (thread === worker && message.kind === 'decided') answered?.(message.decisions)
    })
    worker.on('error', error => {
      log.error({ err: error }, 'the judging thread failed')
      if (thread !== worker) return
      thread = null
      answered?.(null)
    })
    worker.postMessage({ kind: 'setup', setup: current } satisfies ToJudge)
    return worker
  }

  function endIdleThread(): void {
    if (isDeciding) idle.refresh()
    else {
      endThread()
      setLoad(false)
    }
  }

  function setLoad(isHigh: boolean): void {
    if (isHigh !== isLoadHigh) onLoad(isHigh)
    isLoadHigh = isHigh
  }

  function endThread(): void {
    void thread?.terminate()
    thread = null
  }

  /** Whether so few come in that judging them here takes little from the answers. */
  function areFew(events: number): boolean {
    const now = performance.now()
    if (now - second.startedAt >= 1_000) Object.assign(second, { startedAt: now, events: 0 })
    second.events += events
    return second.events <= LIGHT_PER_SECOND_MAX
  }

  function decideHere(events: readonly RecordedEvent[]): { decisions: RouteDecision[] | null; isSlow: boolean } {
    const startedAt = performance.now()
    const isSlow = (): boolean => performance.now() - startedAt > LIGHT_TIME_MAX_MS
    try {
      return { decisions: judgeBatch(events, rules), isSlow: isSlow() }
    } catch (error) {
      log.error({ err: error }, 'judging failed')
      return { decisions: null, isSlow: isSlow() }
    }
  }

  async function decideInThread(events: readonly RecordedEvent[], isFresh: boolean): Promise<RouteDecision[] | null> {
    isDeciding = true
    try {
      thread ??= start()
      const worker = thread
      const decided = isFresh ? await decideWhileItStarts(events) : []
      if (decided === null || decided.length === events.length) return decided
      const others = await askThread(worker, events.slice(decided.length))
      return others === null ? null : [...decided, ...others]
    } finally {
      isDeciding = false
    }
  }

  /** Decides on the first of a batch here, a few at a time, so that a burst after a quiet time does not wait for the thread. */
  async function decideWhileItStarts(events: readonly RecordedEvent[]): Promise<RouteDecision[] | null> {
    const decided: RouteDecision[] = []
    while (!isReady) {
      const few = events.slice(decided.length, decided.length + LIGHT_EVENTS_MAX)
      if (few.length === 0 || !weighsLittle(few)) break
      const { decisions, isSlow } = decideHere(few)
      if (decisions === null) return null
      decided.push(...decisions)
      if (isSlow) break
      // answers come first
      await nextTurn()
    }
    return decided
  }

  async function askThread(worker: Worker, events: readonly RecordedEvent[]): Promise<RouteDecision[] | null> {
    const memory = events.map(event => ownMemory(event.body.bytes)).filter(buffer => buffer !== null)
    // the time of a batch begins here: on a machine that is busy a thread alone may take seconds to start
    await ready
    if (thread !== worker) return null
    const decisions = await new Promise<RouteDecision[] | null>(resolve => {
      const timer = setTimeout(() => resolve(null), BATCH_TIME_MAX_MS)
      answered = result => {
        clearTimeout(timer)
        resolve(result)
      }
      worker.postMessage({ kind: 'judge', events: events.map(packEvent) } satisfies ToJudge, memory)
    })
    answered = null
    if (decisions === null) endThread()
    return decisions
  }

  return {
    async decide(events, isFresh = false) {
      if (events.length === 0) return []
      const isLight = areFew(events.length) && isFresh && weighsLittle(events)
      if (isLight && thread === null) {
        const { decisions, isSlow } = decideHere(events)
        if (isSlow) thread = start()
        return decisions
      }
      if (!isLight) idle.refresh()
      return decideInThread(events, isFresh)
    },
    setSetup(next) {
      current = judgeSetup(next)
      rules = makeRules(current, [...next.mappings.values()])
      thread?.postMessage({ kind: 'setup', setup: current } satisfies ToJudge)
    },
    async close() {
      clearTimeout(idle)
      const ending = thread
      thread = null
      answered?.(null)
      await ending?.terminate()
    },
  }
}

function weighsLittle(events: readonly RecordedEvent[]): boolean {
  if (events.length > LIGHT_EVENTS_MAX) return false
  return events.reduce((sum, event) => sum + event.body.bytes.byteLength, 0) <= LIGHT_BYTES_MAX
}
