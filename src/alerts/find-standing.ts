import type { Config } from '../config/load-config.ts'
import { fingerprintToken } from '../ledger/fingerprint.ts'
import type { IntegrationState } from '../store/tokens.ts'
import type { Raised } from './alerts.ts'

/** Times `limits.diskFreeBytes` below which the disk is told of: while there is still something to be done. */
const DISK_MARKS = 2

/** What is looked at, all of one moment. */
export interface Scene {
  config: Config
  ledger: readonly IntegrationState[]
  openJobs: number
  /** Null where the system does not say. */
  diskFreeBytes: number | null
  /** Problems of the files that did not come into force. */
  problems: number
}

/** Finds trouble that stands, rather than happens: it is told once, and again where it still stands a day later. Pure. */
export function findStanding({ config, ledger, openJobs, diskFreeBytes, problems }: Scene, now: number): Raised[] {
  const found = [...config.integrations.values()].flatMap(({ name, token, rotateAfterMs }) => {
    const fingerprint = fingerprintToken(token)
    const state = ledger.find(line => line.integration === name && line.token === fingerprint)
    return state === undefined ? [] : findInToken(name, state, rotateAfterMs, now)
  })
  const mark = config.alerts?.backlogJobsMark ?? Number.POSITIVE_INFINITY
  if (openJobs > mark)
    found.push({
      kind: 'backlog',
      key: '',
      what: `${openJobs} jobs are open, more than alerts.backlogJobs (${mark})`,
      where: 'jobs',
      path: '/api/stats',
    })
  const { diskFreeMinBytes } = config.limits
  if (diskFreeBytes !== null && diskFreeBytes < DISK_MARKS * diskFreeMinBytes)
    found.push({
      kind: 'disk_low',
      key: '',
      what: `${diskFreeBytes} bytes are free on the disk; below limits.diskFreeBytes (${diskFreeMinBytes}) nothing is recorded`,
      where: 'store',
      path: '/health/ready',
    })
  if (problems > 0)
    found.push({
      kind: 'reload_failed',
      key: '',
      what: `The changed files are not valid (${problems === 1 ? '1 problem' : `${problems} problems`}); the last good ones stay in force`,
      where: 'bridge.json and mappings',
      path: '/health/ready',
    })
  return found
}

function findInToken(
  name: string,
  { token, state, firstSeenAt }: IntegrationState,
  rotateAfterMs: number | null,
  now: number,
): Raised[] {
  const about = { where: `integration "${name}"`, path: '/api/integrations' }
  const found: Raised[] = []
  if (state === 'refused' || state === 'held') {
    const why = state === 'refused' ? 'is refused by the API (401)' : 'was forbidden five times in a row (403)'
    found.push({ kind: 'token_refused', key: name, what: `The token ${token} ${why}; its jobs wait`, ...about })
  }
  if (rotateAfterMs !== null && firstSeenAt + rotateAfterMs <= now)
    found.push({ kind: 'rotation_due', key: name, what: `The token ${token} is older than rotateAfter`, ...about })
  return found
}
