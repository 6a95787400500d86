import type { AuditVerdict } from '../audit/verify-audit.ts'
import { type Check, failed, ok } from './check.ts'

/** Is the account of what was done as it was written? */
export function checkAudit({ ok: isWhole, problem, rows, signedThroughSeq }: AuditVerdict): Check {
  if (problem !== null || !isWhole)
    return failed(
      'audit',
      problem?.message ?? 'it could not be read to its end',
      'see audit verify, and keep a copy of the database',
    )
  return ok('audit', `${rows} rows are as they were written, signed up to row ${signedThroughSeq}`)
}
