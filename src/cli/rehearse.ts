import pc from 'picocolors'
import { showText } from '../mapping/show-value.ts'
import type { RehearsalResult, RehearsalVerdict } from '../rehearse/rehearsal-result.ts'
import type { RehearsalCounts, RehearsalLine } from '../rehearse/rehearse.ts'
import { postForLines, readClientOrExit } from './api-client.ts'
import { cliError, EXIT } from './exit.ts'

interface RehearseOptions {
  since: string
  mapping?: string
  limit?: string
  details?: boolean
  json?: boolean
}

type Summary = Extract<RehearsalLine, { kind: 'summary' }>
type Line = RehearsalLine | { kind: 'error'; code: string; message: string }

/** Details kept until the counts have been shown. */
const DETAILS_MAX = 10_000

const VERDICTS: Readonly<Record<RehearsalVerdict, string>> = {
  unchanged: 'unchanged',
  changed: 'changed',
  newly_matched: 'newly matched',
  no_longer_matched: 'no longer matched',
  undecided: 'undecided',
}

/** Asks the running service to rehearse its stored events, and prints counts, then, where asked for, what differs. */
export async function rehearse(options: RehearseOptions): Promise<number> {
  const client = readClientOrExit()
  const results: RehearsalResult[] = []
  let summary: Summary | null = null
  let differing = 0
  for await (const line of postForLines(client, '/api/rehearsals', requestOf(options)) as AsyncGenerator<Line>) {
    if (line.kind === 'error') throw cliError(EXIT.failed, `${client.url}: ${line.code}: ${line.message}`)
    if (line.kind === 'summary') summary = line
    if (line.kind !== 'result') continue
    differing++
    const { kind: _, ...result } = line
    if (options.details === true && results.length < DETAILS_MAX) results.push(result)
  }
  if (summary === null) throw cliError(EXIT.failed, `${client.url}: expected a summary as the last line, found none`)
  if (options.json === true) {
    const { kind: _, ...counts } = summary
    process.stdout.write(`${JSON.stringify(options.details === true ? { ...counts, results } : counts)}\n`)
    return EXIT.done
  }
  printSummary(summary)
  for (const result of results) printResult(result)
  if (options.details === true && differing > results.length) say(`… and ${differing - results.length} more`)
  if (options.details !== true && differing > 0) say('--details shows each of them')
  return EXIT.done
}

function requestOf({ since, mapping, limit }: RehearseOptions): object {
  if (limit !== undefined && !/^[1-9]\d{0,6}$/.test(limit))
    throw cliError(EXIT.usage, `--limit: expected a whole number from 1, found "${limit}"`)
  return { since, ...(mapping !== undefined && { mapping }), ...(limit !== undefined && { limit: Number(limit) }) }
}

function say(line: string): void {
  process.stdout.write(`${line}\n`)
}

function printSummary({ events, since, through, complete, counts, mappings, skipped }: Summary): void {
  say(`${events} events since ${since}; nothing was sent`)
  if (!complete) say(pc.yellow(`stopped at ${through ?? 'the beginning'}: --limit, or the service is stopping`))
  const rows: [string, RehearsalCounts][] = Object.entries(mappings).sort(([left], [right]) => (left < right ? -1 : 1))
  const width = Math.max('all mappings'.length, ...rows.map(([name]) => name.length))
  const heads = Object.values(VERDICTS)
  const row = (name: string, cells: readonly string[]): void =>
    say([name.padEnd(width), ...cells.map((cell, i) => cell.padStart(heads[i]!.length))].join('  ').trimEnd())
  const cellsOf = (count: RehearsalCounts): string[] =>
    Object.keys(VERDICTS).map(key => String(count[key as RehearsalVerdict]))
  row('', heads)
  for (const [name, count] of rows) row(name, cellsOf(count))
  if (rows.length !== 1) row('all mappings', cellsOf(counts))
  const reasons = {
    echo: 'echoes of our own writes',
    payload_pruned: 'payloads past retention.payload',
    unreadable: 'payloads that cannot be read',
    failed: 'events the rehearsal failed on',
  }
  const left = Object.entries(reasons).flatMap(([reason, words]) => {
    const n = skipped[reason as keyof typeof reasons]
    return n === 0 ? [] : [`${n} ${words}`]
  })
  if (left.length > 0) say(`not compared: ${left.join(', ')}`)
  if (counts.undecided > 0)
    say(
      'undecided: the same as far as it can be told; the rest depends on what is read, and answers of reads are not kept',
    )
}

function printResult({
  verdict,
  mapping,
  eventId,
  receivedAt,
  source,
  type,
  differences,
  sends,
  undecided,
}: RehearsalResult): void {
  say('')
  say(
    `${pc.bold(VERDICTS[verdict])}  ${mapping}  ${eventId}  ${receivedAt}  ${source}  ${showText(type ?? '')}`.trimEnd(),
  )
  for (const { item, step, operation, path, before, after } of differences) {
    const place = [item > 0 ? `item ${item}` : '', step ?? '', operation ?? ''].filter(part => part !== '')
    say(`  ${[...place, `${path}: ${pc.red(before)} → ${pc.green(after)}`].join('  ')}`)
  }
  for (const { operation, variables } of sends) say(`  would send ${operation}  ${variables}`)
  if (undecided !== null) say(`  ${pc.dim(undecided)}`)
}
