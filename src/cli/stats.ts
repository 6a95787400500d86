import pc from 'picocolors'
import type { z } from 'zod'
import type { statsAnswer } from '../admin/state-answers.ts'
import { getJson, readClientOrExit } from './api-client.ts'
import { EXIT } from './exit.ts'
import { printTable, say, showInstant } from './list-rows.ts'

type Stats = z.output<typeof statsAnswer>
type Latency = Stats['sources'][number]['answer']
type Line = Pick<
  Stats['sources'][number],
  'name' | 'counts' | 'lastMinute' | 'lastHour' | 'lastDay' | 'waiting' | 'dead' | 'oldestJobAt'
>

/** Prints how much waits, and what was done of late. */
export async function showStats({ json }: { json?: boolean }): Promise<number> {
  const stats = await getJson<Stats>(readClientOrExit(), '/api/stats')
  if (json === true) {
    say(JSON.stringify(stats))
    return EXIT.done
  }
  const { openJobs, unroutedEvents, oldestUnroutedAt, oldestJobAt, jobs, since, cut } = stats
  say(`open jobs       ${openJobs}${oldestJobAt === null ? '' : `, the oldest of ${showInstant(oldestJobAt)}`}`)
  say(`not routed yet  ${unroutedEvents}${oldestUnroutedAt === null ? '' : `, since ${showInstant(oldestUnroutedAt)}`}`)
  say(`jobs            ${showCounts(jobs as Record<string, number>) || 'none'}`)
  say(pc.dim(`counts since ${showInstant(since)}, when the service started; times of the last hour`))
  if (cut.length > 0) say(pc.dim(`of ${cut.join(', ')} there are more jobs than were counted by name`))
  print('source', 'answer p50 / p99 ms', stats.sources, ({ answer }) => answer)
  print('mapping', 'done p50 / p99 ms', stats.mappings, ({ done }) => done)
  print('integration', 'attempt p50 / p99 ms', stats.integrations, ({ attempt }) => attempt)
  return EXIT.done
}

function print<T extends Line>(what: string, times: string, lines: readonly T[], timeOf: (line: T) => Latency): void {
  if (lines.length === 0) return
  say('')
  const rows = lines.map(line => {
    const time = timeOf(line)
    return [
      line.name,
      String(line.lastMinute),
      String(line.lastHour),
      String(line.lastDay),
      time === null ? '' : `${time.p50Ms} / ${time.p99Ms}`,
      String(line.waiting),
      String(line.dead),
      showInstant(line.oldestJobAt),
      showCounts(line.counts),
    ]
  })
  const heads = [what, 'last min', 'hour', 'day', times, 'open', 'dead', 'oldest', 'counts']
  printTable(heads, rows)
}

function showCounts(counts: Readonly<Record<string, number>>): string {
  return Object.entries(counts)
    .map(([name, count]) => `${name} ${count}`)
    .join(', ')
}
