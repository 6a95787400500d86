import type { Logger } from 'pino'
import type { AdminKey } from './admin/admin-keys.ts'
import type { Vault } from './ledger/vault.ts'
import type { Custody } from './receive.ts'
import type { Live } from './setup/setup.ts'
import type { CaptureWindows } from './source/capture-windows.ts'
import type { RejectedLog } from './source/rejected-log.ts'
import type { Store } from './store/store.ts'

/** What the HTTP edge works with: the one decorator of the application. */
export interface Bridge {
  log: Logger
  live: Live
  store: Store
  custody: Custody
  rejected: RejectedLog
  /** The secrets that are sealed in the store. */
  vault: Vault
  /** Where a person is having the secret of a sender taken over. */
  captures: CaptureWindows
  /** Loads configuration and mappings again; false where they did not come into force. */
  reload: (reason: string) => Promise<boolean>
  /** Who may use `/api` now; empty = nobody. */
  adminKeys: () => readonly AdminKey[]
  /** True once shutting down has begun: kept-alive sockets get 503. */
  closing: boolean
}
