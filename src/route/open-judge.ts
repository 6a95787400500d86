import type { Worker } from 'node:worker_threads'
import type { Logger } from 'pino'
import { ownMemory } from '../own-memory.ts'
import { startThread } from '../start-thread.ts'
import type { RecordedEvent } from '../store/receipts.ts'
import type { RouteDecision } from '../store/routes.ts'
import { type FromJudge, type JudgeSetup, packEvent, type ToJudge } from './wire.ts'

/** Longest time one batch may take to judge, in ms. */
const BATCH_TIME_MAX_MS = 3_000
/** Memory of the judging thread, in MB: a payload that needs more ends the thread, not the service. */
const HEAP_MAX_MB = 512

export interface Judge {
  /**
   * Decides on events, in their order; their bodies are given away. Null where the thread ended or took too long: it
   * has been replaced, and one of these events is to blame.
   */
  decide(events: readonly RecordedEvent[]): Promise<RouteDecision[] | null>
  /** Puts another setup in force for the next batch. */
  setSetup(setup: JudgeSetup): void
  close(): Promise<void>
}

/**
 * Runs judgement in a thread of its own: parsing and matching share no time with the answers, and a payload or mapping
 * that hangs or exhausts memory costs the thread, not custody.
 */
export function openJudge(setup: JudgeSetup, log: Logger): Judge {
  let current = setup
  let thread = start()
  let answered: ((decisions: RouteDecision[] | null) => void) | null = null
  let closing = false

  function start(): Worker {
    const worker = startThread(import.meta.url, 'judge-thread', { heapMaxMb: HEAP_MAX_MB })
    worker.on('message', (message: FromJudge) => answered?.(message.decisions))
    worker.on('error', error => {
      log.error({ err: error }, 'the judging thread failed')
      answered?.(null)
    })
    worker.postMessage({ kind: 'setup', setup: current } satisfies ToJudge)
    return worker
  }

  return {
    async decide(events) {
      if (events.length === 0) return []
      const memory = events.map(event => ownMemory(event.body.bytes)).filter(buffer => buffer !== null)
      const decisions = await new Promise<RouteDecision[] | null>(resolve => {
        const timer = setTimeout(() => resolve(null), BATCH_TIME_MAX_MS)
        answered = result => {
          clearTimeout(timer)
          resolve(result)
        }
        thread.postMessage({ kind: 'judge', events: events.map(packEvent) } satisfies ToJudge, memory)
      })
      answered = null
      if (decisions === null && !closing) {
        void thread.terminate()
        thread = start()
      }
      return decisions
    },
    setSetup(next) {
      current = next
      thread.postMessage({ kind: 'setup', setup: next } satisfies ToJudge)
    },
    async close() {
      closing = true
      await thread.terminate()
    },
  }
}
