import { getOperationAST, parse } from 'graphql'
import type { Config } from '../config/load-config.ts'
import type { IntegrationConfig } from '../config/read-integration.ts'
import type { Agents } from '../execute/agents.ts'
import { type Classified, classify, readData } from '../execute/classify.ts'
import { isSuccess, sendOperation } from '../execute/send-operation.ts'
import type { Operation } from '../mapping/operation.ts'
import { showText } from '../mapping/show-value.ts'

/** Most requests of one plan: an event may make `limits.jobsPerEvent` jobs, each with reads of its own. */
const READS_MAX = 200

/** `stops`: no other read will fare better (token, network, limits), so that there is no plan. */
export type ReadAnswer = { ok: true; data: Record<string, unknown> } | { ok: false; stops: boolean; message: string }

/** Reads from the API for a plan. */
export interface Reader {
  /** Asks a query once: the same query with the same variables is answered from memory. */
  read(operation: Operation, variables: Record<string, unknown>): Promise<ReadAnswer>
  /** Requests sent so far. */
  readonly sent: number
}

/**
 * Opens a reader that asks the endpoint with an integration's token, one request at a time, on the path of `send` (one
 * deadline, no redirects, capped answers). It refuses to send anything but queries. Its requests count at the API, but
 * are not in the ledger: no job made them, and a caller that is no service must not open its database.
 */
export function openReader(config: Config, integration: IntegrationConfig, agents: Agents): Reader {
  const answers = new Map<string, ReadAnswer>()
  let sent = 0
  return {
    get sent() {
      return sent
    },
    async read(operation, variables) {
      refuseMutation(operation)
      const key = `${operation.name}\n${JSON.stringify(variables)}`
      const known = answers.get(key)
      if (known !== undefined) return known
      if (sent >= READS_MAX) return { ok: false, stops: true, message: `a plan sends at most ${READS_MAX} requests` }
      sent++
      const answer = await ask(config, integration, agents, operation, variables)
      answers.set(key, answer)
      return answer
    },
  }
}

/** A plan that writes would be the worst defect it could have: looked at twice, in what was compiled and in the text that is sent. */
function refuseMutation(operation: Operation): void {
  const inText = getOperationAST(parse(operation.document), operation.name)?.operation
  if (operation.kind !== 'query' || operation.effect !== 'read' || inText !== 'query')
    throw new Error(`a plan only reads: "${operation.name}" is no query`)
}

async function ask(
  config: Config,
  integration: IntegrationConfig,
  agents: Agents,
  operation: Operation,
  variables: Record<string, unknown>,
): Promise<ReadAnswer> {
  const sent = await sendOperation({ config, integration, agents, operation, variables })
  const success = (data: Record<string, unknown>) => isSuccess(operation, data)
  const hasSuccess = operation.success !== null
  const classified = classify({ sent, effect: 'read', success, hasSuccess, now: Date.now() })
  if (classified.verdict === 'applied' && sent.kind === 'answered') return { ok: true, data: readData(sent) }
  return describeRefusal(classified, operation.name, integration.name, config.endpoint)
}

function describeRefusal(
  { verdict, message, code, status, retryAfterMs }: Classified,
  operation: string,
  integration: string,
  endpoint: string,
): ReadAnswer {
  const said = message === null ? '' : `: ${showText(message)}`
  const stop = (text: string): ReadAnswer => ({ ok: false, stops: true, message: text })
  switch (verdict) {
    case 'unauthorized':
      return stop(`the API does not accept the token of the integration "${integration}" (401)${said}`)
    case 'rate_limited': {
      const wait = retryAfterMs === null ? '' : `; it takes requests again in ${Math.ceil(retryAfterMs / 1_000)} s`
      return stop(`the API has had enough requests of the integration "${integration}" for now (429)${wait}`)
    }
    case 'retry':
    case 'unknown':
      return stop(`${endpoint} gave no answer to "${operation}"${status === null ? '' : ` (${status})`}${said}`)
    case 'forbidden':
      return {
        ok: false,
        stops: false,
        message: `the role of the token of "${integration}" does not allow "${operation}" (403)${said}`,
      }
    case 'schema_drift':
      return { ok: false, stops: false, message: `the API does not know what "${operation}" asks for${said}` }
    default:
      return {
        ok: false,
        stops: false,
        message: `the API refused "${operation}"${said === '' ? ` (${status ?? code})` : said}`,
      }
  }
}
