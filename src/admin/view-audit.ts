import type { z } from 'zod'
import type { AuditVerdict } from '../audit/verify-audit.ts'
import type { AuditLine } from '../store/audit.ts'
import type { auditEntry, verdictAnswer } from './audit-answers.ts'

export type AuditEntryView = z.output<typeof auditEntry>

/** An audit entry as `/api` shows it. */
export function viewAuditLine({ at, detail, hash, payloadHash, ...line }: AuditLine): AuditEntryView {
  return {
    ...line,
    at: new Date(at).toISOString(),
    detail: detail === null ? null : parseDetail(detail),
    payloadHash,
    hash,
  }
}

/** What a verification came to, as `/api` shows it. */
export function viewVerdict(verdict: AuditVerdict): z.output<typeof verdictAnswer> {
  return {
    ...verdict,
    restores: verdict.restores.map(restore => ({ ...restore, at: new Date(restore.at).toISOString() })),
    keys: [...verdict.keys],
  }
}

/** Text where it is no JSON: somebody has changed it. */
function parseDetail(detail: string): unknown {
  try {
    return JSON.parse(detail)
  } catch {
    return detail
  }
}
