import { statfs } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { Activity, Fall } from '../metrics/activity.ts'
import type { Live } from '../setup/setup.ts'
import { ALERT_AGE_MAX_MS } from '../store/alerts.ts'
import type { Store } from '../store/store.ts'
import type { BacklogShare, JobShares } from '../store/upkeep.ts'
import type { AlertKind } from './alert-kinds.ts'
import { type Alerts, nameOf, type Raised } from './alerts.ts'
import { findStanding } from './find-standing.ts'

/** Jobs of each state that are looked at: read within 10 ms where there are millions. */
const ROWS_MAX = 2_000
/** What still stands after this is told again: as long as what was told is remembered. */
const STANDING_AGAIN_MS = ALERT_AGE_MAX_MS
/** States in which a job stays until a person acts. One in doubt is running whenever it is asked for: the worker counts those. */
const STAYING = ['dead', 'held'] as const
const KINDS: Readonly<Record<Fall['state'], AlertKind>> = {
  dead: 'dead_letter',
  held: 'held',
  in_doubt: 'in_doubt',
}

export interface LookOptions {
  store: Pick<Store, 'countBacklog' | 'readBacklog' | 'readIntegrations'>
  live: Live
  activity: Activity
  alerts: Pick<Alerts, 'raise'>
  /** When an earlier process told of what may still stand, by `nameOf`. */
  told?: ReadonlyMap<string, number>
  now: () => number
}

/** How many there were at the last look, by what they are of. */
type Counts = ReadonlyMap<string, number>

/**
 * Makes the look that compares what is with what was, and tells of what has become worse. The first one only sees how
 * things are. What a look could miss (a job that dies while another one is retried) the worker has counted.
 */
export function createLook({ store, live, activity, alerts, told, now }: LookOptions): () => Promise<void> {
  let isFirst = true
  let jobs: Counts = new Map()
  /** States of which the last look saw every job. */
  let wasWhole: ReadonlySet<string> = new Set()
  let falls: Counts = new Map()
  let conflicts: Counts = new Map()
  let quarantined = 0
  const standing = new Map(told)

  const tellOfJobs = ({ shares, cut }: JobShares): void => {
    // of more than are looked at, others come into view when some go: that is no news
    const whole = shares.filter(({ state }) => !cut.includes(state))
    const wholeNow = new Set(STAYING.filter(state => !cut.includes(state)))
    const seen = new Map(whole.map(share => [keyOf(share), share.count]))
    const fallen = new Map([...activity.falls].map(([key, { count }]) => [key, count]))
    if (!isFirst)
      for (const key of new Set([...seen.keys(), ...fallen.keys()])) {
        const risen = wasWhole.has(stateOf(key)) ? (seen.get(key) ?? 0) - (jobs.get(key) ?? 0) : 0
        const fell = (fallen.get(key) ?? 0) - (falls.get(key) ?? 0)
        if (Math.max(risen, fell) > 0)
          alerts.raise(describeJobs(key, Math.max(risen, fell), fell > 0 ? activity.falls.get(key)! : null))
      }
    jobs = seen
    wasWhole = wholeNow
    falls = fallen
  }
  const tellOfEvents = (): void => {
    const seen = new Map([...activity.sources].map(([name, { counts }]) => [name, counts.get('id_conflict') ?? 0]))
    for (const [source, count] of seen) {
      const more = count - (conflicts.get(source) ?? 0)
      if (more > 0 && !isFirst) alerts.raise(describeConflicts(source, more))
    }
    conflicts = seen
    const more = activity.quarantined - quarantined
    if (more > 0 && !isFirst) alerts.raise(describeQuarantined(more))
    quarantined = activity.quarantined
  }
  const tellOfStanding = (found: readonly Raised[], at: number): void => {
    const still = new Set(found.map(nameOf))
    for (const known of standing.keys()) if (!still.has(known)) standing.delete(known)
    for (const raised of found) {
      const name = nameOf(raised)
      const toldAt = standing.get(name)
      if (toldAt !== undefined && at - toldAt < STANDING_AGAIN_MS) continue
      standing.set(name, at)
      alerts.raise(raised)
    }
  }
  return async () => {
    const { config } = live.setup
    const [shares, { openJobs }, ledger, diskFreeBytes] = await Promise.all([
      store.countBacklog({ states: STAYING, rowsMax: ROWS_MAX }),
      store.readBacklog(),
      store.readIntegrations(),
      readDiskFree(config.storeFile),
    ])
    tellOfJobs(shares)
    tellOfEvents()
    const problems = live.problems.length
    tellOfStanding(findStanding({ config, ledger, openJobs, diskFreeBytes, problems }, now()), now())
    isFirst = false
  }
}

function keyOf({ state, mapping, integration }: Pick<BacklogShare, 'state' | 'mapping' | 'integration'>): string {
  return `${state}\n${mapping}\n${integration}`
}

function stateOf(key: string): string {
  return key.slice(0, key.indexOf('\n'))
}

const WORDS: Readonly<Record<Fall['state'], string>> = {
  dead: 'dead',
  held: 'held for a person',
  in_doubt: 'in doubt: a write was sent and no answer came',
}

function describeJobs(key: string, count: number, fall: Fall | null): Raised {
  const [state, mapping, integration] = key.split('\n') as [Fall['state'], string, string]
  const last = fall === null ? '' : ` (the last one ${fall.jobId}: ${fall.reason})`
  const list = `/api/jobs?state=${state}&mapping=${mapping}`
  return {
    kind: KINDS[state],
    key: `${mapping}\n${integration}`,
    what: `${count === 1 ? '1 job is' : `${count} jobs are`} ${WORDS[state]}${last}`,
    where: `mapping "${mapping}", integration "${integration}"`,
    path: fall !== null && count === 1 ? `/api/jobs/${fall.jobId}` : list,
    count,
  }
}

function describeConflicts(source: string, count: number): Raised {
  return {
    kind: 'dead_letter',
    key: `id_conflict\n${source}`,
    what: `${count} deliveries had the idempotency key of an event and another body (id_conflict)`,
    where: `source "${source}"`,
    path: `/api/events?outcome=id_conflict&source=${source}`,
    count,
  }
}

function describeQuarantined(count: number): Raised {
  return {
    kind: 'dead_letter',
    key: 'quarantined',
    what: `${count} events were quarantined: their payloads cannot be read`,
    where: 'events',
    path: '/api/events?outcome=quarantined',
    count,
  }
}

async function readDiskFree(storeFile: string): Promise<number | null> {
  try {
    const { bavail, bsize } = await statfs(dirname(storeFile))
    return bavail * bsize
  } catch {
    return null
  }
}
