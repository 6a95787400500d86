import type { Logger } from 'pino'
import { failpoint } from './failpoint.ts'
import type { Activity } from './metrics/activity.ts'
import type { FreshEvents } from './route/fresh-events.ts'
import { judgeAlone } from './route/judge-alone.ts'
import type { Judge } from './route/open-judge.ts'
import type { RecordedEvent } from './store/receipts.ts'
import type { RouteDecision } from './store/routes.ts'
import type { Store } from './store/store.ts'

/** Events judged and written in one transaction, at most. */
const BATCH_EVENTS_MAX = 200
/** Wait after a failure of the store, in ms. */
const RETRY_MS = 500

export interface RoutingOptions {
  store: Store
  judge: Judge
  /** Events this process recorded itself, still in memory. */
  fresh: FreshEvents
  log: Logger
  /** Where it is noted what was decided. */
  activity: Pick<Activity, 'routed'>
  /** Told of new jobs, so that the worker need not look for them. */
  onJobs: () => void
}

export interface Routing {
  /** Says that something was recorded. */
  wake(): void
  /** Ends after the batch under way. */
  stop(): Promise<void>
}

/**
 * JUDGEMENT. Takes recorded events in the order of custody, in batches; has each parsed and matched; writes jobs, or
 * the reason why not, and how far it came, one transaction a batch. What a death of the process interrupts is judged
 * again from the last batch written, so no event is lost and none makes its jobs twice.
 */
export async function startRouting({ store, judge, fresh, log, activity, onJobs }: RoutingOptions): Promise<Routing> {
  let stopping = false
  let wake = (): void => {}
  let throughSeq = (await store.readBacklog()).routedSeq

  const run = async (): Promise<void> => {
    while (!stopping) {
      const woken = new Promise<void>(resolve => {
        wake = resolve
      })
      try {
        const inMemory = fresh.takeAfter(throughSeq, BATCH_EVENTS_MAX)
        const events = inMemory ?? (await store.takeRecorded({ afterSeq: throughSeq, limit: BATCH_EVENTS_MAX }))
        if (events.length === 0) await woken
        else throughSeq = await routeBatch(events, inMemory !== null)
      } catch (error) {
        log.error({ err: error }, 'routing failed; trying again')
        await Promise.race([woken, new Promise(resolve => setTimeout(resolve, RETRY_MS).unref())])
      }
    }
  }

  const routeBatch = async (events: readonly RecordedEvent[], isFresh: boolean): Promise<number> => {
    const recorded = events.filter(event => event.receipt === 'recorded')
    const readAgain = async (seq: number): Promise<RecordedEvent> =>
      (await store.takeRecorded({ afterSeq: seq - 1, limit: 1 }))[0]!
    const decisions =
      (await judge.decide(recorded, isFresh)) ??
      (await judgeAlone(
        judge,
        recorded.map(({ seq }) => seq),
        readAgain,
      ))
    const through = events.at(-1)!.seq
    const { jobs, echoes } = await store.recordRoutes({ decisions, throughSeq: through })
    failpoint('after_routes')
    if (jobs > 0) onJobs()
    if (echoes > 0) log.debug({ echoes, throughSeq: through }, 'echoes of our own writes')
    for (const decision of decisions) {
      activity.routed(decision)
      logDecision(decision)
    }
    return through
  }

  const logDecision = (decision: RouteDecision): void => {
    log.debug(
      { eventSeq: decision.eventSeq, type: decision.type, outcome: decision.outcome, jobs: decision.jobs.length },
      'routed',
    )
    if (decision.outcome === 'quarantined')
      log.warn({ eventSeq: decision.eventSeq, detail: decision.detail }, 'an event was quarantined')
  }

  const running = run()
  return {
    wake: () => wake(),
    stop: async () => {
      stopping = true
      wake()
      await running
    },
  }
}
