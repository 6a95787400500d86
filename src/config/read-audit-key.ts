import { AUDIT_KEY_PATTERN } from '../audit/audit-key.ts'
import type { BridgeFile } from './bridge-schema.ts'
import type { ConfigFinding } from './problem.ts'
import { resolveSecret } from './resolve-secret.ts'

/** Reads `audit.key`; where it is left out, `BRIDGE_AUDIT_KEY` in the environment is the key. Null = neither is there. */
export function readAuditKey(
  { audit }: Pick<BridgeFile, 'audit'>,
  env: Readonly<Record<string, string | undefined>>,
  folder: string,
): { key: string | null; findings: ConfigFinding[] } {
  const reference = audit.key ?? (env.BRIDGE_AUDIT_KEY ? 'env:BRIDGE_AUDIT_KEY' : null)
  if (reference === null) return { key: null, findings: [] }
  const pointer = audit.key === undefined ? '/audit' : '/audit/key'
  const resolved = resolveSecret(reference, env, folder, false)
  if (!resolved.ok) return { key: null, findings: [{ pointer, expected: resolved.expected, found: resolved.found }] }
  if (!AUDIT_KEY_PATTERN.test(resolved.value))
    return {
      key: null,
      findings: [
        { pointer, expected: `32 bytes in base64url (43 characters) in ${reference}`, found: 'something else' },
      ],
    }
  return { key: resolved.value, findings: [] }
}
