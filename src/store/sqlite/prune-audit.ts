import { type AuditPruned, BRIDGE_ACTOR } from '../audit.ts'
import type { StoreContext } from './context.ts'

/**
 * Removes the oldest segment of the audit once the checkpoint at its end is older than its retention: at most as many rows
 * as a checkpoint stands for, so that no delivery waits long. The checkpoint stays, and the audit says what was removed, in
 * the same transaction: so what was pruned can be told from what is missing.
 */
export function pruneAudit({ db, audit }: StoreContext): (request: { now: number; auditMs: number }) => AuditPruned {
  const first = db.prepare<[], { seq: number; at: number }>('select seq, at from audit_entry order by seq limit 1')
  const nextCheckpoint = db.prepare<[number], { seq: number; at: number }>(
    'select seq, at from audit_checkpoint where seq >= ? order by seq limit 1',
  )
  const remove = db.prepare('delete from audit_entry where seq <= ?')
  return ({ now, auditMs }) => {
    const oldest = first.get()
    // rows are older than the checkpoint after them: nothing is looked up where nothing can be due
    if (oldest === undefined || oldest.at >= now - auditMs) return { rows: 0, more: false }
    const end = nextCheckpoint.get(oldest.seq)
    if (end === undefined || end.at >= now - auditMs) return { rows: 0, more: false }
    const rows = end.seq - oldest.seq + 1
    audit.append({
      at: now,
      actor: BRIDGE_ACTOR,
      action: 'audit.pruned',
      detail: { fromSeq: oldest.seq, throughSeq: end.seq, rows },
    })
    remove.run(end.seq)
    return { rows, more: true }
  }
}
