export type Role = 'Owner' | 'Editor' | 'Viewer'

export interface TokenInput {
  token: string
  role: Role
  name: string
}

export interface TokenRecord {
  name: string
  role: Role
  revoked: boolean
}

export const DEMO_TOKENS: readonly TokenInput[] = [
  { token: 'sandbox-owner-token-0001', role: 'Owner', name: 'owner' },
  { token: 'sandbox-editor-token-0001', role: 'Editor', name: 'editor' },
  { token: 'sandbox-viewer-token-0001', role: 'Viewer', name: 'viewer' },
]

/** What may be said about a token: anything but its value. */
export interface TokenChange {
  name: string
  token?: string | undefined
  role?: Role | undefined
  revoked?: boolean | undefined
}

export interface TokenBook {
  /** The token of an `Authorization` header, or null where it is absent, malformed, unknown or revoked. */
  find(authorization: string | undefined): TokenRecord | null
  /** Adds a token, or changes role or revocation of the one of that name; null where a new name comes without a token. */
  change(change: TokenChange): TokenRecord | null
  list(): TokenRecord[]
  reset(): void
}

/** Tokens with roles. Records are the same object for life, so a change is in force for the next request. */
export function createTokenBook(initial: readonly TokenInput[]): TokenBook {
  const byToken = new Map<string, TokenRecord>()
  const byName = new Map<string, TokenRecord>()

  function change({ name, token, role, revoked }: TokenChange): TokenRecord | null {
    let record = byName.get(name)
    if (record === undefined) {
      if (token === undefined) return null
      record = { name, role: role ?? 'Editor', revoked: false }
      byName.set(name, record)
    }
    if (token !== undefined) byToken.set(token, record)
    if (role !== undefined) record.role = role
    if (revoked !== undefined) record.revoked = revoked
    return record
  }

  function reset(): void {
    byToken.clear()
    byName.clear()
    for (const input of initial) change(input)
  }

  reset()
  return {
    find(authorization) {
      if (authorization === undefined || !/^bearer /i.test(authorization)) return null
      const record = byToken.get(authorization.slice('bearer '.length).trim())
      return record === undefined || record.revoked ? null : record
    },
    change,
    list: () => [...byName.values()].map(record => ({ ...record })),
    reset,
  }
}
