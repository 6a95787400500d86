import type { StoreContext } from './context.ts'

export interface LeasedJob {
  seq: number
  integration: string
  order_key: string | null
  mapping: string
  event_seq: number
  /** Why it waits or waited last; null when nothing was noted. */
  reason: string | null
}

/** Reads a job whose lease is still held by this process; undefined once it has ended. */
export function prepareLeasedJob(db: StoreContext['db']): (seq: number, bootId: string) => LeasedJob | undefined {
  const select = db.prepare<[number, string], LeasedJob>(`
    select seq, integration, order_key, mapping, event_seq, reason
    from job
    where seq = ? and state = 'running' and lease_owner = ?`)
  return (seq, bootId) => select.get(seq, bootId)
}
