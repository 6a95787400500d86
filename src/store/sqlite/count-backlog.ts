import type { BacklogQuery, BacklogShare, JobShares } from '../upkeep.ts'
import type { StoreContext } from './context.ts'
import { OPEN } from './job-states.ts'

type Row = Omit<BacklogShare, 'state'>

/**
 * Counts jobs of the asked states by mapping and integration. Of each state the first `rowsMax` are looked at, oldest first
 * (of dead jobs the newest), so that no delivery waits long for it however many there are.
 */
export function countBacklog({ db }: StoreContext): (query: BacklogQuery) => JobShares {
  // named indexes: ordered by seq and limited, SQLite would walk the whole table for the few jobs that are open
  const prepare = (state: BacklogShare['state']) =>
    db.prepare<[number], Row>(`
    select mapping, integration, count(*) as count, min(created_at) as oldestAt
    from (
      select mapping, integration, created_at
      from job indexed by ${state === 'dead' ? 'job_dead' : 'job_open'}
      where state = '${state}' ${state === 'dead' ? '' : `and state in ${OPEN}`}
      order by seq ${state === 'dead' ? 'desc' : 'asc'}
      limit ?)
    group by mapping, integration
    order by mapping, integration`)
  const statements = {
    queued: prepare('queued'),
    running: prepare('running'),
    in_doubt: prepare('in_doubt'),
    held: prepare('held'),
    dead: prepare('dead'),
  }
  return ({ states, rowsMax }) => {
    const shares: BacklogShare[] = []
    const cut: BacklogShare['state'][] = []
    for (const state of states) {
      const rows = statements[state].all(rowsMax)
      shares.push(...rows.map(row => ({ state, ...row })))
      if (rows.reduce((sum, { count }) => sum + count, 0) === rowsMax) cut.push(state)
    }
    return { shares, cut }
  }
}
