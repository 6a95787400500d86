import { open } from 'node:fs/promises'
import pc from 'picocolors'
import type { AuditEntryView } from '../admin/view-audit.ts'
import { showValue } from '../mapping/show-value.ts'
import { getChunks, readClientOrExit } from './api-client.ts'
import { cliError, EXIT } from './exit.ts'
import { type ListOptions, printTable, readRows, say, showInstant } from './list-rows.ts'

interface AuditOptions extends Omit<ListOptions, 'type'> {
  actor?: string
  action?: string
  event?: string
  job?: string
  target?: string
  q?: string
}

/** How often the progress of an export is shown, in ms. */
const PROGRESS_MS = 500

/** Prints the audit, newest first. */
export async function listAudit(options: AuditOptions): Promise<number> {
  const { rows, next } = await readRows<AuditEntryView>(readClientOrExit(), 'audit', options, 'entries')
  if (options.json === true) {
    say(JSON.stringify({ entries: rows, next }))
    return EXIT.done
  }
  if (rows.length === 0) {
    say('no entries')
    return EXIT.done
  }
  printTable(
    ['row', 'at', 'actor', 'action', 'on', 'detail'],
    rows.map(row => [
      String(row.seq),
      showInstant(row.at),
      row.actor,
      row.action,
      row.jobId ?? row.eventId ?? row.target ?? row.integration ?? row.source,
      row.detail === null ? null : showValue(row.detail),
    ]),
  )
  if (next !== null) say(pc.dim('there are more: --limit'))
  return EXIT.done
}

interface ExportOptions extends Omit<AuditOptions, 'limit' | 'json'> {
  format: string
  out?: string
}

/** Writes the audit to a file (0600), with progress, or to standard output. */
export async function exportAudit({ out, ...query }: ExportOptions): Promise<number> {
  if (query.format !== 'ndjson' && query.format !== 'csv')
    throw cliError(EXIT.usage, `--format: expected ndjson or csv, found "${query.format}"`)
  const chunks = getChunks(readClientOrExit(), `/api/audit/export?${new URLSearchParams({ ...query })}`)
  if (out === undefined) {
    for await (const chunk of chunks)
      if (!process.stdout.write(chunk))
        await new Promise<void>(resolve => process.stdout.once('drain', () => resolve()))
    return EXIT.done
  }
  // begun before the file is made: an answer that refuses leaves nothing behind
  const first = await chunks.next()
  const file = await open(out, 'w', 0o600)
  const showProgress = createProgress()
  let bytes = 0
  try {
    for (let next = first; next.done !== true; next = await chunks.next()) {
      await file.writeFile(next.value)
      bytes += next.value.byteLength
      showProgress(`${bytes} bytes`)
    }
    await file.datasync()
  } finally {
    await file.close()
  }
  process.stderr.write(`${bytes} bytes in ${out}\n`)
  return EXIT.done
}

/** A line on standard error that is written over itself; none where nobody looks. */
export function createProgress(): (text: string) => void {
  let shownAt = 0
  return text => {
    if (!process.stderr.isTTY || Date.now() - shownAt < PROGRESS_MS) return
    shownAt = Date.now()
    process.stderr.write(`\r${text}\u001b[K\r`)
  }
}
