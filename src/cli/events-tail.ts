import pc from 'picocolors'
import type { z } from 'zod'
import type { eventsAnswer } from '../admin/event-answers.ts'
import { showText } from '../mapping/show-value.ts'
import { type Client, getJson, readClientOrExit } from './api-client.ts'
import { EXIT } from './exit.ts'
import { say, showInstant } from './list-rows.ts'

type Page = z.output<typeof eventsAnswer>
type Line = Page['events'][number]

/** How often is asked for new events, in ms. */
const POLL_MS = 1_000
/** An event is shown when it is routed and its jobs have ended, or this many ms after it came. */
const WAIT_MS = 5_000
/** Ids that are remembered as shown: more than come within the time that is asked for again. */
const SHOWN_MAX = 20_000
/** Instants of one clock and another, and rows that come out of order: so much is asked for again, in ms. */
const OVERLAP_MS = 10_000

interface TailOptions {
  source?: string
  type?: string
  mapping?: string
  integration?: string
  outcome?: string
  json?: boolean
}

/** Prints events as they come, oldest first, until it is interrupted: that is its end, exit code 0. */
export async function tailEvents({ json = false, ...filters }: TailOptions): Promise<number> {
  const client = readClientOrExit()
  let isOver = false
  let end = (): void => {}
  const over = new Promise<void>(resolve => {
    end = () => {
      isOver = true
      resolve()
    }
  })
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, end)
  const shown = new Set<string>()
  // what is there already is not of interest
  for (const { id } of await readSince(client, filters, OVERLAP_MS)) shown.add(id)
  process.stderr.write('waiting for events; Ctrl-C ends\n')
  while (!isOver) {
    await Promise.race([over, new Promise(resolve => setTimeout(resolve, POLL_MS))])
    if (isOver) break
    for (const line of (await readSince(client, filters, OVERLAP_MS + WAIT_MS)).reverse()) {
      if (shown.has(line.id) || !isSettled(line)) continue
      shown.add(line.id)
      say(json ? JSON.stringify(line) : describe(line))
    }
    for (const id of shown) {
      if (shown.size <= SHOWN_MAX) break
      shown.delete(id)
    }
  }
  return EXIT.done
}

/** Events of the last while, newest first. */
async function readSince(client: Client, filters: Record<string, string>, ms: number): Promise<Line[]> {
  const since = new Date(Date.now() - ms).toISOString()
  const lines: Line[] = []
  let next: string | null = null
  do {
    const query = new URLSearchParams({ ...filters, since, limit: '200', ...(next !== null && { cursor: next }) })
    const page: Page = await getJson<Page>(client, `/api/events?${query}`)
    lines.push(...page.events)
    next = page.next
  } while (next !== null)
  return lines
}

/** Whether what became of an event is known, or long enough was waited for it. */
function isSettled({ outcome, jobs, receivedAt }: Line): boolean {
  const isUnderWay = outcome === 'unrouted' || (jobs.queued ?? 0) + (jobs.running ?? 0) > 0
  return !isUnderWay || Date.now() - Date.parse(receivedAt) > WAIT_MS
}

function describe({ id, receivedAt, source, type, outcome, jobs }: Line): string {
  const states = Object.entries(jobs).map(([state, count]) => `${count} ${state}`)
  const said = [showInstant(receivedAt), pc.bold(id), source, showText(type ?? ''), outcome, states.join(', ')]
  return said.filter(part => part !== '').join('  ')
}
