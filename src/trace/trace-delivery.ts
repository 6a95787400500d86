import type { Setup } from '../setup/setup.ts'
import { startSpan } from './start-span.ts'
import { traceOfEvent } from './trace-parent.ts'

/** A delivery that was taken: `headers` as Node gives them. */
export interface TracedDelivery {
  id: string
  source: string
  outcome: string
  headers: readonly string[]
  receivedAt: number
}

/** Records the span of a delivery, whose trace only its event names, and gives what its log line says of that. */
export function traceDelivery(delivery: TracedDelivery, { config }: Setup): { traceId?: string } {
  if (!config.tracing.propagates) return {}
  const { id, source, outcome, receivedAt } = delivery
  const parent = traceOfEvent(delivery)
  const attributes = { 'bridge.source': source, 'bridge.event_id': id }
  startSpan(`delivery ${source}`, 'server', parent, attributes, receivedAt).end({ 'bridge.outcome': outcome }, false)
  return { traceId: parent.traceId }
}
