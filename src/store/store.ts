import type { SignedCheckpoint } from '../audit/checkpoint.ts'
import type { ChainedRow } from '../audit/hash-entry.ts'
import type { AlertEnd, RecordedAlerts, WaitingAlert } from './alerts.ts'
import type { FinishAttempt, Intent, IntentAnswer } from './attempts.ts'
import type {
  AuditExportPage,
  AuditExportQuery,
  AuditHead,
  AuditPage,
  AuditPruned,
  AuditQuery,
  NewAuditEntry,
} from './audit.ts'
import type { BackupFacts, BackupRequest } from './backup.ts'
import type { StoreExam, StoreInspection } from './exam.ts'
import type { JobAct, JobActAnswer, JobReplan, JobRetry, JobSettlement } from './job-acts.ts'
import type {
  Claim,
  ClaimedJob,
  ExpiredJob,
  Expiry,
  FinishAnswer,
  FinishJob,
  JobState,
  Recovered,
  Recovery,
} from './jobs.ts'
import type { Pause, PauseAnswer, PauseRequest, ResumeRequest } from './pauses.ts'
import type { NewEvent, Recorded, RecordedEvent, RejectedAcceptance, RejectedBatch } from './receipts.ts'
import type {
  Replay,
  ReplayablePage,
  ReplayableQuery,
  ReplayEnd,
  ReplayEndAnswer,
  ReplayForecast,
  ReplaySkip,
  ReplayStart,
  ReplayStartAnswer,
  ReplayStep,
  ReplayStepAnswer,
} from './replays.ts'
import type {
  EventDetail,
  EventPage,
  EventQuery,
  EventResult,
  HistoryPage,
  HistoryQuery,
  JobPage,
  JobQuery,
  JobReport,
  KeysQuery,
  RejectedCounts,
  RejectedDetail,
  RejectedPage,
  RejectedQuery,
} from './reports.ts'
import type { Routes, RoutesRecorded } from './routes.ts'
import type {
  Resealing,
  SealAnswer,
  SealedSecret,
  SecretDeletion,
  SecretLine,
  SecretSealing,
} from './sealed-secrets.ts'
import type {
  IntegrationState,
  ProbeResult,
  Revocation,
  RevocationAnswer,
  SecretUse,
  TokenRegistration,
  TokenWrites,
} from './tokens.ts'
import type { Backlog, BacklogQuery, JobShares, Pruned, PruneRequest, StoreHealth } from './upkeep.ts'

/**
 * What the bridge asks of its database: one method is one transaction, named by what the domain does.
 * Every method is asynchronous, so that PostgreSQL can stand beside SQLite; instants are epoch milliseconds,
 * `…Seq` numbers order rows and never repeat. A refusal to write is `BridgeError('store_unavailable')`.
 */
export interface Store {
  /** Names the database across restores; part of every id. */
  readonly epoch: number

  recordEvent(event: NewEvent): Promise<Recorded>
  recordRejected(batch: RejectedBatch): Promise<void>
  /** Records the event of a refused delivery and removes that, in one; null where it is there no more. */
  acceptRejected(acceptance: RejectedAcceptance): Promise<Recorded | null>
  listRejected(query: RejectedQuery): Promise<RejectedPage>
  countRejected(query: Omit<RejectedQuery, 'beforeSeq' | 'limit'>): Promise<RejectedCounts>
  readRejected(id: string): Promise<RejectedDetail | null>

  takeRecorded(query: { afterSeq: number; limit: number }): Promise<RecordedEvent[]>
  recordRoutes(routes: Routes): Promise<RoutesRecorded>

  claimJobs(claim: Claim): Promise<ClaimedJob[]>
  recordIntent(intent: Intent): Promise<IntentAnswer>
  finishAttempt(finish: FinishAttempt): Promise<FinishAnswer>
  finishJob(finish: FinishJob): Promise<FinishAnswer>
  extendLeases(lease: { bootId: string; jobSeqs: readonly number[]; leaseExpiresAt: number }): Promise<number[]>
  recoverJobs(recovery: Recovery): Promise<Recovered>
  expireJobs(expiry: Expiry): Promise<ExpiredJob[]>

  registerTokens(registration: TokenRegistration): Promise<void>
  recordProbe(probe: ProbeResult): Promise<void>
  readIntegrations(): Promise<IntegrationState[]>
  readTokenWrites(): Promise<TokenWrites[]>
  revokeToken(revocation: Revocation): Promise<RevocationAnswer>
  pause(request: PauseRequest): Promise<PauseAnswer>
  resume(request: ResumeRequest): Promise<PauseAnswer>
  readPauses(): Promise<Pause[]>
  recordSecretUses(uses: readonly SecretUse[]): Promise<void>
  readSecretUses(): Promise<SecretUse[]>

  readBacklog(): Promise<Backlog>
  countBacklog(query: BacklogQuery): Promise<JobShares>
  readEvent(eventId: string): Promise<EventDetail | null>
  readOutcome(eventId: string): Promise<EventResult | null>
  findKeys(query: KeysQuery): Promise<string[]>
  readHistory(query: HistoryQuery): Promise<HistoryPage>
  listEvents(query: EventQuery): Promise<EventPage>
  listJobs(query: JobQuery): Promise<JobPage>
  readJob(jobId: string): Promise<JobReport | null>
  /** Open and dead jobs by state; a state without one is left out. */
  countJobs(): Promise<Partial<Record<JobState, number>>>
  retryJob(retry: JobRetry): Promise<JobActAnswer>
  replanJob(replan: JobReplan): Promise<JobActAnswer>
  discardJob(discard: JobAct): Promise<JobActAnswer>
  settleJob(settlement: JobSettlement): Promise<JobActAnswer>
  /** What a replay would take, or acts on many jobs are about, oldest first. */
  listReplayable(query: ReplayableQuery): Promise<ReplayablePage>
  forecastReplay(forecast: ReplayForecast): Promise<{ skips: (ReplaySkip | null)[] }>
  startReplay(start: ReplayStart): Promise<ReplayStartAnswer>
  recordReplay(step: ReplayStep): Promise<ReplayStepAnswer>
  endReplay(end: ReplayEnd): Promise<ReplayEndAnswer>
  readReplay(replayId: string): Promise<Replay | null>
  listReplays(): Promise<Replay[]>
  /** The one that is under way. */
  readRunningReplay(): Promise<Replay | null>
  /** Accounts for what is done outside the store; what the store does itself is accounted for with it. */
  recordAudit(entries: readonly NewAuditEntry[]): Promise<void>
  sealSecret(sealing: SecretSealing): Promise<SealAnswer>
  listSecrets(): Promise<SecretLine[]>
  /** With what is sealed, to be opened. */
  readSecrets(): Promise<SealedSecret[]>
  deleteSecret(deletion: SecretDeletion): Promise<boolean>
  /** False where a secret was set or deleted meanwhile. */
  resealSecrets(resealing: Resealing): Promise<boolean>
  listAudit(query: AuditQuery): Promise<AuditPage>
  exportAudit(query: AuditExportQuery): Promise<AuditExportPage>
  /** Rows as they are hashed, oldest first: all that `verifyAudit` needs, with `readCheckpoints`. */
  readAuditRows(query: { afterSeq: number; limit: number }): Promise<ChainedRow[]>
  /** `every`: the interval of checkpoints, in rows. */
  readAuditHead(query: { every: number; dueMax: number }): Promise<AuditHead>
  readCheckpoints(query: { afterSeq: number; limit: number }): Promise<SignedCheckpoint[]>
  recordCheckpoints(checkpoints: readonly SignedCheckpoint[]): Promise<void>
  /** Removes the oldest segment between two checkpoints, if all of it is older than that. */
  pruneAudit(request: { now: number; auditMs: number }): Promise<AuditPruned>
  keepAdminKey(key: { hash: string; now: number }): Promise<{ hash: string }>
  /** Says that admin keys were used, by the start of their SHA-256. */
  noteKeyUse(use: { fingerprint: string; now: number }): Promise<void>
  listKeyUses(): Promise<{ fingerprint: string; usedAt: number }[]>
  /** Records an alert before its first try, or when it is tried next; false where `WAITING_ALERTS_MAX` wait. */
  recordAlert(alert: WaitingAlert): Promise<boolean>
  /** The alert was delivered or given up. */
  endAlert(end: AlertEnd): Promise<void>
  readAlerts(): Promise<RecordedAlerts>
  probe(now: number): Promise<StoreHealth>
  prune(request: PruneRequest): Promise<Pruned>
  /** Writes a verified copy of the database as it is now; deliveries go on meanwhile. */
  backUp(request: BackupRequest): Promise<BackupFacts>
  /** How the database is set, and whether its counts are right. */
  inspect(): Promise<StoreInspection>
  /** Looks for what contradicts itself in the database: seconds for a large one; deliveries go on meanwhile. */
  examine(signal: AbortSignal): Promise<StoreExam>
  close(): Promise<void>
}
