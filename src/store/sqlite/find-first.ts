import type { StoreContext } from './context.ts'

const INSTANT = { event: 'received_at', job: 'created_at', audit_entry: 'at' } as const

/**
 * Finds the first row at or after an instant, by halving: rows are in the order of custody, nearly that of their instants.
 * Gives `lastSeq` + 1 where there is none.
 */
export function prepareFindFirst(
  db: StoreContext['db'],
  table: keyof typeof INSTANT,
): (sinceAt: number, lastSeq: number) => number {
  const next = db.prepare<[number], { seq: number; at: number }>(
    `select seq, ${INSTANT[table]} as at from ${table} where seq >= ? order by seq limit 1`,
  )
  return (sinceAt, lastSeq) => {
    let low = 1
    let high = lastSeq + 1
    while (low < high) {
      const middle = Math.floor((low + high) / 2)
      const row = next.get(middle)
      if (row === undefined || row.at >= sinceAt) high = middle
      else low = row.seq + 1
    }
    return low
  }
}
