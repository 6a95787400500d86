import type { Bridge } from '../bridge.ts'
import type { AdminRole } from '../config/read-admin.ts'
import { adminActor } from '../store/audit.ts'

/** What of a request is accounted for. */
export interface AuditedRequest {
  method: string
  admin: { name: string; role: AdminRole } | null
  routeOptions: { url?: string | undefined; config: { isAudited?: boolean } }
  params: unknown
}

/**
 * Accounts for a request to `/api` before its answer leaves: whatever may change something, what gives out payloads or the
 * audit, and what the role of a key does not allow. What was done is accounted for by who did it, in one transaction with
 * it; so a request that cannot be written down here is answered all the same, but for one that gives something out.
 */
export async function auditRequest(
  { store, log }: Pick<Bridge, 'store' | 'log'>,
  { method, admin, routeOptions, params }: AuditedRequest,
  status: number,
): Promise<void> {
  if (admin === null) return
  const changes = method !== 'GET' && method !== 'HEAD'
  const isAudited = routeOptions.config.isAudited === true
  if (!changes && !isAudited && status !== 403) return
  const entry = {
    at: Date.now(),
    actor: adminActor(admin.name),
    action: status >= 400 ? 'admin.refused' : 'admin.requested',
    target: `${method} ${routeOptions.url ?? ''}`,
    detail: { role: admin.role, status, ...(params as Record<string, string>) },
  } as const
  try {
    await store.recordAudit([entry])
  } catch (error) {
    if (isAudited && status < 400) throw error
    log.error({ err: error, target: entry.target }, 'a request could not be accounted for')
  }
}
