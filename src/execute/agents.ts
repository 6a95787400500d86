import { Agent } from 'undici'
import { fingerprintToken } from '../ledger/fingerprint.ts'

/** Longest time to establish a connection, TLS included. */
const CONNECT_TIMEOUT_MS = 10_000
/** An idle connection is closed after this, so that a write seldom meets one the server has just given up. */
const KEEP_ALIVE_MS = 4_000

/** One HTTP dispatcher per integration and token, so that connections, and what went over them, are never shared between tokens. */
export interface Agents {
  /** Of a revoked token: one that sends nothing. */
  get(integration: string, concurrencyMax: number, token: string): Agent
  /** Ends every request under way with a token, by its fingerprint, and lets none leave any more. */
  revoke(fingerprint: string): Promise<void>
  isRevoked(fingerprint: string): boolean
  close(): Promise<void>
}

interface Known {
  agent: Agent
  fingerprint: string
  connections: number
}

/** Makes the dispatchers on demand. */
export function createAgents(): Agents {
  const agents = new Map<string, Known>()
  const revoked = new Set<string>()
  return {
    get(integration, concurrencyMax, token) {
      const fingerprint = fingerprintToken(token)
      const name = `${integration} ${fingerprint}`
      const known = agents.get(name)
      // destroyed: whoever asked for it just before the word came gets no further either
      if (known !== undefined && (known.connections === concurrencyMax || revoked.has(fingerprint))) return known.agent
      if (known !== undefined) void known.agent.close()
      const agent = new Agent({
        connections: concurrencyMax,
        pipelining: 1,
        allowH2: false,
        connect: { timeout: CONNECT_TIMEOUT_MS },
        keepAliveTimeout: KEEP_ALIVE_MS,
        keepAliveMaxTimeout: KEEP_ALIVE_MS,
      })
      if (revoked.has(fingerprint)) void agent.destroy()
      agents.set(name, { agent, fingerprint, connections: concurrencyMax })
      return agent
    },
    async revoke(fingerprint) {
      revoked.add(fingerprint)
      const under = [...agents.values()].filter(known => known.fingerprint === fingerprint)
      await Promise.all(under.map(({ agent }) => agent.destroy()))
    },
    isRevoked: fingerprint => revoked.has(fingerprint),
    async close() {
      await Promise.all([...agents.values()].map(({ agent }) => agent.destroy()))
      agents.clear()
    },
  }
}
