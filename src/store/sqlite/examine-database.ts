import { hash } from 'node:crypto'
import Database from 'better-sqlite3'
import type { StoreExam } from '../exam.ts'
import { createBodyBlocks } from './body-blocks.ts'
import { isSameBody, type KeptBody } from './is-same-body.ts'
import { OPEN } from './job-states.ts'

/** Events whose content is read back: the newest, and as many by chance among the others. */
const NEWEST_READ_MAX = 50
const CHANCE_READ_MAX = 50

interface ContentRow extends KeptBody {
  seq: number
  block: number
  offset: number
  headersBytes: number
}

/** Looks for what contradicts itself in a database, on a connection that cannot write; it blocks its thread. */
export function examineDatabase(file: string, random: () => number): StoreExam {
  const db = new Database(file, { readonly: true, fileMustExist: true })
  try {
    // all answers are about one instant
    db.exec('begin')
    const one = (sql: string): number => db.prepare<[], number>(sql).pluck().get()!
    return {
      integrity: db.pragma('quick_check(1)', { simple: true }) as string,
      jobsWithoutEvent: one(
        'select count(*) from job where not exists (select 1 from event where seq = job.event_seq)',
      ),
      keysWithoutHead: one(`
        select count(*)
        from (
          select 1
          from job
          where order_key is not null and delayed = 0 and state in ${OPEN}
          group by integration, order_key
          having sum(head) <> 1)`),
      strayHeads: one(`
        select count(*)
        from job
        where (state not in ${OPEN} or delayed = 1) and head = 1
          or state in ${OPEN} and delayed = 0 and order_key is null and head = 0`),
      strayAttempts: one(`
        select count(*)
        from attempt
        left join job on job.seq = attempt.job_seq
        where outcome is null and (job.state is not 'running' or job.lease_owner is not attempt.boot_id)`),
      leaseOwners: one(`select count(distinct lease_owner) from job where state = 'running'`),
      ...readContents(db, random),
      newestEventAt:
        db
          .prepare<[], number | null>(
            'select max(received_at) from (select received_at from event order by seq desc limit 100)',
          )
          .pluck()
          .get() ?? null,
    }
  } finally {
    db.close()
  }
}

function readContents(db: Database.Database, random: () => number): Pick<StoreExam, 'blocksRead' | 'unreadable'> {
  const blocks = createBodyBlocks(db)
  const select = db.prepare<[number, number], ContentRow>(`
    select seq, block, block_offset as offset, headers_bytes as headersBytes, body_bytes, body_hash, body_crc
    from event
    where seq <= ? and block is not null
    order by seq desc
    limit ?`)
  const last = db.prepare<[], number>('select coalesce(max(seq), 0) from event').pluck().get()!
  const rows = select.all(last, NEWEST_READ_MAX)
  for (let n = 0; n < CHANCE_READ_MAX; n++) rows.push(...select.all(Math.ceil(random() * last), 1))
  const unreadable = new Set<number>()
  for (const row of rows) if (!isReadable(row)) unreadable.add(row.seq)
  return { blocksRead: new Set(rows.map(({ block }) => block)).size, unreadable: [...unreadable].sort((a, b) => a - b) }

  function isReadable(row: ContentRow): boolean {
    try {
      const content = blocks.read({ ...row, bodyBytes: row.body_bytes })
      if (content === null) return false
      const bodyHash = hash('sha256', content.body, 'buffer')
      return isSameBody(row, content.body, bodyHash) && Array.isArray(JSON.parse(content.headers))
    } catch {
      return false
    }
  }
}
