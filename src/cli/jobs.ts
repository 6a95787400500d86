import pc from 'picocolors'
import type { z } from 'zod'
import type { jobAnswer, jobsAnswer } from '../admin/job-answers.ts'
import { showText, showValue } from '../mapping/show-value.ts'
import { type ActResult, type Client, getJson, postAct, readClientOrExit } from './api-client.ts'
import { cliError, EXIT } from './exit.ts'
import { actOnJobs, isFiltered, type ManyOptions } from './jobs-many.ts'
import { type ListOptions, printTable, readRows, say, showInstant } from './list-rows.ts'
import { readInput } from './read-input.ts'

type Line = z.output<typeof jobsAnswer>['jobs'][number]
type Job = z.output<typeof jobAnswer>

/** Characters of variables and answers that are shown. */
const SHOWN_CHARS_MAX = 400

interface JobListOptions extends ListOptions {
  state?: string
  reason?: string
  token?: string
  replay?: string
}

/** Prints jobs, newest first. */
export async function listJobs(options: JobListOptions): Promise<number> {
  const { rows, next } = await readRows<Line>(readClientOrExit(), 'jobs', options)
  if (options.json === true) {
    say(JSON.stringify({ jobs: rows, next }))
    return EXIT.done
  }
  if (rows.length === 0) {
    say('no jobs')
    return EXIT.done
  }
  const heads = ['job', 'state', 'reason', 'mapping', 'order key', 'event', 'made', 'message']
  printTable(
    heads,
    rows.map(({ id, state, reason, waitsFor, mapping, orderKey, eventId, createdAt, message }) => [
      id,
      state,
      waitsFor ?? reason,
      mapping,
      orderKey,
      eventId,
      showInstant(createdAt),
      message,
    ]),
  )
  if (next !== null) say(pc.dim('there are more: --limit'))
  return EXIT.done
}

/** Prints a job with every attempt, and what can be done with it. */
export async function showJob(id: string, options: { json?: boolean }): Promise<number> {
  const job = await readJob(readClientOrExit(), id)
  if (options.json === true) say(JSON.stringify(job))
  else printJob(job)
  return EXIT.done
}

interface ActOptions {
  fromStart?: boolean
  force?: boolean
  json?: boolean
}

/** Puts jobs back to work, by ids or a filter; 1 where one of them was refused. */
export function retryJobs(
  ids: readonly string[],
  { fromStart, force, ...options }: ActOptions & ManyOptions,
): Promise<number> {
  const body = { ...(fromStart === true && { fromStart }), ...(force === true && { force }) }
  return areNamed(ids, options) ? actOn(ids, 'retry', body, options.json) : actOnJobs('retry', options, body)
}

/** Gives jobs up, by ids or a filter; 1 where one of them was refused. */
export function discardJobs(ids: readonly string[], options: ManyOptions): Promise<number> {
  return areNamed(ids, options) ? actOn(ids, 'discard', {}, options.json) : actOnJobs('discard', options, {})
}

/** Whether jobs are named; not together with a filter. */
function areNamed(ids: readonly string[], options: ManyOptions): boolean {
  if (ids.length > 0 && isFiltered(options)) throw cliError(EXIT.usage, 'expected either ids, or a filter')
  return ids.length > 0
}

interface SettleOptions extends ActOptions {
  applied?: boolean
  notApplied?: boolean
  result?: string
}

/** Says whether the write in doubt was applied, of the job as it was when the command looked at it. */
export async function settleJob(id: string, options: SettleOptions): Promise<number> {
  const { applied = false, notApplied = false, force, result, json } = options
  if (applied === notApplied) throw cliError(EXIT.usage, 'expected one of --applied and --not-applied')
  if (result !== undefined && !applied) throw cliError(EXIT.usage, '--result: expected it with --applied')
  const told = result === undefined ? {} : { result: readResult(result) }
  const client = readClientOrExit()
  const { version, doubt } = await readJob(client, id)
  if (json !== true && doubt !== null)
    say(`${showText(doubt.operation)} (step ${showText(doubt.step)})  ${showValue(doubt.variables, SHOWN_CHARS_MAX)}`)
  return actOn([id], 'settle', { applied, version, ...told, ...(force === true && { force }) }, json)
}

function readResult(file: string): unknown {
  try {
    return JSON.parse(readInput(file).toString('utf8'))
  } catch (error) {
    if (error instanceof SyntaxError) throw cliError(EXIT.usage, `${file}: expected JSON, found something else`)
    throw error
  }
}

function readJob(client: Client, id: string): Promise<Job> {
  return getJson<Job>(client, `/api/jobs/${encodeURIComponent(id)}`)
}

async function actOn(ids: readonly string[], act: string, body: object, json: boolean | undefined): Promise<number> {
  const client = readClientOrExit()
  let refused = 0
  for (const id of ids) {
    const result = await postAct(client, `/api/jobs/${encodeURIComponent(id)}/${act}`, body)
    if (!result.ok) refused++
    if (json === true) say(JSON.stringify({ id, ...result }))
    else printResult(id, result)
  }
  return refused === 0 ? EXIT.done : EXIT.failed
}

function printResult(id: string, result: ActResult): void {
  if (result.ok) say(`${showText(id)}  ${pc.green(result.state)}  ${showText(result.message)}`)
  else process.stderr.write(`${showText(id)}  ${pc.red(result.code)}  ${showText(result.message)}\n`)
}

function printJob(job: Job): void {
  const { id, state, reason, message, mapping, integration, orderKey, eventId, source, type } = job
  say(`${pc.bold(id)}  ${state}${reason === null ? '' : `  ${reason}`}`)
  if (message !== null) say(`  ${showText(message)}`)
  if (job.waitsFor !== null) say(`  waits: ${job.waitsFor}`)
  say(`  mapping ${mapping}, integration ${integration}${orderKey === null ? '' : `, order key ${showText(orderKey)}`}`)
  say(`  event ${eventId}, ${source} ${showText(type ?? '')}, received ${showInstant(job.receivedAt)}`)
  if (job.item !== null) say(`  item ${job.itemIndex}: ${showValue(job.item, SHOWN_CHARS_MAX)}`)
  if (job.nextAttemptAt !== null) say(`  next attempt ${showInstant(job.nextAttemptAt)}`)
  if (job.expiresAt !== null) say(`  expires ${showInstant(job.expiresAt)}`)
  if (!job.payloadKept) say('  its payload is older than retention.payload')
  if (job.done.length > 0)
    say(`  done: ${job.done.map(step => `${step.id} (${step.operation ?? 'skipped'})`).join(', ')}`)
  if (job.doubt !== null)
    say(
      `  in doubt: ${job.doubt.operation} (step ${job.doubt.step})  ${showValue(job.doubt.variables, SHOWN_CHARS_MAX)}`,
    )
  if (job.replay !== null) say(`  made by ${job.replay}${job.replayOf === null ? '' : ` after ${job.replayOf}`}`)
  if (job.historyOmitted > 0) say(`  ${job.historyOmitted} older attempts are not shown`)
  for (const attempt of job.history) printAttempt(attempt)
  if (job.remedy !== null) say(`  what to do: ${showText(job.remedy)}`)
  for (const act of job.can) say(pc.dim(`  ${HINTS[act].replace('ID', id)}`))
}

const HINTS: Readonly<Record<Job['can'][number], string>> = {
  retry: 'jobs retry ID',
  discard: 'jobs discard ID',
  settle: 'jobs settle ID --applied | --not-applied',
}

function printAttempt(attempt: Job['history'][number]): void {
  const { step, operation, sentAt, outcome, status, code, message, variables, response } = attempt
  const said = [outcome ?? 'under way', status === null ? '' : String(status), code ?? ''].filter(word => word !== '')
  say(`  ${showInstant(sentAt)}  ${step}  ${operation}  ${said.map(showText).join(' ')}`)
  say(`      variables ${variables === null ? '(too large to be shown)' : showValue(variables, SHOWN_CHARS_MAX)}`)
  if (message !== null) say(`      ${showText(message)}`)
  if (response !== null) say(`      answer ${showValue(response, SHOWN_CHARS_MAX)}`)
}
