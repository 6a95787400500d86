import type { Pause, PausedKind } from '../store/pauses.ts'
import type { JobLine } from '../store/reports.ts'
import type { IntegrationState } from '../store/tokens.ts'
import type { Circuit } from '../worker/circuit.ts'

/** Why a job that is due is not claimed, where that lies not in the job: somebody's pause, its token, its circuit, another job. */
export const WAITS = [
  'source_paused',
  'integration_paused',
  'mapping_paused',
  'token_revoked',
  'token_refused',
  'integration_held',
  'circuit_open',
  'order_key',
] as const
export type Wait = (typeof WAITS)[number]

export interface Stops {
  pauses: readonly Pause[]
  /** The token in force of each integration. */
  tokens: ReadonlyMap<string, IntegrationState>
  readCircuit: (integration: string) => Circuit
}

const TOKEN_WAITS: Partial<Record<IntegrationState['state'], Wait>> = {
  revoked: 'token_revoked',
  refused: 'token_refused',
  held: 'integration_held',
}

/** Finds what a job waits for beside its own time; null = nothing, or it does not wait. A person's pause comes first. Pure. */
export function findWait(
  job: Pick<JobLine, 'state' | 'source' | 'mapping' | 'integration' | 'isBehind'>,
  { pauses, tokens, readCircuit }: Stops,
): Wait | null {
  const { state, source, mapping, integration, isBehind } = job
  if (state !== 'queued' && state !== 'in_doubt') return null
  const names: Readonly<Record<PausedKind, string>> = { source, integration, mapping }
  const pause = pauses.find(({ kind, name }) => names[kind] === name)
  if (pause !== undefined) return `${pause.kind}_paused`
  const token = tokens.get(integration)
  const wait = token === undefined ? undefined : TOKEN_WAITS[token.state]
  if (wait !== undefined) return wait
  if (readCircuit(integration).state === 'open') return 'circuit_open'
  return isBehind ? 'order_key' : null
}
