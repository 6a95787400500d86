import { BridgeError } from '../errors.ts'
import { compileHmac } from './compile-hmac.ts'
import { compileNone } from './compile-none.ts'
import { compileStandardWebhooks } from './compile-standard-webhooks.ts'
import { compileBasic, compileBearer, compileHeader } from './compile-static.ts'
import { findSecretProblem } from './find-secret-problem.ts'
import type { Scheme, SchemeSettings } from './scheme.ts'
import type { SchemeDefinition } from './scheme-definition.ts'

export type { BodyScheme, HeadScheme, Scheme, SchemeSettings, Secret, Signable } from './scheme.ts'

/**
 * Makes a definition ready to judge deliveries; templates, patterns and names are worked out here, once.
 * Throws `config_invalid` when the definition cannot be used, or when one of the secrets at hand is empty or not in its encoding.
 */
export function compileScheme(definition: SchemeDefinition, settings: SchemeSettings): Scheme {
  for (const { value } of settings.secrets ?? []) {
    const expected = findSecretProblem(definition, value)
    if (expected !== null) throw new BridgeError('config_invalid', `expected ${expected}`)
  }
  switch (definition.kind) {
    case 'hmac':
      return compileHmac(definition, settings)
    case 'standard-webhooks':
      return compileStandardWebhooks(definition, settings)
    case 'bearer':
      return compileBearer()
    case 'header':
      return compileHeader(definition)
    case 'basic':
      return compileBasic()
    case 'none':
      return compileNone()
  }
}
