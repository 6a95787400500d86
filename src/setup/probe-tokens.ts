import type { Config } from '../config/load-config.ts'
import type { IntegrationConfig } from '../config/read-integration.ts'
import type { Agents } from '../execute/agents.ts'
import { fingerprintToken } from '../ledger/fingerprint.ts'
import { probeToken } from '../pixelesq/live/probe-token.ts'
import type { Store } from '../store/store.ts'

/**
 * What was learned of a token before it comes into force: `accepted`; `refused`, for good; `unknown` where the API did not
 * say. `message`: one sentence for people, without the token.
 */
export interface TokenFinding {
  integration: IntegrationConfig
  verdict: 'accepted' | 'refused' | 'unknown'
  message: string
}

/** The integrations that are in force and would get another token. */
export function findChangedTokens(
  now: Pick<Config, 'integrations'>,
  next: Pick<Config, 'integrations'>,
): IntegrationConfig[] {
  return [...next.integrations.values()].filter(({ name, token }) => {
    const inForce = now.integrations.get(name)
    return inForce !== undefined && inForce.token !== token
  })
}

/**
 * Tries tokens by questions that change nothing before they take the place of others. A revoked one is refused unasked: no
 * request may carry it.
 */
export async function probeTokens(
  { integrations, endpoint }: { integrations: readonly IntegrationConfig[]; endpoint: string },
  deadlineMs: number,
  { agents, store }: { agents: Agents; store: Store },
): Promise<TokenFinding[]> {
  if (integrations.length === 0) return []
  const ledger = await store.readIntegrations()
  const revoked = new Set(ledger.filter(({ state }) => state === 'revoked').map(({ token }) => token))
  return Promise.all(
    integrations.map(async (integration): Promise<TokenFinding> => {
      const { name, token, concurrencyMax } = integration
      if (revoked.has(fingerprintToken(token)))
        return { integration, verdict: 'refused', message: 'it was revoked here: make a new one in Pixelesq' }
      const agent = agents.get(name, concurrencyMax, token)
      return { integration, ...judge(await probeToken({ agent, endpoint: new URL(endpoint), token }, deadlineMs)) }
    }),
  )
}

function judge(probe: Awaited<ReturnType<typeof probeToken>>): Pick<TokenFinding, 'verdict' | 'message'> {
  if (!probe.ok) {
    const { reason, message } = probe.asked
    return { verdict: reason === 'unauthorized' || reason === 'forbidden' ? 'refused' : 'unknown', message }
  }
  // every job would die of it (403)
  if (probe.mayWrite === false) return { verdict: 'refused', message: 'its role may read, but not write (Viewer)' }
  return { verdict: 'accepted', message: 'the API accepts it' }
}
