import { BridgeError } from '../errors.ts'
import { compileAdyenPayments } from './compile-adyen-payments.ts'
import { compileAwsSns } from './compile-aws-sns.ts'
import { compileCombined } from './compile-combined.ts'
import { compileContentful } from './compile-contentful.ts'
import { compileJwt } from './compile-jwt.ts'
import { compileMessage } from './compile-message.ts'
import { compileNone } from './compile-none.ts'
import { compilePostback } from './compile-postback.ts'
import { compileSigned } from './compile-signed.ts'
import { compileStandardWebhooks } from './compile-standard-webhooks.ts'
import { compileBasic, compileBearer, compileBodyToken, compileHeader, compileQueryToken } from './compile-static.ts'
import { findSecretProblem } from './find-secret-problem.ts'
import { decodeKey } from './prove-hmac.ts'
import type { Scheme, SchemeSettings, SyncScheme } from './scheme.ts'
import type {
  CombinedDefinition,
  JwtDefinition,
  PaypalPostbackDefinition,
  SchemeDefinition,
  SimpleDefinition,
} from './scheme-definition.ts'

export type { BodyScheme, HeadScheme, Scheme, SchemeSettings, Secret, Signable } from './scheme.ts'

/** Definitions of schemes that answer at once. */
type SyncDefinition = Exclude<SimpleDefinition, JwtDefinition | PaypalPostbackDefinition>

/**
 * Makes a definition ready to judge deliveries; templates, patterns and names are worked out here, once.
 * Throws `config_invalid` when the definition cannot be used, or when one of the secrets at hand is empty or not in its encoding.
 */
export function compileScheme(definition: SyncDefinition, settings: SchemeSettings): SyncScheme
export function compileScheme(definition: SchemeDefinition, settings: SchemeSettings): Scheme
export function compileScheme(definition: SchemeDefinition, settings: SchemeSettings): Scheme {
  const scheme = isCombined(definition) ? compileMembers(definition, settings) : compileSimple(definition, settings)
  const { handshakes = [], verifyToken = null } = settings
  if (handshakes.length === 0) return scheme
  return { ...scheme, handshaking: { handshakes, verifyToken, toKey: keyReader(definition) } }
}

/** Whether a definition is made of others. */
export function isCombined(definition: SchemeDefinition): definition is CombinedDefinition {
  return definition.kind === 'any-of' || definition.kind === 'all-of'
}

function compileMembers(definition: CombinedDefinition, settings: SchemeSettings): Scheme {
  const { secrets = [], openKeySet, openPostback } = settings
  const shared = {
    ...(openKeySet !== undefined && { openKeySet }),
    ...(openPostback !== undefined && { openPostback }),
  }
  let from = 0
  const members = definition.members.map(member => {
    const count = member.secretCount
    const start = from
    from += count
    const own = secrets.slice(start, from)
    return {
      definition: member.definition,
      scheme: compileScheme(member.definition, { ...shared, ...member.settings, secrets: own }),
      from: start,
      count,
    }
  })
  return compileCombined(definition, members, secrets)
}

function compileSimple(definition: SimpleDefinition, settings: SchemeSettings): Scheme {
  for (const { value } of settings.secrets ?? []) {
    const expected = findSecretProblem(definition, value)
    if (expected !== null) throw new BridgeError('config_invalid', `expected ${expected}`)
  }
  switch (definition.kind) {
    case 'hmac':
    case 'digest':
    case 'asymmetric':
      return compileSigned(definition, settings)
    case 'standard-webhooks':
      return compileStandardWebhooks(definition, settings)
    case 'bearer':
      return compileBearer()
    case 'header':
      return compileHeader(definition)
    case 'basic':
      return compileBasic()
    case 'query-token':
      return compileQueryToken(definition)
    case 'body-token':
      return compileBodyToken(definition)
    case 'adyen-payments':
      return compileAdyenPayments()
    case 'aws-sns':
      return compileAwsSns(definition.toleranceMs, settings)
    case 'contentful':
      return compileContentful(definition.toleranceMs, settings)
    case 'jwt':
      return compileJwt(definition, settings)
    case 'http-message-signature':
      return compileMessage(definition, settings)
    case 'paypal-postback':
      return compilePostback(definition, settings)
    case 'none':
      return compileNone()
  }
}

/** The key that an answer to a set-up request is made with: that of the signature, where there is one. */
function keyReader(definition: SchemeDefinition): (secret: string) => ReturnType<typeof decodeKey> {
  const first = isCombined(definition) ? definition.members[0]?.definition : definition
  return secret => (first?.kind === 'hmac' ? decodeKey(secret, first.secretEncoding) : null)
}
