import pc from 'picocolors'
import { showText } from '../mapping/show-value.ts'
import type { ReconcileLine, ReconcileSummary } from '../reconcile/reconcile.ts'
import { type Client, postForLines, readClientOrExit } from './api-client.ts'
import { confirm } from './confirm.ts'
import { cliError, EXIT } from './exit.ts'
import { printTable, say, showInstant } from './list-rows.ts'

interface ReconcileOptions {
  since: string
  yes?: boolean
  json?: boolean
}

type Line = ReconcileLine | { kind: 'error'; code: string; message: string }
type EventLine = Extract<ReconcileLine, { kind: 'event' }>
interface Run {
  events: EventLine[]
  summary: ReconcileSummary
}

/**
 * Shows what the sender of a source could not deliver, and has the running service record it: with `--yes`, or where the
 * person at the terminal says so. 1 where something is left.
 */
export async function reconcileSource(source: string, options: ReconcileOptions): Promise<number> {
  const client = readClientOrExit()
  const { yes = false, json = false } = options
  const dry = await run(client, source, { since: options.since, dryRun: true }, !json)
  if (!json) printRun(dry)
  const { missing = 0 } = dry.summary.outcomes
  const isWanted = missing > 0 && (yes || (!json && (await confirm(`record ${missing} of ${source}?`))))
  if (!isWanted) {
    if (json) say(JSON.stringify(toJson(dry)))
    else if (missing > 0) say('nothing was recorded: --yes records it')
    return exitOf(dry.summary, missing > 0 && yes)
  }
  const done = await run(client, source, { since: options.since, dryRun: false }, !json)
  if (json) say(JSON.stringify(toJson(done)))
  else printRun(done)
  return exitOf(done.summary, false)
}

async function run(client: Client, source: string, request: object, tells: boolean): Promise<Run> {
  const path = `/api/sources/${encodeURIComponent(source)}/reconcile`
  const events: EventLine[] = []
  let summary: ReconcileSummary | null = null
  for await (const line of postForLines(client, path, request) as AsyncGenerator<Line>) {
    if (line.kind === 'error') throw cliError(EXIT.failed, `${client.url}: ${line.code}: ${line.message}`)
    if (line.kind === 'summary') summary = line
    if (line.kind === 'event') events.push(line)
    if (line.kind === 'progress' && tells)
      process.stderr.write(
        `${line.attempts} attempts seen, ${line.undelivered} events not delivered, ${line.done} done\n`,
      )
  }
  if (summary === null) throw cliError(EXIT.failed, `${client.url}: expected a summary as the last line, found none`)
  return { events, summary }
}

function toJson({ events, summary: { kind: _, ...summary } }: Run): object {
  return { ...summary, events: events.map(({ kind: _, ...event }) => event) }
}

/** What could not be seen or fetched is left for a person. */
function exitOf({ complete, outcomes }: ReconcileSummary, isLeft: boolean): number {
  return complete && (outcomes.unavailable ?? 0) === 0 && !isLeft ? EXIT.done : EXIT.failed
}

function printRun({ events, summary }: Run): void {
  const { dryRun, since, attempts, undelivered, present, missing, outcomes, stopped } = summary
  if (events.length > 0) {
    const heads = ['id', 'type', 'tried', 'outcome', 'event', 'message']
    const rows = events.map(({ id, type, at, outcome, eventId, message }) => [
      id,
      type,
      showInstant(at),
      outcome,
      eventId,
      message,
    ])
    printTable(heads, rows)
  }
  say(
    `${attempts} attempts since ${since}; not delivered: ${undelivered} events, ${present} of them are here, ${missing} are missing`,
  )
  if (!dryRun)
    say(
      Object.entries(outcomes)
        .map(([outcome, n]) => `${n} ${outcome}`)
        .join(', ') || 'nothing was recorded',
    )
  if (stopped !== null) say(pc.yellow(`not all was seen: ${stopped.reason}: ${showText(stopped.message)}`))
}
