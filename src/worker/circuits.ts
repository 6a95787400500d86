import type { Config } from '../config/load-config.ts'
import { type Circuit, CLOSED, noteOutcome, passTime } from './circuit.ts'

/** A circuit went over into another state. */
export interface CircuitChange {
  integration: string
  from: Circuit['state']
  to: Circuit
}

/** The circuit breakers of a worker, one an integration; they begin closed with every process. */
export interface Circuits {
  /** How many jobs of an integration may run; null = as many as otherwise. */
  maxOf(config: Config, integration: string, now: number): number | null
  note(config: Config, integration: string, failed: boolean, now: number): void
  read(integration: string): Circuit
}

/** Makes the circuits, all closed; `onChange` is told of every change of state. */
export function createCircuits(onChange: (change: CircuitChange) => void): Circuits {
  const circuits = new Map<string, Circuit>()
  const read = (integration: string): Circuit => circuits.get(integration) ?? CLOSED
  const set = (integration: string, to: Circuit): Circuit => {
    const from = read(integration).state
    circuits.set(integration, to)
    if (from !== to.state) onChange({ integration, from, to })
    return to
  }
  return {
    maxOf(config, integration, now) {
      const rules = config.integrations.get(integration)?.circuit ?? null
      if (rules === null) {
        // switched off by a reload
        set(integration, CLOSED)
        return null
      }
      const { state } = set(integration, passTime(read(integration), now))
      return state === 'closed' ? null : state === 'open' ? 0 : 1
    },
    note(config, integration, failed, now) {
      const rules = config.integrations.get(integration)?.circuit ?? null
      if (rules !== null) set(integration, noteOutcome(read(integration), { at: now, failed }, rules))
    },
    read,
  }
}
