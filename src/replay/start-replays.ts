import type { Logger } from 'pino'
import { type Judge, openJudge } from '../route/open-judge.ts'
import type { Live, Setup } from '../setup/setup.ts'
import type { Replay, ReplaySkip } from '../store/replays.ts'
import type { Store } from '../store/store.ts'
import { judgeRows } from './judge-rows.ts'
import { planReplay } from './plan-replay.ts'

/** Rows of one step, at most: it is one transaction, and deliveries get in between. */
const STEP_ROWS_MAX = 10
/** Steps a second where the pace allows more than one. */
const STEPS_PER_SECOND = 5
/** Jobs of a replay that wait or run at once: more are made when these have ended. */
const OPEN_JOBS_MAX = 50
/** Waits, in ms: until jobs have ended, after a failure of the store, after rows that were not asked for. */
const FULL_MS = 250
const RETRY_MS = 1_000
const PASS_MS = 5

export interface ReplaysOptions {
  store: Store
  live: Live
  log: Logger
  /** Told of new jobs. */
  onJobs: () => void
}

export interface Replays {
  /** Says that a replay was started or cancelled. */
  wake(): void
  /** Ends after the step under way; the replay goes on when the bridge is next started. */
  stop(): Promise<void>
}

/**
 * Carries on the replay that is under way, step by step: a few rows are read, judged in a thread of their own, and their
 * jobs are written together with how far it came. It waits while jobs of it are open, and for its pace.
 */
export function startReplays({ store, live, log, onJobs }: ReplaysOptions): Replays {
  let stopping = false
  let wake = (): void => {}
  let judging: { judge: Judge; setup: Setup } | null = null

  const run = async (): Promise<void> => {
    while (!stopping) {
      const woken = new Promise<void>(resolve => {
        wake = resolve
      })
      try {
        const replay = await store.readRunningReplay()
        if (replay === null) {
          await closeJudge()
          await woken
          continue
        }
        const waitMs = await carryOn(replay)
        if (!stopping) await Promise.race([woken, sleep(waitMs)])
      } catch (error) {
        log.error({ err: error }, 'a replay cannot go on; trying again')
        await Promise.race([woken, sleep(RETRY_MS)])
      }
    }
    await closeJudge()
  }

  /** Takes one step where it is time for it; gives how long to wait before the next, in ms. */
  const carryOn = async (replay: Replay): Promise<number> => {
    const { id, seq, scope, afterSeq, throughSeq, perSecond } = replay
    if (!replay.isOfThisEpoch) {
      await store.endReplay({ id, actor: null, reason: 'restored', now: Date.now() })
      log.warn({ replayId: id }, 'a replay of the time before the restore was cancelled')
      return 0
    }
    if (replay.openJobs >= OPEN_JOBS_MAX) return FULL_MS
    const limit = Math.min(STEP_ROWS_MAX, Math.max(1, Math.floor(perSecond / STEPS_PER_SECOND)))
    const page = await store.listReplayable({ scope, afterSeq, throughSeq, limit })
    const planned = planReplay(page.rows, await judgeRows(page.rows, judgeNow(), store), scope)
    const skipped: Partial<Record<ReplaySkip, number>> = {}
    for (const { skip } of planned) if (skip !== null) skipped[skip] = (skipped[skip] ?? 0) + 1
    const { isCurrent, jobs } = await store.recordReplay({
      replaySeq: seq,
      afterSeq,
      throughSeq: page.afterSeq,
      taken: page.rows.length,
      plans: planned.flatMap(({ plans }) => plans),
      skipped,
      isLast: !page.more,
      now: Date.now(),
    })
    if (jobs > 0) onJobs()
    if (isCurrent && !page.more) log.info({ replayId: id }, 'a replay has ended')
    return page.rows.length === 0 ? PASS_MS : (page.rows.length * 1_000) / perSecond
  }

  const judgeNow = (): Judge => {
    const { setup } = live
    judging ??= { judge: openJudge(setup, log), setup }
    if (judging.setup !== setup) {
      judging.judge.setSetup(setup)
      judging.setup = setup
    }
    return judging.judge
  }
  const closeJudge = async (): Promise<void> => {
    await judging?.judge.close()
    judging = null
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

function sleep(ms: number): Promise<void> {
  return new Promise(resolve => setTimeout(resolve, ms).unref())
}
