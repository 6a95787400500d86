import type { AuditExportPage, AuditExportQuery } from '../audit.ts'
import type { StoreContext } from './context.ts'
import { prepareAuditBounds, prepareSelectAudit } from './select-audit.ts'

/** Reads the audit for an export, oldest first, a bounded number of rows a call. */
export function exportAudit(context: StoreContext): (query: AuditExportQuery) => AuditExportPage {
  const boundsOf = prepareAuditBounds(context)
  const select = prepareSelectAudit(context, 'asc')
  return ({ filters, afterSeq, throughSeq, limit }) => {
    const selection = select(filters)
    if (selection === null) return { entries: [], nextSeq: null }
    const { from, before } = boundsOf({ ...filters, beforeSeq: throughSeq + 1 })
    const window = selection.cut({ from: Math.max(from, afterSeq + 1), before })
    const entries = selection.read({ ...window, limit })
    const at = entries.length === limit ? entries.at(-1)!.seq : window.before - 1
    return { entries, nextSeq: at < before - 1 ? at : null }
  }
}
