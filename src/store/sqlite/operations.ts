import type { Store } from '../store.ts'
import { acceptRejected } from './accept-rejected.ts'
import { endAlert, readAlerts, recordAlert } from './alerts.ts'
import { claimJobs } from './claim-jobs.ts'
import type { StoreContext } from './context.ts'
import { countBacklog } from './count-backlog.ts'
import { countJobs } from './count-jobs.ts'
import { countRejected } from './count-rejected.ts'
import { deleteSecret } from './delete-secret.ts'
import { discardJob } from './discard-job.ts'
import { endReplay } from './end-replay.ts'
import { expireJobs } from './expire-jobs.ts'
import { exportAudit } from './export-audit.ts'
import { extendLeases } from './extend-leases.ts'
import { findKeys } from './find-keys.ts'
import { finishAttempt } from './finish-attempt.ts'
import { finishJob } from './finish-job.ts'
import { inspect } from './inspect.ts'
import { keepAdminKey } from './keep-admin-key.ts'
import { listKeyUses, noteKeyUse } from './key-uses.ts'
import { listAudit } from './list-audit.ts'
import { listEvents } from './list-events.ts'
import { listJobs } from './list-jobs.ts'
import { listRejected } from './list-rejected.ts'
import { listReplayable } from './list-replayable.ts'
import { listSecrets } from './list-secrets.ts'
import { pause, readPauses, resume } from './pauses.ts'
import { probe } from './probe.ts'
import { prune } from './prune.ts'
import { pruneAudit } from './prune-audit.ts'
import { readAuditRows, readCheckpoints } from './read-audit-chain.ts'
import { readAuditHead } from './read-audit-head.ts'
import { readBacklog } from './read-backlog.ts'
import { readEvent } from './read-event.ts'
import { readHistory } from './read-history.ts'
import { readIntegrations } from './read-integrations.ts'
import { readJob } from './read-job.ts'
import { readOutcome } from './read-outcome.ts'
import { readRejected } from './read-rejected.ts'
import { listReplays, readReplay, readRunningReplay } from './read-replay.ts'
import { readSecrets } from './read-secrets.ts'
import { recordAudit } from './record-audit.ts'
import { recordCheckpoints } from './record-checkpoints.ts'
import { recordEvent } from './record-event.ts'
import { recordIntent } from './record-intent.ts'
import { recordProbe } from './record-probe.ts'
import { recordRejected } from './record-rejected.ts'
import { forecastReplay, recordReplay } from './record-replay.ts'
import { recordRoutes } from './record-routes.ts'
import { recoverJobs } from './recover-jobs.ts'
import { registerTokens } from './register-tokens.ts'
import { replanJob } from './replan-job.ts'
import { resealSecrets } from './reseal-secrets.ts'
import { retryJob } from './retry-job.ts'
import { revokeToken } from './revoke-token.ts'
import { sealSecret } from './seal-secret.ts'
import { readSecretUses, recordSecretUses } from './secret-uses.ts'
import { settleJob } from './settle-job.ts'
import { startReplay } from './start-replay.ts'
import { takeRecorded } from './take-recorded.ts'
import { readTokenWrites } from './token-writes.ts'

/** The methods of the store that the database answers. */
export type StoreMethod = Exclude<keyof Store, 'epoch' | 'backUp' | 'examine' | 'close'>
/** What a method is given and gives, without the promise. */
export type Ask<M extends StoreMethod> = Parameters<Store[M]>[0]
export type Answer<M extends StoreMethod> = Awaited<ReturnType<Store[M]>>
export type Operations = { [M in StoreMethod]: (ask: Ask<M>) => Answer<M> }

/** Methods that only read: answered at once, outside the group's transaction. */
export const READS: ReadonlySet<StoreMethod> = new Set([
  'takeRecorded',
  'readBacklog',
  'countBacklog',
  'readEvent',
  'readOutcome',
  'findKeys',
  'readHistory',
  'readIntegrations',
  'readTokenWrites',
  'readPauses',
  'readSecretUses',
  'listEvents',
  'listJobs',
  'readJob',
  'countJobs',
  'listRejected',
  'countRejected',
  'readRejected',
  'listSecrets',
  'readSecrets',
  'listAudit',
  'exportAudit',
  'readAuditRows',
  'readAuditHead',
  'readCheckpoints',
  'inspect',
  'listKeyUses',
  'readAlerts',
  'listReplayable',
  'forecastReplay',
  'readReplay',
  'listReplays',
  'readRunningReplay',
])

/** Prepares every method on one open database. */
export function prepareOperations(context: StoreContext): Operations {
  return {
    recordAudit: recordAudit(context),
    listAudit: listAudit(context),
    exportAudit: exportAudit(context),
    readAuditRows: readAuditRows(context.db),
    readAuditHead: readAuditHead(context),
    readCheckpoints: readCheckpoints(context.db),
    recordCheckpoints: recordCheckpoints(context),
    pruneAudit: pruneAudit(context),
    recordEvent: recordEvent(context),
    recordRejected: recordRejected(context),
    acceptRejected: acceptRejected(context),
    listRejected: listRejected(context),
    countRejected: countRejected(context),
    readRejected: readRejected(context),
    takeRecorded: takeRecorded(context),
    recordRoutes: recordRoutes(context),
    claimJobs: claimJobs(context),
    recordIntent: recordIntent(context),
    finishAttempt: finishAttempt(context),
    finishJob: finishJob(context),
    extendLeases: extendLeases(context),
    recoverJobs: recoverJobs(context),
    expireJobs: expireJobs(context),
    registerTokens: registerTokens(context),
    recordProbe: recordProbe(context),
    readIntegrations: readIntegrations(context),
    readTokenWrites: readTokenWrites(context),
    revokeToken: revokeToken(context),
    pause: pause(context),
    resume: resume(context),
    readPauses: readPauses(context),
    recordSecretUses: recordSecretUses(context),
    readSecretUses: readSecretUses(context),
    readBacklog: readBacklog(context),
    countBacklog: countBacklog(context),
    readEvent: readEvent(context),
    readOutcome: readOutcome(context),
    findKeys: findKeys(context),
    readHistory: readHistory(context),
    listEvents: listEvents(context),
    listJobs: listJobs(context),
    readJob: readJob(context),
    countJobs: countJobs(context),
    inspect: inspect(context),
    retryJob: retryJob(context),
    replanJob: replanJob(context),
    discardJob: discardJob(context),
    settleJob: settleJob(context),
    listReplayable: listReplayable(context),
    forecastReplay: forecastReplay(context),
    startReplay: startReplay(context),
    recordReplay: recordReplay(context),
    endReplay: endReplay(context),
    readReplay: readReplay(context),
    listReplays: listReplays(context),
    readRunningReplay: readRunningReplay(context),
    sealSecret: sealSecret(context),
    listSecrets: listSecrets(context),
    readSecrets: readSecrets(context),
    deleteSecret: deleteSecret(context),
    resealSecrets: resealSecrets(context),
    keepAdminKey: keepAdminKey(context),
    noteKeyUse: noteKeyUse(context),
    listKeyUses: listKeyUses(context),
    recordAlert: recordAlert(context),
    endAlert: endAlert(context),
    readAlerts: readAlerts(context),
    probe: probe(context),
    prune: prune(context),
  }
}
