import type { NewAuditEntry } from '../store/audit.ts'
import type { Store } from '../store/store.ts'
import type { AlertKind } from './alert-kinds.ts'
import type { Alerts } from './alerts.ts'

/** What is accounted for and is to be told too. */
const ALERTING: Readonly<Record<string, { kind: AlertKind; what: string }>> = {
  'circuit.opened': { kind: 'circuit_opened', what: 'The API fails too often: the circuit of the integration is open' },
  'audit.anchor_failed': { kind: 'audit_anchor_failed', what: 'A checkpoint of the audit could not be anchored' },
}

/** The same store, whose account is listened to: who accounts for trouble need not tell of it a second time. */
export function watchAudit(store: Store, alerts: Pick<Alerts, 'raise'>): Store {
  return {
    ...store,
    recordAudit: async entries => {
      // first: what could not be accounted for is trouble all the same
      for (const entry of entries) tell(entry, alerts)
      await store.recordAudit(entries)
    },
  }
}

function tell({ action, integration, target }: NewAuditEntry, alerts: Pick<Alerts, 'raise'>): void {
  const alerting = ALERTING[action]
  if (alerting === undefined) return
  const { kind, what } = alerting
  const where = integration === undefined ? (target ?? 'audit') : `integration "${integration}"`
  const path = integration === undefined ? '/api/audit' : '/api/integrations'
  alerts.raise({ kind, key: integration ?? target ?? '', what, where, path })
}
