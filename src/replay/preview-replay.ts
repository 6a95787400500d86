import type { Logger } from 'pino'
import { openJudge } from '../route/open-judge.ts'
import type { Setup } from '../setup/setup.ts'
import type { ReplayableRow, ReplayScope, ReplaySkip } from '../store/replays.ts'
import type { Store } from '../store/store.ts'
import { judgeRows } from './judge-rows.ts'
import { type PlannedRow, planReplay } from './plan-replay.ts'

/** Rows of a count that are asked for at once, and calls of the store for one count: deliveries get in between. */
const COUNT_ROWS = 2_000
const COUNT_CALLS_MAX = 500
/** Rows that are shown with what would become of them. */
const SAMPLE_ROWS_MAX = 20

export interface ReplayCount {
  /** Rows of the scope; where there are `more`, they were not all counted. */
  total: number
  more: boolean
  throughSeq: number
  first: readonly ReplayableRow[]
}

/** Counts what a scope holds now, and reads the first rows of it. */
export async function countReplay(scope: ReplayScope, store: Pick<Store, 'listReplayable'>): Promise<ReplayCount> {
  const first: ReplayableRow[] = []
  let total = 0
  let page = await store.listReplayable({ scope, afterSeq: 0, throughSeq: null, limit: COUNT_ROWS })
  for (let calls = 1; ; calls++) {
    total += page.rows.length
    first.push(...page.rows.slice(0, SAMPLE_ROWS_MAX - first.length))
    const { afterSeq, throughSeq, more } = page
    if (!more || calls === COUNT_CALLS_MAX) return { total, more, throughSeq, first }
    page = await store.listReplayable({ scope, afterSeq, throughSeq, limit: COUNT_ROWS })
  }
}

export interface ReplaySample {
  row: ReplayableRow
  /** One a job, or one with why there is none. */
  results: readonly { mapping: string | null; itemIndex: number | null; skip: ReplaySkip | null }[]
}

/** Says of the first rows of a scope what a replay would make of them. Makes nothing. */
export async function sampleReplay(
  { scope, force, count }: { scope: ReplayScope; force: boolean; count: ReplayCount },
  { store, setup, log }: { store: Store; setup: Setup; log: Logger },
): Promise<ReplaySample[]> {
  if (count.first.length === 0) return []
  const judge = openJudge(setup, log)
  try {
    const planned = planReplay(count.first, await judgeRows(count.first, judge, store), scope)
    const plans = planned.flatMap(({ plans }) => plans)
    const { skips } = await store.forecastReplay({ scope, force, throughSeq: count.throughSeq, plans })
    let next = 0
    return planned.map(row => ({ row: row.row, results: resultsOf(row, () => skips[next++]!) }))
  } finally {
    await judge.close()
  }
}

function resultsOf({ skip, plans }: PlannedRow, nextSkip: () => ReplaySkip | null): ReplaySample['results'] {
  if (skip !== null) return [{ mapping: null, itemIndex: null, skip }]
  return plans.map(({ planned: { mapping, itemIndex } }) => ({ mapping, itemIndex, skip: nextSkip() }))
}
