import type { z } from 'zod'
import type { IntegrationConfig } from '../config/read-integration.ts'
import { findTokenWarnings, rotateBy } from '../ledger/find-token-warnings.ts'
import { fingerprintToken } from '../ledger/fingerprint.ts'
import type { Pause } from '../store/pauses.ts'
import type { IntegrationState, TokenWrites } from '../store/tokens.ts'
import type { Circuit } from '../worker/circuit.ts'
import type { integrationsAnswer } from './setup-answers.ts'
import { toIso } from './view-job.ts'
import { viewPauseOf } from './view-pause.ts'

export type IntegrationView = z.output<typeof integrationsAnswer>['integrations'][number]

export interface Ledger {
  states: readonly IntegrationState[]
  writes: readonly TokenWrites[]
  pauses: readonly Pause[]
  readCircuit: (integration: string) => Circuit
  now: number
}

/** Every integration that is configured, or that the ledger remembers, with its tokens. */
export function viewIntegrations(
  configured: ReadonlyMap<string, IntegrationConfig>,
  { states, writes, pauses, readCircuit, now }: Ledger,
): IntegrationView[] {
  const inForce = [...configured.values()].map(({ token }) => fingerprintToken(token))
  const ledger = Map.groupBy(states, ({ integration }) => integration)
  const names = [...new Set([...configured.keys(), ...ledger.keys()])].sort()
  return names.map(name => {
    const config = configured.get(name)
    return {
      name,
      configured: config !== undefined,
      purpose: config?.purpose ?? null,
      owner: config?.owner ?? null,
      tokenReference: config?.tokenReference ?? null,
      perMinute: config?.caps.perMinuteMax ?? null,
      perDay: config?.caps.perDayMax ?? null,
      concurrency: config?.concurrencyMax ?? null,
      paused: viewPauseOf(pauses, 'integration', name),
      circuit: viewCircuit(config, readCircuit(name)),
      tokens: (ledger.get(name) ?? []).map(state => viewToken(state, config, { inForce, writes, now })),
    }
  })
}

function viewToken(
  state: IntegrationState,
  config: IntegrationConfig | undefined,
  { inForce, writes, now }: { inForce: readonly string[]; writes: readonly TokenWrites[]; now: number },
): IntegrationView['tokens'][number] {
  const watched = config && { token: fingerprintToken(config.token), rotateAfterMs: config.rotateAfterMs }
  const own = writes.filter(({ integration, token }) => integration === state.integration && token === state.token)
  return {
    fingerprint: state.token,
    state: state.state,
    purpose: state.purpose,
    owner: state.owner,
    firstSeenAt: toIso(state.firstSeenAt),
    lastUsedAt: toIso(state.lastUsedAt),
    rotateBy: toIso(rotateBy(state, watched)),
    uses: state.uses,
    lastAnswer: state.lastAnswer,
    pausedUntil: toIso(state.pausedUntil),
    probedAt: toIso(state.probedAt),
    revokedAt: toIso(state.revokedAt),
    warnings: findTokenWarnings(state, watched, inForce, now),
    writes: own.map(({ mapping, operation, writes, lastAt }) => ({
      mapping,
      operation,
      writes,
      lastAt: toIso(lastAt),
    })),
  }
}

function viewCircuit(config: IntegrationConfig | undefined, circuit: Circuit): IntegrationView['circuit'] {
  if (config === undefined || config.circuit === null) return { state: 'off', openedAt: null, until: null }
  return {
    state: circuit.state,
    openedAt: circuit.state === 'closed' ? null : toIso(circuit.openedAt),
    until: circuit.state === 'open' ? toIso(circuit.until) : null,
  }
}
