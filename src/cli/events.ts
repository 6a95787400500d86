import { writeFileSync } from 'node:fs'
import pc from 'picocolors'
import type { z } from 'zod'
import type { eventsAnswer } from '../admin/event-answers.ts'
import { showText, showValue } from '../mapping/show-value.ts'
import { getBytes, getJson, readClientOrExit } from './api-client.ts'
import { formatCapture } from './capture.ts'
import { type StoredEvent, saveStoredEvent } from './events-save-test.ts'
import { EXIT } from './exit.ts'
import { type ListOptions, printTable, readRows, say, showInstant } from './list-rows.ts'

type Line = z.output<typeof eventsAnswer>['events'][number]

/** Characters of a payload that are shown. */
const PAYLOAD_CHARS_MAX = 2_000

/** Prints events, newest first. */
export async function listEvents(options: ListOptions & { outcome?: string; q?: string }): Promise<number> {
  const { rows, next, page } = await readRows<Line>(readClientOrExit(), 'events', options)
  const { searchedSince } = page as z.output<typeof eventsAnswer>
  if (options.json === true) {
    say(JSON.stringify({ events: rows, next, searchedSince }))
    return EXIT.done
  }
  if (rows.length === 0) {
    say('no events')
    if (searchedSince !== undefined) say(pc.dim(`searched: ${describeSearched(searchedSince)}`))
    return EXIT.done
  }
  printTable(
    ['event', 'received', 'source', 'type', 'outcome', 'jobs'],
    rows.map(({ id, receivedAt, source, type, outcome, jobs }) => [
      id,
      showInstant(receivedAt),
      source,
      type,
      outcome,
      Object.entries(jobs)
        .map(([state, count]) => `${count} ${state}`)
        .join(', '),
    ]),
  )
  if (next !== null) say(pc.dim('there are more: --limit'))
  return EXIT.done
}

function describeSearched(since: string | null): string {
  return since === null ? 'nothing, no payload was kept for it yet' : `events since ${showInstant(since)}`
}

interface ShowOptions {
  raw?: boolean
  saveTest?: string
  mapping?: string
  saveCapture?: string
  json?: boolean
  config?: string
}

/** Prints an event and what was made of it, or saves it as a test of a mapping. */
export async function showEvent(id: string, options: ShowOptions): Promise<number> {
  const client = readClientOrExit()
  const path = `/api/events/${encodeURIComponent(id)}`
  if (options.raw === true) {
    process.stdout.write(await getBytes(client, `${path}/payload`))
    return EXIT.done
  }
  const event = await getJson<StoredEvent>(client, path)
  const { saveTest: name, mapping = null } = options
  const saved =
    name === undefined
      ? null
      : await saveStoredEvent(event, await getBytes(client, `${path}/payload`), { ...options, name, mapping })
  if (options.saveCapture !== undefined) {
    const { method, urlType: type, query, headers } = event
    const body = await getBytes(client, `${path}/payload`)
    writeFileSync(options.saveCapture, formatCapture({ method, type, query, headers, body }))
  }
  if (options.json === true) say(JSON.stringify(saved === null ? event : { ...event, saved }))
  else {
    printEvent(event)
    if (saved !== null) say(`saved as test "${showText(saved.name)}" in ${saved.file}`)
    if (saved?.note) say(pc.dim(saved.note))
  }
  return EXIT.done
}

function printEvent(event: StoredEvent): void {
  const { id, source, type, receivedAt, outcome, reason, message, mappings, redeliveries, payload, jobs, fetchedFrom } =
    event
  say(`${pc.bold(id)}  ${source}  ${showText(type ?? '')}  ${outcome}`)
  say(`  received ${showInstant(receivedAt)}, ${event.bodyBytes} bytes, key ${showText(event.key)}`)
  if (fetchedFrom === null) say(`  verified as ${event.scheme ?? 'a source that is configured no more'}`)
  else say(`  not signed: fetched from ${showText(fetchedFrom)} by reconcile`)
  if (redeliveries > 0) say(`  delivered again ${redeliveries} times`)
  if (reason !== null) say(`  ${showText(reason)}: ${showText(message ?? '')}`)
  for (const entry of mappings) say(`  ${describeMapping(entry)}`)
  for (const [name, value] of event.headers) say(pc.dim(`  ${showText(name)}: ${showText(value)}`))
  if (payload.kind === 'json') say(`  payload ${showValue(payload.json, PAYLOAD_CHARS_MAX)}`)
  else if (payload.kind === 'text') say(`  payload, no JSON: ${showValue(payload.text, PAYLOAD_CHARS_MAX)}`)
  else say(`  payload: ${payload.kind}`)
  for (const job of jobs)
    say(`  ${job.id}  ${job.mapping}  ${job.state}  ${job.reason ?? ''}  ${showText(job.message ?? '')}`.trimEnd())
}

/** Routing keeps a reason and its particulars for each mapping that did not take the event. */
function describeMapping({ mapping, matched, ...rest }: StoredEvent['mappings'][number]): string {
  const why = Object.entries(rest)
    .map(([name, value]) => `${name} ${typeof value === 'string' ? showText(value) : showValue(value)}`)
    .join(', ')
  return `${matched ? pc.green('match') : pc.dim('no match')}  ${showText(mapping)}  ${why}`.trimEnd()
}
