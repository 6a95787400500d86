import type { Preset } from './preset.ts'
import type { SchemeDefinition } from './scheme-definition.ts'

/** The kinds a source may name itself, beside the presets. */
export const GENERIC_KINDS = ['hmac', 'bearer', 'header', 'basic', 'none'] as const
export type GenericKind = (typeof GENERIC_KINDS)[number]

/** 10 minutes: without a signature, the same body again is more likely a new event than a redelivery. */
const IDENTICAL_BODIES_WINDOW_MS = 600_000

const WORDS: Record<GenericKind, { description: string; setup: string; source: string }> = {
  hmac: {
    description: 'Any sender that signs with an HMAC',
    setup:
      'Give sender and source the same secret; describe the signature with header, prefix, encoding, parse and signed.',
    source: 'https://www.rfc-editor.org/rfc/rfc2104',
  },
  bearer: {
    description: 'A static token in Authorization: Bearer',
    setup: 'Let the sender add the header "Authorization: Bearer <secret>".',
    source: 'https://www.rfc-editor.org/rfc/rfc6750',
  },
  header: {
    description: 'A static secret in a header of your choice',
    setup: 'Let the sender add the header named by "header" with the secret as its value.',
    source: 'https://www.rfc-editor.org/rfc/rfc9110#section-5',
  },
  basic: {
    description: 'HTTP basic authentication',
    setup: 'The secret is user:password; give the sender both, or put them into its URL.',
    source: 'https://www.rfc-editor.org/rfc/rfc7617',
  },
  none: {
    description: 'Nothing is checked: anyone who knows the URL can send',
    setup: 'Say "unsigned": true, and give the source a name that cannot be guessed.',
    source: 'https://www.rfc-editor.org/rfc/rfc9110',
  },
}

/** What is assumed of a sender that is described by its scheme alone: POST, JSON, an `Idempotency-Key` if one comes. */
export function makeGenericPreset(kind: GenericKind, scheme: SchemeDefinition): Preset {
  return {
    name: kind,
    ...WORDS[kind],
    scheme,
    methods: ['POST'],
    // Forms only where the source widens it (T052).
    contentTypes: ['application/json', 'application/*+json'],
    form: 'fields',
    idempotencyKey: "${default(headers['idempotency-key'], null)}",
    eventType: null,
    duplicateStatus: 200,
    identicalBodiesWindowMs: kind === 'hmac' ? null : IDENTICAL_BODIES_WINDOW_MS,
    conflictStatus: 422,
    bindsBody: kind === 'hmac',
    sure: 'standard',
  }
}
