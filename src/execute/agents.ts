import { Agent } from 'undici'

/** Longest time to establish a connection, TLS included. */
const CONNECT_TIMEOUT_MS = 10_000
/** An idle connection is closed after this, so that a write seldom meets one the server has just given up. */
const KEEP_ALIVE_MS = 4_000

/** One HTTP dispatcher per integration, so that connections, and what went over them, are never shared between tokens. */
export interface Agents {
  get(integration: string, concurrencyMax: number): Agent
  close(): Promise<void>
}

/** Makes the dispatchers on demand. */
export function createAgents(): Agents {
  const agents = new Map<string, { agent: Agent; connections: number }>()
  return {
    get(integration, concurrencyMax) {
      const known = agents.get(integration)
      if (known?.connections === concurrencyMax) return known.agent
      if (known !== undefined) void known.agent.close()
      const agent = new Agent({
        connections: concurrencyMax,
        pipelining: 1,
        allowH2: false,
        connect: { timeout: CONNECT_TIMEOUT_MS },
        keepAliveTimeout: KEEP_ALIVE_MS,
        keepAliveMaxTimeout: KEEP_ALIVE_MS,
      })
      agents.set(integration, { agent, connections: concurrencyMax })
      return agent
    },
    async close() {
      await Promise.all([...agents.values()].map(({ agent }) => agent.destroy()))
      agents.clear()
    },
  }
}
