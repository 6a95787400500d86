import type { Store } from '../store/store.ts'
import type { BacklogShare, BacklogState, JobShares } from '../store/upkeep.ts'

/** Jobs of each state that are counted by name: however many there are, no delivery waits for it longer than 25 ms. */
export const COUNTED_MAX = 5_000
const STATES: readonly BacklogState[] = ['queued', 'running', 'in_doubt', 'held', 'dead']

/** Reads what waits and what is dead, by mapping and integration. */
export function readShares(store: Pick<Store, 'countBacklog'>): Promise<JobShares> {
  return store.countBacklog({ states: STATES, rowsMax: COUNTED_MAX })
}

/** When the oldest open job was made; null where there is none. */
export function oldestOf(shares: readonly BacklogShare[]): number | null {
  const open = shares.filter(({ state }) => state !== 'dead')
  return open.length === 0 ? null : Math.min(...open.map(({ oldestAt }) => oldestAt))
}
