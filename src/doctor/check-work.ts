import type { IntegrationConfig } from '../config/read-integration.ts'
import { fingerprintToken } from '../ledger/fingerprint.ts'
import type { JobState } from '../store/jobs.ts'
import type { IntegrationState } from '../store/tokens.ts'
import type { Backlog } from '../store/upkeep.ts'
import { type Check, failed, ok, warning } from './check.ts'

/** Share of `limits.backlogJobs` from which on it should be seen: at all of it, deliveries are refused. */
const BACKLOG_SEEN = 0.8
/** Routing takes events within a second (semantics.md 2). */
const UNROUTED_LATE_MS = 60_000

/** How much waits, and since when? */
export function checkBacklog(backlog: Backlog, jobsMax: number, now: number): Check {
  const { openJobs, unroutedEvents, oldestUnroutedAt } = backlog
  const found = `${openJobs} open jobs of ${jobsMax} at most, ${unroutedEvents} events not yet routed`
  if (openJobs >= jobsMax) return failed('backlog', found, 'deliveries are refused: see jobs, and /health/ready')
  if (oldestUnroutedAt !== null && now - oldestUnroutedAt > UNROUTED_LATE_MS)
    return warning(
      'backlog',
      `${found}, the oldest of them for ${Math.round((now - oldestUnroutedAt) / 1_000)} s`,
      'see the log: routing does not keep up',
    )
  if (openJobs >= BACKLOG_SEEN * jobsMax)
    return warning('backlog', found, 'see integrations: a token may be refused, or a limit too low')
  return ok('backlog', found)
}

/** What goes on only when a person says so? */
export function checkStopped(counts: Partial<Record<JobState, number>>): Check {
  const { held = 0, in_doubt: inDoubt = 0, dead = 0 } = counts
  const found = `${held} jobs held, ${dead} dead, ${inDoubt} in doubt`
  return held + dead === 0 ? ok('stopped jobs', found) : warning('stopped jobs', found, 'see jobs --state held,dead')
}

/** Is every token in force accepted, and none of them too old? */
export function checkTokens(
  ledger: readonly IntegrationState[],
  integrations: ReadonlyMap<string, Pick<IntegrationConfig, 'token' | 'rotateAfterMs'>>,
  now: number,
): Check {
  const inForce = ledger.filter(({ integration, token }) => {
    const configured = integrations.get(integration)
    return configured !== undefined && fingerprintToken(configured.token) === token
  })
  const name = ({ integration, token }: IntegrationState): string => `"${integration}" (${token})`
  const stopped = inForce.filter(({ state }) => state !== 'active')
  if (stopped.length > 0) {
    const found = stopped.map(token => `${name(token)} ${token.state}`).join(', ')
    return failed('tokens', found, 'refused or revoked: put a new token in; held: give its user the role')
  }
  const due = inForce.filter(({ integration, firstSeenAt }) => {
    const rotateAfterMs = integrations.get(integration)?.rotateAfterMs ?? null
    return rotateAfterMs !== null && firstSeenAt + rotateAfterMs <= now
  })
  if (due.length > 0)
    return warning('tokens', `older than rotateAfter: ${due.map(name).join(', ')}`, 'see integrations rotate')
  return ok('tokens', `${integrations.size} integrations, none stopped`)
}
