import type { AuditPage, AuditQuery } from '../audit.ts'
import type { StoreContext } from './context.ts'
import { prepareAuditBounds, prepareSelectAudit } from './select-audit.ts'

/** Lists the audit, newest first, a bounded number of rows a call. */
export function listAudit(context: StoreContext): (query: AuditQuery) => AuditPage {
  const boundsOf = prepareAuditBounds(context)
  const select = prepareSelectAudit(context, 'desc')
  return query => {
    const selection = select(query)
    if (selection === null) return { entries: [], nextSeq: null }
    const bounds = boundsOf(query)
    const window = selection.cut(bounds)
    const entries = selection.read({ ...window, limit: query.limit })
    const at = entries.length === query.limit ? entries.at(-1)!.seq : window.from
    return { entries, nextSeq: at > bounds.from ? at : null }
  }
}
