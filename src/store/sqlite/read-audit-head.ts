import type { SignedCheckpoint } from '../../audit/checkpoint.ts'
import type { AuditHead, ChainPoint } from '../audit.ts'
import type { StoreContext } from './context.ts'

/** Reads how far the audit has come, and which of its rows are to be signed: every so many since the last checkpoint. */
export function readAuditHead({ db, audit }: StoreContext): (query: { every: number; dueMax: number }) => AuditHead {
  const newest = db.prepare<[], SignedCheckpoint>(`
    select seq, at, epoch, hash, previous, public_key as publicKey, signature
    from audit_checkpoint
    order by seq desc
    limit 1`)
  const pointAt = db.prepare<[number], ChainPoint>(
    'select seq, lower(hex(hash)) as hash from audit_entry where seq = ?',
  )
  return ({ every, dueMax }) => {
    const last = audit.last()
    const checkpoint = newest.get() ?? null
    const due: ChainPoint[] = []
    const first = Math.floor((checkpoint?.seq ?? 0) / every + 1) * every
    for (let seq = first; seq <= last.seq && due.length < dueMax; seq += every) {
      const point = pointAt.get(seq)
      if (point !== undefined) due.push(point)
    }
    return { last: last.seq === 0 ? null : last, checkpoint, due }
  }
}
