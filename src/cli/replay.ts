import pc from 'picocolors'
import type { z } from 'zod'
import type { replayAnswer, replayStartAnswer, replaysAnswer } from '../admin/job-answers.ts'
import { showText } from '../mapping/show-value.ts'
import { type Client, getJson, readClientOrExit, sendJson } from './api-client.ts'
import { confirm } from './confirm.ts'
import { cliError, EXIT } from './exit.ts'
import { printTable, say, showInstant } from './list-rows.ts'

type Replay = z.output<typeof replayAnswer>
type Started = z.output<typeof replayStartAnswer>

/** How often a replay under way is looked at, in ms. */
const POLL_MS = 500

interface ReplayOptions {
  jobs?: boolean
  source?: string
  type?: string
  mapping?: string
  integration?: string
  since?: string
  until?: string
  outcome?: string
  state?: string
  reason?: string
  force?: boolean
  perSecond?: string
  dryRun?: boolean
  yes?: boolean
  detach?: boolean
  json?: boolean
}

/** Counts what is meant and shows what would become of it; then, on a yes, replays it and tells how far it has come. */
export async function startReplay(ids: readonly string[], options: ReplayOptions): Promise<number> {
  const { dryRun = false, yes = false, json = false, detach = false } = options
  const client = readClientOrExit()
  const body = bodyOf(ids, options)
  const counted = await sendJson<Started>(client, 'POST', '/api/replays', { ...body, dryRun: true })
  const isWanted = !dryRun && counted.total > 0
  if (!json) printCount(counted, body.of)
  if (!isWanted || !(yes || (!json && (await confirm('replay them?'))))) {
    if (json) say(JSON.stringify(counted))
    else if (isWanted) say('nothing was replayed: --yes replays them')
    return isWanted && json ? EXIT.failed : EXIT.done
  }
  const { replay } = await sendJson<Started>(client, 'POST', '/api/replays', body)
  if (replay === null) throw cliError(EXIT.failed, 'nothing is there to be replayed any more')
  const last = detach ? replay : await follow(client, replay, !json)
  if (json) say(JSON.stringify(last))
  else printReplay(last)
  return last.state === 'cancelled' ? EXIT.failed : EXIT.done
}

/** Prints replays, newest first. */
export async function listReplays({ json }: { json?: boolean }): Promise<number> {
  const answer = await getJson<z.output<typeof replaysAnswer>>(readClientOrExit(), '/api/replays')
  if (json === true) {
    say(JSON.stringify(answer))
    return EXIT.done
  }
  const rows = answer.replays.map(replay => [
    replay.id,
    replay.state,
    replay.of,
    showFilter(replay),
    `${replay.taken} of ${replay.total ?? 'many'}`,
    String(replay.jobs),
    showInstant(replay.startedAt),
    replay.actor,
  ])
  if (rows.length === 0) say('no replays')
  else printTable(['replay', 'state', 'of', 'filter', 'done', 'jobs', 'started', 'by'], rows)
  return EXIT.done
}

/** Prints how far a replay has come. */
export async function showReplay(id: string, { json }: { json?: boolean }): Promise<number> {
  const replay = await getJson<Replay>(readClientOrExit(), `/api/replays/${encodeURIComponent(id)}`)
  if (json === true) say(JSON.stringify(replay))
  else printReplay(replay)
  return EXIT.done
}

/** Cancels a replay. */
export async function cancelReplay(id: string, { json }: { json?: boolean }): Promise<number> {
  const path = `/api/replays/${encodeURIComponent(id)}`
  const replay = await sendJson<Replay>(readClientOrExit(), 'DELETE', path)
  if (json === true) say(JSON.stringify(replay))
  else printReplay(replay)
  return EXIT.done
}

function bodyOf(ids: readonly string[], options: ReplayOptions): { of: 'events' | 'jobs' } & object {
  const { jobs = false, force = false, perSecond, dryRun: _, yes: __, detach: ___, json: ____, ...filters } = options
  const { mapping, ...others } = filters
  if (ids.length > 0 ? Object.keys(others).length > 0 : filters.since === undefined)
    throw cliError(EXIT.usage, 'expected either ids (and --mapping), or --since and what narrows it down')
  if (perSecond !== undefined && !/^[1-9]\d{0,2}$/.test(perSecond))
    throw cliError(EXIT.usage, `--per-second: expected a whole number from 1 to 100, found "${perSecond}"`)
  const isOfJobs = jobs || ids[0]?.startsWith('job_') || filters.state !== undefined || filters.reason !== undefined
  return {
    of: isOfJobs ? 'jobs' : 'events',
    ...(ids.length > 0 ? { ids, ...(mapping !== undefined && { mapping }) } : filters),
    ...(force && { force }),
    ...(perSecond !== undefined && { perSecond: Number(perSecond) }),
  }
}

/** Looks at a replay until it has ended. An interrupt leaves it running. */
async function follow(client: Client, replay: Replay, tells: boolean): Promise<Replay> {
  let interrupted = (): void => {}
  const interrupt = new Promise<'interrupted'>(resolve => {
    interrupted = () => resolve('interrupted')
  })
  process.once('SIGINT', interrupted)
  let last = replay
  try {
    if (tells) process.stderr.write(`${replay.id} has begun; Ctrl-C leaves it running\n`)
    while (last.state === 'running') {
      const waited = new Promise<'waited'>(resolve => setTimeout(() => resolve('waited'), POLL_MS))
      if ((await Promise.race([waited, interrupt])) === 'interrupted') {
        process.stderr.write(`it goes on: replay show ${replay.id}, replay cancel ${replay.id}\n`)
        return last
      }
      const next = await getJson<Replay>(client, `/api/replays/${replay.id}`)
      if (tells && next.taken > last.taken)
        process.stderr.write(`${next.taken} of ${next.total ?? 'many'}, ${next.jobs} jobs\n`)
      last = next
    }
    return last
  } finally {
    process.off('SIGINT', interrupted)
  }
}

function printCount({ total, more, sample }: Started, of: string): void {
  say(`${more ? 'more than ' : ''}${total} ${of}`)
  if (sample.length === 0) return
  const rows = sample.map(({ id, receivedAt, source, type, mapping, skip, message }) => [
    id,
    showInstant(receivedAt),
    source,
    type,
    mapping,
    skip === null ? 'a job' : skip,
    message,
  ])
  printTable(['first of them', 'received', 'source', 'type', 'mapping', 'would be', ''], rows)
}

function printReplay(replay: Replay): void {
  const { id, state, of, taken, total, jobs, openJobs, skipped, perSecond, force, actor, startedAt, endedAt } = replay
  say(`${pc.bold(id)}  ${state}  ${taken} of ${total ?? 'many'} ${of}, ${jobs} jobs, ${openJobs} of them open`)
  say(`  ${showFilter(replay)}${force ? ', forced' : ''}, ${perSecond} a second, by ${showText(actor)}`)
  say(`  started ${showInstant(startedAt)}${endedAt === null ? '' : `, ended ${showInstant(endedAt)}`}`)
  for (const [reason, count] of Object.entries(skipped)) say(`  ${count} skipped: ${reason}`)
  if (jobs > 0) say(pc.dim(`  jobs --replay ${id}`))
  if (state === 'running') say(pc.dim(`  replay cancel ${id}`))
}

function showFilter({ filter }: Replay): string {
  return Object.entries(filter)
    .map(([name, value]) => (name === 'named' ? `${value} ids` : `${name} ${showText(String(value))}`))
    .join(', ')
}
