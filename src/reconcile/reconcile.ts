import type { Logger } from 'pino'
import { BridgeError } from '../errors.ts'
import { type Custody, receive } from '../receive.ts'
import type { Source } from '../source/source.ts'
import type { RecordOutcome } from '../store/receipts.ts'
import type { Store } from '../store/store.ts'
import { compileNone } from '../verify/compile-none.ts'
import type { Scheme } from '../verify/compile-scheme.ts'
import { type Asker, createAsker } from './create-asker.ts'
import { createMissed, type Missed } from './find-missed.ts'
import type { ReconcileConfig } from './reconcile-config.ts'
import type { ApiAnswer, Attempt, SenderApi } from './sender-api.ts'
import { STOPPING, type Stop, type StopReason, stop } from './stop.ts'

/** Pages read in one run. */
export const PAGES_MAX = 200
/** How often progress is told: well within the time for which a connection may be silent. */
const PROGRESS_MS = 1_000

export interface Reconciliation {
  api: SenderApi
  config: ReconcileConfig
  source: Source
  custody: Custody
  store: Pick<Store, 'findKeys'>
  sinceAt: number
  isDryRun: boolean
  /** Ends it, however far it came. */
  signal: AbortSignal
  log: Logger
  now: () => number
}

/** What became of an event that was missed; `missing` in a dry run. */
export type MissedOutcome = 'missing' | RecordOutcome | 'unavailable'

/** One line of the answer; the last one is the summary. */
export type ReconcileLine =
  | { kind: 'progress'; attempts: number; undelivered: number; done: number }
  | {
      kind: 'event'
      /** Its id as the sender has it. */
      id: string
      type: string | null
      /** When it was tried last; null where the sender does not say. */
      at: string | null
      outcome: MissedOutcome
      eventId: string | null
      message: string | null
    }
  | ReconcileSummary

export interface ReconcileSummary {
  kind: 'summary'
  dryRun: boolean
  since: string
  /** False where it ended before it had seen and done everything: see `stopped`. */
  complete: boolean
  stopped: Stop | null
  /** Attempts the sender told of. */
  attempts: number
  /** Events of which none arrived, as the sender sees it. */
  undelivered: number
  /** Of these, events that are here all the same. */
  present: number
  /** Of these, events that are not here. */
  missing: number
  /** What became of those, by outcome. */
  outcomes: Partial<Record<MissedOutcome, number>>
}

/**
 * Asks a sender what it could not deliver, and, where it is no dry run, records what is not here like any delivery: same
 * keys, same path, on disk before it is told of. What has been recorded stays when it ends early, and a second run goes on.
 */
export async function* reconcile(run: Reconciliation): AsyncGenerator<ReconcileLine, void, void> {
  const { source, custody, store, sinceAt, isDryRun, now } = run
  const receivedAfter = now() - custody.keyRetentionMs
  const missed = createMissed({ source, store, sinceAt, receivedAfter })
  const asker = createAsker(run)
  const told = { done: 0, at: now() }
  const progress = (): ReconcileLine => {
    told.at = now()
    return { kind: 'progress', ...pickCounts(missed), done: told.done }
  }
  let stopped = yield* readPages(run, missed, asker, progress)
  const events = missed.list()
  const outcomes: ReconcileSummary['outcomes'] = {}
  // what is known to be missing is recorded also where older pages could not be read
  for (const event of events) {
    if (!isDryRun && run.signal.aborted) stopped = STOPPING
    if (!isDryRun && stopped !== null && !GOES_ON.has(stopped.reason)) break
    const line = isDryRun ? foresee(event) : yield* recordMissed(run, event, asker, progress)
    if ('retryAfterSec' in line) {
      stopped = line
      break
    }
    told.done++
    outcomes[line.outcome] = (outcomes[line.outcome] ?? 0) + 1
    yield line
    if (now() - told.at >= PROGRESS_MS) yield progress()
  }
  yield {
    kind: 'summary',
    dryRun: isDryRun,
    since: new Date(sinceAt).toISOString(),
    complete: stopped === null,
    stopped,
    ...missed.counts,
    missing: events.length,
    outcomes,
  }
}

/** Where only older pages are wanting, what was found can be recorded. */
const GOES_ON: ReadonlySet<StopReason> = new Set(['pages_max', 'events_max'])

type EventLine = Extract<ReconcileLine, { kind: 'event' }>

function pickCounts({ counts: { attempts, undelivered } }: Missed): { attempts: number; undelivered: number } {
  return { attempts, undelivered }
}

async function* readPages(
  { api, config, sinceAt }: Reconciliation,
  missed: Missed,
  asker: Asker,
  progress: () => ReconcileLine,
): AsyncGenerator<ReconcileLine, Stop | null, void> {
  const asked = { config, sinceAt }
  let path: string | null = api.firstPage(asked)
  for (let pages = 0; path !== null; pages++) {
    if (pages === PAGES_MAX) return stop('pages_max', `${PAGES_MAX} pages were read: give a later --since`)
    const answer: ApiAnswer | Stop = yield* asker(path, progress)
    if ('reason' in answer) return answer
    const page = api.readPage(answer, path, asked)
    if (page === null)
      return stop('malformed', `expected a list as ${config.endpoint.origin} documents it, found something else`)
    if (!(await missed.add(page.attempts)))
      return stop('events_max', 'older events did not fit into one run: record these, and run it again')
    yield progress()
    path = page.next
  }
  return null
}

function foresee(event: Attempt): EventLine {
  const { content } = event
  return content.kind === 'gone' ? lineOf(event, 'unavailable', null, content.message) : lineOf(event, 'missing')
}

async function* recordMissed(
  run: Reconciliation,
  event: Attempt,
  asker: Asker,
  progress: () => ReconcileLine,
): AsyncGenerator<ReconcileLine, EventLine | Stop, void> {
  const { content } = event
  let whole: Pick<Attempt, 'headers' | 'content'> | null = event
  if (content.kind === 'at') {
    const answer: ApiAnswer | Stop = yield* asker(content.path, progress)
    if ('reason' in answer) {
      if (answer.reason !== 'not_found' && answer.reason !== 'too_large') return answer
      return lineOf(event, 'unavailable', null, answer.message)
    }
    whole = run.api.readContent!(answer, event)
  }
  if (whole === null) return lineOf(event, 'unavailable', null, 'the sender tells of it otherwise than it documents')
  if (whole.content.kind !== 'body') {
    const message = whole.content.kind === 'gone' ? whole.content.message : null
    return lineOf(event, 'unavailable', null, message)
  }
  return record(run, event, whole.headers, whole.content.body)
}

/** Through the path of every delivery; in place of a signature the API of the sender vouches for it. */
async function record(
  { source, custody, config, log, now }: Reconciliation,
  event: Attempt,
  headers: readonly string[],
  body: Buffer,
): Promise<EventLine | Stop> {
  const bytes = body.byteLength
  if (bytes > source.bodyBytesMax)
    return lineOf(event, 'unavailable', null, `it has ${bytes} bytes, and this source takes ${source.bodyBytesMax}`)
  try {
    const receipt = await receive(
      {
        source: { ...source, scheme: VOUCHED_FOR },
        method: 'POST',
        query: '',
        rawHeaders: ['content-type', 'application/json', ...headers],
        body,
        urlType: null,
        contentType: 'application/json',
        receivedAt: now(),
        fetchedFrom: config.endpoint.origin,
      },
      custody,
    )
    if (receipt.kind !== 'taken') throw new Error(`expected what is vouched for to be taken, found ${receipt.kind}`)
    const { outcome, eventId } = receipt
    log.info({ source: source.name, eventId, outcome, bytes, fetched: true }, 'delivery')
    return lineOf(event, outcome, eventId)
  } catch (error) {
    if (!(error instanceof BridgeError) || (error.code !== 'backlog_full' && error.code !== 'store_unavailable'))
      throw error
    return { reason: error.code, message: error.message, retryAfterSec: error.retryAfterSec }
  }
}

function lineOf(
  { event, type, at }: Attempt,
  outcome: MissedOutcome,
  eventId: string | null = null,
  message: string | null = null,
): EventLine {
  return {
    kind: 'event',
    id: event,
    type,
    at: at === null ? null : new Date(at).toISOString(),
    outcome,
    eventId,
    message,
  }
}

/** What was fetched carries no proof of its own: TLS and the API token are the proof. */
const VOUCHED_FOR: Scheme = { ...compileNone(), unsigned: false }
