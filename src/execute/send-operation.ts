import type { Config } from '../config/load-config.ts'
import type { IntegrationConfig } from '../config/read-integration.ts'
import type { Operation } from '../mapping/operation.ts'
import type { Agents } from './agents.ts'
import { type Sent, send } from './send.ts'

/** An operation with its variables, and on whose behalf it is sent. */
export interface OperationRequest {
  config: Config
  integration: IntegrationConfig
  agents: Agents
  operation: Operation
  variables: Record<string, unknown>
  /** Which trace the request belongs to; left out or null = none. */
  traceparent?: string | null
}

/** Sends an operation to the endpoint with the token and the limits of the configuration, and says what came of it. */
export function sendOperation({
  config,
  integration,
  agents,
  operation,
  variables,
  traceparent = null,
}: OperationRequest): Promise<Sent> {
  return send({
    agent: agents.get(integration.name, integration.concurrencyMax, integration.token),
    endpoint: new URL(config.endpoint),
    token: integration.token,
    operation: operation.name,
    document: operation.document,
    variables,
    traceparent,
    deadlineMs: config.limits.requestTimeoutMs,
    responseBytesMax: config.limits.responseBytesMax,
  })
}

/** What an operation's own `success` says of the data; true where it has none, null where it could not be evaluated. */
export function isSuccess({ success }: Operation, data: Record<string, unknown>): boolean | null {
  if (success === null) return true
  const result = success.evaluate({ data })
  return result.ok && typeof result.value === 'boolean' ? result.value : null
}
