import { classify } from '../execute/classify.ts'
import { sendOperation } from '../execute/send-operation.ts'
import { fingerprintToken } from '../ledger/fingerprint.ts'
import type { WorkContext } from './work-context.ts'

/** A refused token is tried once in this time, with a query that changes nothing (semantics.md 4). */
const PROBE_MS = 300_000
const PROBE_OPERATION = 'projects'

/** Asks for each refused token whether it is accepted again; a token that is lets its jobs go on. */
export async function probeRefused(context: WorkContext): Promise<void> {
  const { config, operations } = context.live.setup
  const operation = operations.get(PROBE_OPERATION)
  if (operation === undefined) return
  const refused = context.gates.findRefused(context.now() - PROBE_MS)
  if (refused.length === 0) return
  const pauses = await context.store.readPauses()
  const paused = new Set(pauses.filter(({ kind }) => kind === 'integration').map(({ name }) => name))
  for (const { integration: name, probedAt, lastUsedAt, pausedUntil: waitsUntil, token } of refused) {
    if (paused.has(name) || (waitsUntil ?? 0) > context.now()) continue
    const integration = config.integrations.get(name)
    if (integration === undefined || fingerprintToken(integration.token) !== token) continue
    if (Math.max(probedAt ?? 0, lastUsedAt ?? 0) > context.now() - PROBE_MS) continue
    const sent = await sendOperation({ config, integration, agents: context.agents, operation, variables: {} })
    const now = context.now()
    const { tokenAnswer: answer, retryAfterMs } = classify({ sent, effect: 'read', success: () => true, now })
    const pausedUntil = retryAfterMs === null ? null : now + retryAfterMs
    // also without an answer: an API that is down is not asked more often than one that says no
    await context.store.recordProbe({ integration: name, token, answer, pausedUntil, now })
    context.log.warn({ integration: name, fingerprint: token, answer }, 'probed a refused token')
    context.onGateChange()
  }
}
