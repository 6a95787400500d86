import type { JobState } from '../jobs.ts'
import type { Store } from '../store.ts'
import type { StoreContext } from './context.ts'
import { OPEN } from './job-states.ts'

/** Counts open and dead jobs by state, from index entries only. */
export function countJobs({ db }: StoreContext): () => Awaited<ReturnType<Store['countJobs']>> {
  const open = db.prepare<[], { state: JobState; count: number }>(
    `select state, count(*) as count from job where state in ${OPEN} group by state`,
  )
  const dead = db.prepare<[], number>(`select count(*) from job where state = 'dead'`).pluck()
  return () => {
    const counts: Partial<Record<JobState, number>> = {}
    for (const { state, count } of open.all()) counts[state] = count
    const died = dead.get()!
    return died === 0 ? counts : { ...counts, dead: died }
  }
}
