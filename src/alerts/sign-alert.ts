import { compileStandardWebhooks } from '../verify/compile-standard-webhooks.ts'
import type { StandardWebhooksDefinition } from '../verify/scheme-definition.ts'

const DEFINITION: StandardWebhooksDefinition = {
  kind: 'standard-webhooks',
  headerPrefixes: ['webhook'],
  secretEncoding: 'whsec',
}
const scheme = compileStandardWebhooks(DEFINITION, {})

/** Signs an alert as Standard Webhooks has it: what receivers check with any of its libraries. */
export function signAlert(body: Buffer, id: string, secret: string, now: number): Record<string, string> {
  return scheme.sign({ body, id }, secret, now)
}
