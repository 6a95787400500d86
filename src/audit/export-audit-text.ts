import { BridgeError } from '../errors.ts'
import type { AuditQuery } from '../store/audit.ts'
import type { Store } from '../store/store.ts'
import { type ExportFormat, writeExportHead, writeExportLines } from './write-export.ts'

/** Rows read at once: about 2 ms of the store's time, and 200 KB of text. */
const PAGE_ROWS = 500

/**
 * Gives the audit as text, oldest first, up to the row that was the newest when it began; a page in memory at a time.
 * Throws where the service stops: an export that is cut off must not look whole.
 */
export async function* exportAuditText(
  store: Store,
  filters: AuditQuery,
  format: ExportFormat,
  isStopped: () => boolean,
): AsyncGenerator<string, void, void> {
  const { last } = await store.readAuditHead({ every: 1, dueMax: 0 })
  const head = writeExportHead(format)
  if (head !== '') yield head
  for (let afterSeq: number | null = 0; afterSeq !== null; ) {
    if (isStopped()) throw new BridgeError('shutting_down', 'The bridge is shutting down')
    const page = await store.exportAudit({ filters, afterSeq, throughSeq: last?.seq ?? 0, limit: PAGE_ROWS })
    if (page.entries.length > 0) yield writeExportLines(format, page.entries)
    afterSeq = page.nextSeq
  }
}
