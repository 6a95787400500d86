import type { Logger } from 'pino'
import type { Agents } from '../execute/agents.ts'
import type { Activity } from '../metrics/activity.ts'
import type { Live } from '../setup/setup.ts'
import type { Store } from '../store/store.ts'
import type { Circuits } from './circuits.ts'
import type { Gates } from './gates.ts'

/** What working on a job needs; time and randomness are given, so that tests can hold them still. */
export interface WorkContext {
  bootId: string
  live: Live
  store: Store
  agents: Agents
  gates: Gates
  circuits: Circuits
  log: Logger
  /** Where it is noted what was done. */
  activity: Pick<Activity, 'attempted' | 'jobMoved'>
  now: () => number
  random: () => number
  sleep: (ms: number) => Promise<void>
  stopping: () => boolean
  /** The state of a token may have changed: the ledger is to be read again. */
  onGateChange: () => void
}
