import { readStops } from './admin/read-stops.ts'
import type { Bridge } from './bridge.ts'
import { formatProblem } from './mapping/problem.ts'

export interface Readiness {
  status: 'ready' | 'not_ready'
  /** What stands in the way; empty when ready. */
  reasons: readonly string[]
  /** What works but should be seen: unsigned sources, those that wait for their secret, what was paused, tokens and circuits that stop the work, an audit that is not signed outside the database. */
  warnings: readonly string[]
}

/** Says whether deliveries can be taken and acted on now: the store writes, the disk has room, the files are the setup in force. */
export async function checkReady(bridge: Bridge): Promise<Readiness> {
  const reasons: string[] = []
  if (bridge.closing) reasons.push('shutting down')
  try {
    const health = await bridge.store.probe(Date.now())
    if (health.reason === 'disk_low')
      reasons.push(`disk: ${health.diskFreeBytes} bytes free, below limits.diskFreeBytes (${health.diskFreeMinBytes})`)
  } catch {
    reasons.push('store: it cannot be written')
  }
  const { setup, problems } = bridge.live
  // the last good setup goes on working; that the files on disk are not it must be seen from outside (interface.md 6)
  reasons.push(...problems.map(problem => `not reloaded: ${formatProblem(problem)}`))
  const unsigned = [...setup.sources.values()]
    .filter(source => source.scheme.unsigned)
    .map(source => `source "${source.name}" is unsigned: anybody who knows its URL can send to it`)
  const without = [...setup.sources.values()]
    .filter(source => source.capture !== null && source.secrets.length === 0)
    .map(({ name }) => `source "${name}" has no secret yet: pixelesq-bridge sources capture ${name}`)
  return {
    status: reasons.length === 0 ? 'ready' : 'not_ready',
    reasons,
    warnings: [...unsigned, ...without, ...(await findStops(bridge)), ...auditWarnings(bridge)],
  }
}

/**
 * What does not go on; deliveries are taken all the same. Anybody may ask, so no names of people, reasons or fingerprints.
 * Nothing where the store cannot say: that is a reason.
 */
async function findStops(bridge: Bridge): Promise<string[]> {
  const stops = await readStops(bridge).catch(() => null)
  if (stops === null) return []
  const { pauses, tokens, readCircuit } = stops
  return [
    ...pauses.map(({ kind, name }) => `${kind} "${name}" is paused`),
    ...[...tokens.values()]
      .filter(({ state }) => state !== 'active')
      .map(({ integration, state }) => `integration "${integration}": its token is ${state}`),
    ...[...tokens.keys()]
      .filter(integration => readCircuit(integration).state !== 'closed')
      .map(integration => `integration "${integration}": its circuit is open, the API does not answer`),
  ]
}

function auditWarnings({ checkpoints }: Bridge): string[] {
  const failure = checkpoints.failure()
  return failure === null
    ? []
    : [`audit: its checkpoints cannot be written to "${checkpoints.anchorsFile}" (${failure})`]
}
