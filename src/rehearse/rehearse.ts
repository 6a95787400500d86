import type { Bridge } from '../bridge.ts'
import { judgeSetup } from '../route/wire.ts'
import type { Setup } from '../setup/setup.ts'
import { openRehearsal, type RehearsalThread } from './open-rehearsal.ts'
import type { RehearsalRequest } from './read-rehearsal-request.ts'
import type { RehearsalResult, RehearsalVerdict, RehearsedPage, SkipReason } from './rehearsal-result.ts'
import type { RehearsalSetup } from './rehearsal-wire.ts'

/** Events of one page. */
const PAGE_EVENTS_MAX = 50
/** Longest rest after a page, in ms: a rehearsal takes half of one core at most, the rest is for the service. */
const REST_MAX_MS = 500
/** How often its progress is told while nothing else is: well within the idle time of a connection. */
const PROGRESS_MS = 1_000

export type RehearsalCounts = Record<RehearsalVerdict, number>

/** One line of the answer. `result` lines come in the order of custody; what is unchanged is only counted. */
export type RehearsalLine =
  | ({ kind: 'result' } & RehearsalResult)
  | { kind: 'progress'; events: number }
  | {
      kind: 'summary'
      /** False where it stopped before the newest event: at `limit`, or because the service stopped. */
      complete: boolean
      since: string
      /** When the last event that was looked at came; null where there was none. */
      through: string | null
      events: number
      counts: RehearsalCounts
      mappings: Record<string, RehearsalCounts>
      skipped: Record<SkipReason, number>
    }

/**
 * Puts stored events through today's mapping files and compares with what was sent then; sends nothing. Events are read
 * in pages and judged in a thread, with rests, so that the service goes on. Throws `files_differ` before the first line.
 */
export async function startRehearsal(request: RehearsalRequest, bridge: Bridge): Promise<Rehearsal> {
  const { setup } = bridge.live
  const thread = await openRehearsal(rehearsalSetup(setup, request.mapping), bridge.log)
  return { lines: tell(request, bridge, setup, thread), close: () => thread.close() }
}

export interface Rehearsal {
  lines: AsyncGenerator<RehearsalLine, void, void>
  /** Ends it, however far it came: also where no line was ever read. */
  close(): Promise<void>
}

async function* tell(
  request: RehearsalRequest,
  bridge: Bridge,
  setup: Setup,
  thread: RehearsalThread,
): AsyncGenerator<RehearsalLine, void, void> {
  const { sinceAt, mapping, eventsMax } = request
  const summary = emptySummary(sinceAt)
  const { routedSeq } = await bridge.store.readBacklog()
  const source = mapping === null ? null : setup.mappings.get(mapping)!.source
  let afterSeq: number | null = null
  let toldAt = performance.now()
  for (let more = true; more && !bridge.closing && summary.events < eventsMax; ) {
    const beganAt = performance.now()
    const limit = Math.min(PAGE_EVENTS_MAX, eventsMax - summary.events)
    const page = await bridge.store.readHistory({ sinceAt, afterSeq, throughSeq: routedSeq, source, mapping, limit })
    afterSeq = page.throughSeq
    more = page.more
    summary.complete = !more
    if (page.events.length > 0) {
      summary.through = new Date(page.events.at(-1)!.event.receivedAt).toISOString()
      const rehearsed = await thread.rehearse(page.events)
      count(rehearsed, summary)
      for (const result of rehearsed.results) yield { kind: 'result', ...result }
    }
    if (performance.now() - toldAt >= PROGRESS_MS) {
      yield { kind: 'progress', events: summary.events }
      toldAt = performance.now()
    }
    if (more) await rest(Math.min(performance.now() - beganAt, REST_MAX_MS))
  }
  yield summary
}

function rest(ms: number): Promise<void> {
  return new Promise(resolve => setTimeout(resolve, ms))
}

type Summary = Extract<RehearsalLine, { kind: 'summary' }>

function emptySummary(sinceAt: number): Summary {
  return {
    kind: 'summary',
    complete: false,
    since: new Date(sinceAt).toISOString(),
    through: null,
    events: 0,
    counts: noCounts(),
    mappings: {},
    skipped: { echo: 0, payload_pruned: 0, unreadable: 0, failed: 0 },
  }
}

function noCounts(): RehearsalCounts {
  return { unchanged: 0, changed: 0, newly_matched: 0, no_longer_matched: 0, undecided: 0 }
}

function count(page: RehearsedPage, summary: Summary): void {
  const add = (mapping: string, verdict: RehearsalVerdict, by: number): void => {
    summary.mappings[mapping] ??= noCounts()
    summary.mappings[mapping][verdict] += by
    summary.counts[verdict] += by
  }
  summary.events += page.events
  for (const { mapping, verdict } of page.results) add(mapping, verdict, 1)
  for (const [mapping, by] of Object.entries(page.unchanged)) add(mapping, 'unchanged', by)
  for (const [reason, by] of Object.entries(page.skipped)) summary.skipped[reason as SkipReason] += by
}

function rehearsalSetup(setup: Setup, only: string | null): RehearsalSetup {
  const { config, mappings } = setup
  const { sources, constants, jsonDepthMax, jobsPerEventMax } = judgeSetup(setup)
  return {
    sources,
    constants,
    jsonDepthMax,
    jobsPerEventMax,
    mappingsFolder: config.mappingsFolder,
    schemaFile: config.schemaFile,
    context: {
      sources: new Set(config.sources.keys()),
      integrations: new Set(config.integrations.keys()),
      constants: config.constants,
    },
    hashes: Object.fromEntries([...mappings.values()].map(({ name, hash }) => [name, hash])),
    only,
  }
}
