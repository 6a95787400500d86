import type { NewAuditEntry } from '../audit.ts'
import type { StoreContext } from './context.ts'

/** Accounts for what happens outside the store. What the store does itself is accounted for in the same transaction. */
export function recordAudit({ audit }: StoreContext): (entries: readonly NewAuditEntry[]) => void {
  return entries => entries.forEach(audit.append)
}
