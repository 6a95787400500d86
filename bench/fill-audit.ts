import { mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import { createAuditLog } from '../src/store/sqlite/audit-log.ts'
import { connect } from '../src/store/sqlite/connect.ts'

const BATCH_ROWS = 10_000

/** Makes a database whose audit has so many rows, as events, attempts and people leave them. */
export function fillAudit(file: string, rows: number): void {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
  const { db, lock } = connect(file)
  db.pragma('synchronous = off')
  const audit = createAuditLog(db)
  const startAt = Date.now() - rows
  const append = db.transaction((from: number, to: number) => {
    for (let n = from; n < to; n++) {
      const at = startAt + n
      const event = { source: n % 50 === 0 ? 'stripe' : 'github', eventSeq: n >> 1 }
      if (n % 2 === 0)
        audit.append({
          at,
          actor: 'bridge',
          action: n % 10 === 0 ? 'event.mapped' : 'event.unmatched',
          ...event,
          target: 'workflow_run.completed',
          detail: { receivedAt: at, bytes: 16_960 },
          payloadHash: 'ab'.repeat(32),
        })
      else
        audit.append({
          at,
          actor: n % 10_001 === 0 ? 'admin:ops' : 'bridge',
          action: n % 1_001 === 0 ? 'job.dead' : 'attempt.applied',
          integration: 'bench',
          mapping: n % 3_001 === 0 ? 'rare' : 'touch',
          eventSeq: n >> 1,
          jobSeq: n >> 2,
          target: 'touch',
          detail: { step: 'touched', effect: 'set', token: 'ab12cd34', status: 200, code: null },
        })
    }
    audit.seal()
  })
  for (let n = 0; n < rows; n += BATCH_ROWS) append(n, Math.min(rows, n + BATCH_ROWS))
  db.close()
  lock.close()
}
