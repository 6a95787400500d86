import pc from 'picocolors'
import type { z } from 'zod'
import type { jobsActedAnswer } from '../admin/job-answers.ts'
import { showText } from '../mapping/show-value.ts'
import { readClientOrExit, sendJson } from './api-client.ts'
import { confirm } from './confirm.ts'
import { cliError, EXIT } from './exit.ts'
import { say } from './list-rows.ts'

type Acted = z.output<typeof jobsActedAnswer>

/** Which jobs are meant, as options of the command and keys of the API. */
export interface ManyOptions {
  state?: string
  reason?: string
  mapping?: string
  integration?: string
  source?: string
  type?: string
  since?: string
  until?: string
  yes?: boolean
  dryRun?: boolean
  json?: boolean
}

/** Whether options name jobs by a filter instead of by ids. */
export function isFiltered({ yes: _, dryRun: __, json: ___, ...filters }: ManyOptions): boolean {
  return Object.values(filters).some(value => value !== undefined)
}

/** Counts the jobs a filter means; then, on a yes, acts on all of them, some a call. 1 where one was refused. */
export async function actOnJobs(
  act: 'retry' | 'discard',
  { yes = false, dryRun = false, json = false, ...filters }: ManyOptions,
  body: object,
): Promise<number> {
  if (filters.state === undefined) throw cliError(EXIT.usage, 'expected ids, or --state and what narrows it down')
  const client = readClientOrExit()
  const path = `/api/jobs/${act}`
  const counted = await sendJson<Acted>(client, 'POST', path, { ...filters, ...body, dryRun: true })
  const total = counted.total ?? 0
  if (!json) say(`${counted.more ? 'more than ' : ''}${total} jobs`)
  if (dryRun || total === 0 || !(yes || (!json && (await confirm(`${act} them?`))))) {
    const isLeft = !dryRun && total > 0
    if (json) say(JSON.stringify({ total, more: counted.more, done: 0, refused: {} }))
    else if (isLeft) say(`nothing was done: --yes ${act === 'retry' ? 'retries' : 'discards'} them`)
    return isLeft && json ? EXIT.failed : EXIT.done
  }
  let done = 0
  const refused: Record<string, number> = {}
  for (let cursor: string | null = null, isFirst = true; isFirst || cursor !== null; isFirst = false) {
    const asked = { ...filters, ...body, ...(cursor !== null && { cursor }) }
    const acted: Acted = await sendJson<Acted>(client, 'POST', path, asked)
    done += acted.done
    for (const [code, count] of Object.entries(acted.refused)) refused[code] = (refused[code] ?? 0) + count
    if (!json) {
      for (const { id, code, message } of acted.results)
        if (code !== null) process.stderr.write(`${id}  ${pc.red(code)}  ${showText(message)}\n`)
      if (acted.next !== null) process.stderr.write(`${done} of ${total}\n`)
    }
    cursor = acted.next
  }
  if (json) say(JSON.stringify({ total, more: counted.more, done, refused }))
  else say([`${done} done`, ...Object.entries(refused).map(([code, count]) => `${count} refused: ${code}`)].join(', '))
  return Object.keys(refused).length === 0 ? EXIT.done : EXIT.failed
}
