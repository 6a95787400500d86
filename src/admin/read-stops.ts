import type { Bridge } from '../bridge.ts'
import { fingerprintToken } from '../ledger/fingerprint.ts'
import type { Stops } from './find-wait.ts'

/** Reads all that keeps jobs waiting now. */
export async function readStops({ live, store, readCircuit }: Bridge): Promise<Stops> {
  const { integrations } = live.setup.config
  const [pauses, ledger] = await Promise.all([store.readPauses(), store.readIntegrations()])
  const inForce = ledger.filter(({ integration, token }) => {
    const configured = integrations.get(integration)
    return configured !== undefined && fingerprintToken(configured.token) === token
  })
  return { pauses, tokens: new Map(inForce.map(state => [state.integration, state])), readCircuit }
}
