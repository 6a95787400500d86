import pc from 'picocolors'
import { showText } from '../mapping/show-value.ts'
import { type Client, getJson } from './api-client.ts'
import { cliError, EXIT } from './exit.ts'

/** Filters of a list, as options of the command and as parameters of the API. */
export interface ListOptions {
  source?: string
  type?: string
  mapping?: string
  integration?: string
  since?: string
  until?: string
  limit?: string
  json?: boolean
}

const LIMIT_DEFAULT = 50
/** Rows the API gives at once, at most. */
const PAGE_ROWS_MAX = 200
/** Characters of one cell of a table. */
const CELL_CHARS_MAX = 48

/** Reads as many rows of a list as were asked for, page by page; `next` says whether there are more, `page` is the last one. */
export async function readRows<Row>(
  client: Client,
  what: 'events' | 'jobs' | 'audit',
  { limit, json: _, ...filters }: ListOptions,
  /** The key of the rows in the answer. */
  key: string = what,
): Promise<{ rows: Row[]; next: string | null; page: Record<string, unknown> }> {
  if (limit !== undefined && !/^[1-9]\d{0,6}$/.test(limit))
    throw cliError(EXIT.usage, `--limit: expected a whole number from 1, found "${limit}"`)
  const wanted = limit === undefined ? LIMIT_DEFAULT : Number(limit)
  const rows: Row[] = []
  let next: string | null = null
  let page: Record<string, unknown>
  do {
    const query = new URLSearchParams({ ...filters, limit: String(Math.min(PAGE_ROWS_MAX, wanted - rows.length)) })
    if (next !== null) query.set('cursor', next)
    page = await getJson(client, `/api/${what}?${query}`)
    rows.push(...(page[key] as Row[]))
    next = page.next as string | null
  } while (next !== null && rows.length < wanted)
  return { rows, next, page }
}

/** A table for people: as wide as its cells, cut where they are long, nothing in it that a terminal would obey. */
export function formatTable(heads: readonly string[], rows: readonly (readonly (string | null)[])[]): string[] {
  const cells = rows.map(row => row.map(cell => shorten(showText(cell ?? ''))))
  const widths = heads.map((head, n) => Math.max(head.length, ...cells.map(row => row[n]!.length)))
  return [heads, ...cells].map(row =>
    row
      .map((cell, n) => cell.padEnd(widths[n]!))
      .join('  ')
      .trimEnd(),
  )
}

/** Prints a table, its heads dimmed. */
export function printTable(heads: readonly string[], rows: readonly (readonly (string | null)[])[]): void {
  for (const [n, line] of formatTable(heads, rows).entries()) say(n === 0 ? pc.dim(line) : line)
}

/** An instant as a table has it: to the second, in UTC. */
export function showInstant(iso: string | null): string {
  return iso === null ? '' : `${iso.slice(0, 19)}Z`
}

/** One line on standard output. */
export function say(line: string): void {
  process.stdout.write(`${line}\n`)
}

function shorten(text: string): string {
  return text.length > CELL_CHARS_MAX ? `${text.slice(0, CELL_CHARS_MAX - 1)}…` : text
}
