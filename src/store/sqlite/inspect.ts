import type { StoreInspection } from '../exam.ts'
import { readGauge, type StoreContext } from './context.ts'

const PRAGMAS = ['journal_mode', 'synchronous', 'foreign_keys', 'auto_vacuum', 'busy_timeout', 'wal_autocheckpoint']

/** Says how this connection is set, and compares the counts it keeps with the rows. */
export function inspect({ db, gauge }: StoreContext): () => StoreInspection {
  const version = db.prepare<[], string>('select sqlite_version()').pluck()
  return () => {
    const counted = readGauge(db)
    const figures = ({ openJobs, routedSeq, lastSeq }: typeof gauge) => ({ openJobs, routedSeq, lastSeq })
    return {
      sqliteVersion: version.get()!,
      pragmas: Object.fromEntries(PRAGMAS.map(name => [name, db.pragma(name, { simple: true }) as string | number])),
      gauge: figures(gauge),
      rows: figures({ ...counted, lastSeq: Math.max(counted.lastSeq, gauge.lastSeq) }),
    }
  }
}
