import { Worker } from 'node:worker_threads'
import type { Logger } from 'pino'
import type { RecordedEvent, RouteDecision } from '../store/store.ts'
import type { FromJudge, JudgeSetup, ToJudge } from './wire.ts'

/** Longest time one batch may take to judge, in ms; a single event over it is quarantined. */
const BATCH_TIME_MAX_MS = 3_000
/** Memory of the judging thread, in MB: a payload that needs more ends the thread, not the service. */
const HEAP_MAX_MB = 512
/** So many times one event alone may end the thread before it is quarantined. */
const CRASHES_MAX = 3

export interface Judge {
  /** Decides on events, in their order. */
  decide(events: readonly RecordedEvent[]): Promise<RouteDecision[]>
  /** Puts another setup in force for the next batch. */
  setSetup(setup: JudgeSetup): void
  close(): Promise<void>
}

/**
 * Runs judgement in a thread of its own: parsing and matching share no time with the answers, and a payload or mapping
 * that hangs or exhausts memory costs the thread, not custody. The batch is then halved until the guilty event is alone.
 */
export function openJudge(setup: JudgeSetup, log: Logger): Judge {
  let current = setup
  let thread = start()
  let closing = false

  function start(): Worker {
    const worker = new Worker(threadFile(), { resourceLimits: { maxOldGenerationSizeMb: HEAP_MAX_MB } })
    worker.postMessage({ kind: 'setup', setup: current } satisfies ToJudge)
    return worker
  }

  async function ask(events: readonly RecordedEvent[]): Promise<RouteDecision[] | null> {
    const worker = thread
    const answer = await new Promise<RouteDecision[] | null>(resolve => {
      const timer = setTimeout(() => resolve(null), BATCH_TIME_MAX_MS)
      worker.removeAllListeners()
      worker.on('message', (message: FromJudge) => {
        clearTimeout(timer)
        resolve(message.decisions)
      })
      const failed = (error: unknown): void => {
        clearTimeout(timer)
        log.error({ err: error }, 'the judging thread ended')
        resolve(null)
      }
      worker.on('error', failed)
      worker.on('exit', () => failed(new Error('exit')))
      worker.postMessage({ kind: 'judge', events } satisfies ToJudge)
    })
    worker.removeAllListeners()
    if (answer === null && !closing) {
      void worker.terminate()
      thread = start()
    }
    return answer
  }

  async function decide(events: readonly RecordedEvent[], crashes = 0): Promise<RouteDecision[]> {
    if (events.length === 0) return []
    const decisions = await ask(events)
    if (decisions !== null) return decisions
    if (events.length > 1) {
      const middle = events.length >> 1
      return [...(await decide(events.slice(0, middle))), ...(await decide(events.slice(middle)))]
    }
    return crashes + 1 < CRASHES_MAX ? decide(events, crashes + 1) : [quarantinePoison(events[0]!)]
  }

  return {
    decide: events => decide(events),
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

function quarantinePoison(event: RecordedEvent): RouteDecision {
  return {
    eventSeq: event.seq,
    type: event.type,
    outcome: 'quarantined',
    detail: {
      reason: 'poison',
      message: `Judging this event ended its thread, or took longer than ${BATCH_TIME_MAX_MS} ms, ${CRASHES_MAX} times`,
    },
    jobs: [],
    routedAt: Date.now(),
  }
}

function threadFile(): URL {
  return new URL(import.meta.url.endsWith('.ts') ? './judge-thread.ts' : './judge-thread.js', import.meta.url)
}
