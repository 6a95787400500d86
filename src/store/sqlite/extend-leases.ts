import type { StoreContext } from './context.ts'

/** Keeps leases alive; returns the jobs that are still ours. */
export function extendLeases({
  db,
}: StoreContext): (lease: { bootId: string; jobSeqs: readonly number[]; leaseExpiresAt: number }) => number[] {
  const extend = db.prepare(`
    update job
    set lease_expires_at = ?
    where seq = ? and state = 'running' and lease_owner = ?`)
  return ({ bootId, jobSeqs, leaseExpiresAt }) =>
    jobSeqs.filter(seq => extend.run(leaseExpiresAt, seq, bootId).changes === 1)
}
