import type { BridgeFile } from './bridge-schema.ts'
import type { ConfigFinding } from './problem.ts'
import { resolveSecret } from './resolve-secret.ts'

/** What an admin key allows; each role may do what those before it may. */
export type AdminRole = 'viewer' | 'operator' | 'admin'

export interface AdminKeyConfig {
  name: string
  role: AdminRole
  /** The key itself. Never logged, stored or put into a message. */
  key: string
}

/** Name of the key that the environment alone gives. */
const ENV_KEY = 'env'

/**
 * Reads `admin.keys`. Where there are none, `BRIDGE_ADMIN_KEY` in the environment is one of the role `admin`
 * (interface.md 2); an empty variable is none.
 */
export function readAdminKeys(
  { admin }: Pick<BridgeFile, 'admin'>,
  env: Readonly<Record<string, string | undefined>>,
  folder: string,
): { keys: AdminKeyConfig[]; findings: ConfigFinding[] } {
  const keys: AdminKeyConfig[] = []
  const findings: ConfigFinding[] = []
  const listed = admin.keys.map(({ name, role, key }, index) => ({ name, role, key, pointer: `/admin/keys/${index}` }))
  const given = env.BRIDGE_ADMIN_KEY
    ? [{ name: ENV_KEY, role: 'admin' as const, key: 'env:BRIDGE_ADMIN_KEY', pointer: '/admin/keys' }]
    : []
  for (const { name, role, key, pointer } of listed.length > 0 ? listed : given) {
    const resolved = resolveSecret(key, env, folder, false)
    const at = pointer === '/admin/keys' ? pointer : `${pointer}/key`
    if (!resolved.ok) findings.push({ pointer: at, expected: resolved.expected, found: resolved.found })
    else if (!/^[\x21-\x7e]+$/.test(resolved.value))
      findings.push({ pointer: at, expected: `a key of visible ASCII characters in ${key}`, found: 'other characters' })
    else if (keys.some(other => other.name === name))
      findings.push({ pointer: `${pointer}/name`, expected: 'a name of its own', found: `"${name}" a second time` })
    else if (keys.some(other => other.key === resolved.value))
      findings.push({ pointer: at, expected: 'a key of its own', found: 'the key of another name' })
    else keys.push({ name, role, key: resolved.value })
  }
  return { keys, findings }
}
