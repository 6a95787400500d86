import { writeFileSync } from 'node:fs'
import pc from 'picocolors'
import type { z } from 'zod'
import type { rejectedAnswer, rejectedListAnswer, rejectedRetriesAnswer } from '../admin/event-answers.ts'
import { showText, showValue } from '../mapping/show-value.ts'
import { getJson, readClientOrExit, sendJson } from './api-client.ts'
import { formatCapture } from './capture.ts'
import { cliError, EXIT } from './exit.ts'
import { printTable, say, showInstant } from './list-rows.ts'

type List = z.output<typeof rejectedListAnswer>
type Rejected = z.output<typeof rejectedAnswer>
type Retries = z.output<typeof rejectedRetriesAnswer>

/** Characters of a body that are shown. */
const BODY_CHARS_MAX = 2_000

interface FilterOptions {
  source?: string
  reason?: string
  since?: string
  until?: string
}

/** Prints how many deliveries were refused and why, and those that are kept, newest first. */
export async function listRejected({
  json,
  ...filters
}: FilterOptions & { limit?: string; json?: boolean }): Promise<number> {
  const list = await getJson<List>(readClientOrExit(), `/api/rejected?${new URLSearchParams({ ...filters })}`)
  if (json === true) say(JSON.stringify(list))
  else printList(list)
  return EXIT.done
}

/** Prints a refused delivery as it came, or saves it for `send --capture`. */
export async function showRejected(id: string, { save, json }: { save?: string; json?: boolean }): Promise<number> {
  const rejected = await getJson<Rejected>(readClientOrExit(), `/api/rejected/${encodeURIComponent(id)}`)
  if (json === true) say(JSON.stringify(rejected))
  else printRejected(rejected)
  if (save === undefined) return EXIT.done
  const { method, type, query, headers } = rejected
  writeFileSync(save, formatCapture({ method, type, query, headers, body: bodyOf(rejected) }))
  if (json !== true) say(`saved as ${save}: send ${rejected.source} --capture ${save}`)
  return EXIT.done
}

/** Has refused deliveries judged by the secrets of today; 1 where one of them is still refused. */
export async function retryRejected(
  ids: readonly string[],
  { dryRun = false, json, ...filters }: FilterOptions & { dryRun?: boolean; json?: boolean },
): Promise<number> {
  const hasFilter = Object.keys(filters).length > 0
  if (ids.length > 0 ? hasFilter : filters.source === undefined)
    throw cliError(EXIT.usage, 'expected either ids, or --source and what narrows it down')
  const which = ids.length > 0 ? { ids } : filters
  const answer = await sendJson<Retries>(readClientOrExit(), 'POST', '/api/rejected/retry', { ...which, dryRun })
  if (json === true) say(JSON.stringify(answer))
  else printRetries(answer)
  return answer.refused === 0 ? EXIT.done : EXIT.failed
}

function printList({ rejected, counts, countsSince, next }: List): void {
  if (counts.length === 0 && rejected.length === 0) {
    say('no refused deliveries')
    return
  }
  const totals = counts.map(({ source, reason, count, firstAt, lastAt }) => [
    source,
    reason,
    String(count),
    showInstant(firstAt),
    showInstant(lastAt),
  ])
  printTable(['source', 'reason', 'refused', 'from', 'to'], totals)
  if (countsSince !== null) say(pc.dim(`counted from ${showInstant(countsSince)} on`))
  say('')
  if (rejected.length === 0) {
    say('none of them is kept')
    return
  }
  const lines = rejected.map(({ id, receivedAt, source, reason, method, type, bodyBytes }) => [
    id,
    showInstant(receivedAt),
    source,
    reason,
    method,
    type,
    String(bodyBytes),
  ])
  printTable(['kept', 'received', 'source', 'reason', 'method', 'type', 'bytes'], lines)
  if (next !== null) say(pc.dim('there are more: --limit'))
}

function printRejected(rejected: Rejected): void {
  const { id, source, reason, receivedAt, method, type, query, headers, body, bodyBytes } = rejected
  const path = `/hooks/${source}${type === null ? '' : `/${type}`}${query === '' ? '' : `?${query}`}`
  say(`${pc.bold(id)}  ${source}  ${pc.red(reason)}`)
  say(`  received ${showInstant(receivedAt)}, ${bodyBytes} bytes`)
  say(`  ${method} ${showText(path)}`)
  for (const [name, value] of headers) say(pc.dim(`  ${showText(name)}: ${showText(value)}`))
  say(body === null ? '  body: binary' : `  body ${showValue(body, BODY_CHARS_MAX)}`)
  say(pc.dim(`  rejected retry ${id} --dry-run`))
}

function bodyOf({ body, bodyBase64 }: Rejected): Buffer {
  return bodyBase64 === null ? Buffer.from(body!) : Buffer.from(bodyBase64, 'base64')
}

function printRetries({ dryRun, accepted, refused, results }: Retries): void {
  for (const { id, outcome, eventId, reason, message } of results) {
    if (reason === null) say(`${id}  ${pc.green(outcome ?? 'would be taken')}  ${eventId ?? ''}`.trimEnd())
    else say(`${showText(id)}  ${pc.red(reason)}  ${showText(message ?? '')}`)
  }
  say(`${accepted} ${dryRun ? 'would be taken' : 'taken'}, ${refused} still refused`)
}
