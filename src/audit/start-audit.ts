import type { Logger } from 'pino'
import { complain } from '../complain.ts'
import type { Config } from '../config/load-config.ts'
import type { SecretBook } from '../log.ts'
import { BRIDGE_ACTOR } from '../store/audit.ts'
import type { Store } from '../store/store.ts'
import { anchorsFileOf } from './anchors.ts'
import { type AuditKey, parseAuditKey, readAuditKeyFile } from './audit-key.ts'
import { type Checkpoints, startCheckpoints } from './start-checkpoints.ts'

/** Opens the account of this process: its first row, and what signs it. */
export async function startAudit(
  store: Store,
  config: Config,
  detail: Record<string, unknown>,
  secrets: SecretBook,
  log: Logger,
): Promise<Checkpoints> {
  await store.recordAudit([{ at: Date.now(), actor: BRIDGE_ACTOR, action: 'service.started', detail }])
  const anchorsFile = anchorsFileOf(config.storeFile)
  return startCheckpoints({ store, key: openAuditKey(config, secrets), anchorsFile, log, now: Date.now })
}

function openAuditKey({ auditKey, storeFile }: Config, secrets: SecretBook): AuditKey {
  if (auditKey === null) return readAuditKeyFile(`${storeFile}.audit-key`)
  secrets.values = [...secrets.values, auditKey]
  return parseAuditKey(auditKey)!
}

/** Closes it: the last row, and a checkpoint after it. */
export async function stopAudit(store: Store, checkpoints: Checkpoints, bootId: string, log: Logger): Promise<void> {
  const entry = { at: Date.now(), actor: BRIDGE_ACTOR, action: 'service.stopped', detail: { bootId } } as const
  await store.recordAudit([entry]).catch(complain(log, 'the stop could not be accounted for'))
  await checkpoints.stop()
}
