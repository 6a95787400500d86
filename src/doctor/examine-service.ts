import type { AuditVerdict } from '../audit/verify-audit.ts'
import type { Live } from '../setup/setup.ts'
import { askIssuer } from '../source/ask-issuer.ts'
import type { Store } from '../store/store.ts'
import { askDate } from './ask-date.ts'
import { type Check, failed, ok, warning } from './check.ts'
import { checkAudit } from './check-audit.ts'
import { checkClock } from './check-clock.ts'
import { checkDisk, checkPermissions } from './check-files.ts'
import { checkIssuer } from './check-issuer.ts'
import { checkContents, checkInvariants, checkPragmas, examFailed } from './check-store.ts'
import { checkLibraries, checkNode, readLibraries } from './check-versions.ts'
import { checkBacklog, checkStopped, checkTokens } from './check-work.ts'

export interface Examination {
  live: Live
  store: Store
  /** False where no service has the database open but this command. */
  isRunning: boolean
  /** Reads the audit from end to end. */
  verifyAudit: () => Promise<AuditVerdict>
  signal: AbortSignal
}

/** Looks at everything a service stands on: machine, files, database, setup, work. Changes nothing. */
export async function examineService({ live, store, isRunning, verifyAudit, signal }: Examination): Promise<Check[]> {
  const { config } = live.setup
  const [endpointNow, askedIssuer, inspection, verdict, exam] = await Promise.all([
    askDate(config.endpoint),
    config.oidc === null ? null : askIssuer(config.oidc),
    store.inspect(),
    verifyAudit(),
    store.examine(signal).catch((error: Error) => error),
  ])
  const [backlog, counts, ledger] = await Promise.all([
    store.readBacklog(),
    store.countJobs(),
    store.readIntegrations(),
  ])
  const now = Date.now()
  const newestEventAt = exam instanceof Error ? null : exam.newestEventAt
  return [
    checkNode(process.versions.node),
    checkLibraries(readLibraries(), inspection.sqliteVersion),
    checkPermissions(config.storeFile, config.envFile),
    checkDisk(config.storeFile, config.limits.diskFreeMinBytes),
    checkClock({ now, steadyNow: performance.timeOrigin + performance.now(), endpointNow, newestEventAt }),
    checkSetup(live),
    ...(config.oidc === null || askedIssuer === null ? [] : [checkIssuer(config.oidc, askedIssuer)]),
    checkPragmas(inspection),
    ...(exam instanceof Error
      ? [examFailed(exam.message)]
      : [...checkContents(exam), checkInvariants(exam, inspection, isRunning)]),
    checkAudit(verdict),
    checkBacklog(backlog, config.limits.backlogJobsMax, now),
    checkStopped(counts),
    checkTokens(ledger, config.integrations, now),
  ]
}

/** Are the files on disk those in force, and is there anything in them that works but should be seen? */
export function checkSetup({ setup, problems }: Live): Check {
  const { sources, mappings, warnings } = setup
  if (problems.length > 0)
    return failed('setup', `${problems.length} problems keep the files from coming into force`, 'see check')
  const unsigned = [...sources.values()].filter(({ scheme }) => scheme.unsigned).map(({ name }) => `"${name}"`)
  if (unsigned.length > 0)
    return warning(
      'setup',
      `anybody who knows their URL can send to ${unsigned.join(', ')}`,
      'give these sources a scheme that signs',
    )
  if (warnings.length > 0) return warning('setup', `${warnings.length} warnings`, 'see check')
  return ok('setup', `${sources.size} sources and ${mappings.size} mappings are those on disk`)
}
