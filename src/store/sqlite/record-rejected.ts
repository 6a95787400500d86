import type { RejectedBatch } from '../receipts.ts'
import { prepareAuditRejected } from './audit-rejected.ts'
import type { StoreContext } from './context.ts'

/** Refused deliveries kept in full per source: what a sender brings while its secret is wrong. With 64 KB each, a flood fills 6.4 MB. */
const SAMPLES_PER_SOURCE_MAX = 100

/** Adds refused deliveries: counted per source, reason and minute, the last few of a source in full. */
export function recordRejected(context: StoreContext): (batch: RejectedBatch) => void {
  const { db } = context
  const count = db.prepare(`
    insert into rejected_delivery (source, reason, minute_at, count)
    values (@source, @reason, @minuteAt, @count)
    on conflict (source, reason, minute_at) do update set count = count + excluded.count, audited = 0`)
  const auditRejected = prepareAuditRejected(context)
  const insert = db.prepare(`
    insert into rejected_sample (source, reason, received_at, method, type, query, headers, body, credentials)
    values (?, ?, ?, ?, ?, ?, ?, ?, ?)`)
  const trim = db.prepare(`
    delete from rejected_sample
    where source = ? and seq <= (
      select seq
      from rejected_sample
      where source = ?
      order by seq desc
      limit 1 offset ${SAMPLES_PER_SOURCE_MAX})`)
  return ({ counts, samples }) => {
    for (const row of counts) count.run(row)
    for (const s of samples) {
      const [headers, credentials] = [JSON.stringify(s.headers), JSON.stringify(s.credentials)]
      insert.run(s.source, s.reason, s.receivedAt, s.method, s.type, s.query, headers, s.body, credentials)
      trim.run(s.source, s.source)
    }
    const instants = [...counts.map(({ minuteAt }) => minuteAt), ...samples.map(({ receivedAt }) => receivedAt)]
    auditRejected(Math.max(...instants))
  }
}
