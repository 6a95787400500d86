import type { Logger } from 'pino'
import type { AdminKey } from './admin/admin-keys.ts'
import type { KeyUses } from './admin/key-uses.ts'
import type { Alerts } from './alerts/alerts.ts'
import type { Checkpoints } from './audit/start-checkpoints.ts'
import type { UnauthorizedCount } from './audit/unauthorized-count.ts'
import type { Vault } from './ledger/vault.ts'
import type { Activity } from './metrics/activity.ts'
import type { Custody } from './receive.ts'
import type { Replays } from './replay/start-replays.ts'
import type { Rotation } from './setup/rotation.ts'
import type { Live } from './setup/setup.ts'
import type { CaptureWindows } from './source/capture-windows.ts'
import type { RejectedLog } from './source/rejected-log.ts'
import type { SecretLog } from './source/secret-log.ts'
import type { Store } from './store/store.ts'
import type { Revocation, RevocationAnswer } from './store/tokens.ts'
import type { Circuit } from './worker/circuit.ts'

/** What the HTTP edge works with: the one decorator of the application. */
export interface Bridge {
  log: Logger
  live: Live
  store: Store
  custody: Custody
  rejected: RejectedLog
  /** What this process did: for metrics and stats. */
  activity: Activity
  alerts: Alerts
  /** The secrets that are sealed in the store. */
  vault: Vault
  /** What goes on with replays. */
  replays: Replays
  /** Where a person is having the secret of a sender taken over. */
  captures: CaptureWindows
  /** Loads configuration and mappings again; false where they did not come into force. */
  reload: (reason: string) => Promise<boolean>
  /** When each secret last proved a delivery. */
  secretLog: SecretLog
  /** Reads the token of an integration anew, tries it, and puts it in force. */
  rotateToken: (integration: string, actor: string) => Promise<Rotation>
  /** Stops a token for good: what is under way with it is ended when this has answered. */
  revokeToken: (revocation: Revocation) => Promise<RevocationAnswer>
  /** Something was resumed: there may be jobs to claim. */
  wakeWorker: () => void
  /** Whether an integration has stopped sending by itself. */
  readCircuit: (integration: string) => Circuit
  /** Signs the audit. */
  checkpoints: Checkpoints
  /** Requests to `/api` without a key of it, and of people without a role. */
  unauthorized: UnauthorizedCount
  /** Who may use `/api` now; empty = nobody. */
  adminKeys: () => readonly AdminKey[]
  /** When each admin key was last used. */
  keyUses: KeyUses
  /** True once shutting down has begun: kept-alive sockets get 503. */
  closing: boolean
}
