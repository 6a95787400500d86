import type { Config } from '../config/load-config.ts'
import { fingerprintToken } from '../ledger/fingerprint.ts'
import type { IntegrationState } from '../store/tokens.ts'
import type { Circuits } from './circuits.ts'

/** Which integrations may be worked for now: those whose token is in order, that need not wait, and whose circuit lets them. */
export interface Gates {
  /** How many more jobs each integration may have running. */
  room(config: Config, running: ReadonlyMap<string, number>, now: number): { integration: string; max: number }[]
  /** Takes over what the ledger says of the tokens in force. */
  refresh(config: Config, states: readonly IntegrationState[]): void
  /** No job of the integration is claimed before this instant. */
  closeUntil(integration: string, until: number): void
  /** Tokens that are refused and were not probed since an instant. */
  findRefused(probedBefore: number): IntegrationState[]
}

/** Makes the gates, all open; `circuits` may close one, or leave it open for one job. */
export function createGates(circuits: Pick<Circuits, 'maxOf'>): Gates {
  let states = new Map<string, IntegrationState>()
  const closedUntil = new Map<string, number>()
  return {
    room(config, running, now) {
      const room: { integration: string; max: number }[] = []
      for (const { name, concurrencyMax } of config.integrations.values()) {
        const state = states.get(name)
        const jobsMax = Math.min(concurrencyMax, circuits.maxOf(config, name, now) ?? concurrencyMax)
        const max = jobsMax - (running.get(name) ?? 0)
        const open = state?.state === 'active' && (state.pausedUntil ?? 0) <= now && (closedUntil.get(name) ?? 0) <= now
        if (open && max > 0) room.push({ integration: name, max })
      }
      return room
    },
    refresh(config, ledger) {
      const inForce = [...config.integrations.values()].map(({ name, token }) => `${name} ${fingerprintToken(token)}`)
      const wanted = new Set(inForce)
      states = new Map(
        ledger
          .filter(state => wanted.has(`${state.integration} ${state.token}`))
          .map(state => [state.integration, state]),
      )
    },
    closeUntil(integration, until) {
      closedUntil.set(integration, until)
    },
    findRefused: probedBefore =>
      [...states.values()].filter(state => state.state === 'refused' && (state.probedAt ?? 0) < probedBefore),
  }
}
