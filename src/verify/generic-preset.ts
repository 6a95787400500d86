import type { Preset } from './preset.ts'
import type { SimpleDefinition } from './scheme-definition.ts'

/** The kinds a source may name itself, beside the presets. */
export const GENERIC_KINDS = [
  'hmac',
  'digest',
  'asymmetric',
  'bearer',
  'header',
  'basic',
  'jwt',
  'http-message-signature',
  'query-token',
  'none',
] as const
export type GenericKind = (typeof GENERIC_KINDS)[number]

/** 10 minutes: without a signature, the same body again is more likely a new event than a redelivery. */
const IDENTICAL_BODIES_WINDOW_MS = 600_000

const SIGNED_KINDS: ReadonlySet<GenericKind> = new Set(['hmac', 'digest', 'asymmetric', 'http-message-signature'])

const WORDS: Record<GenericKind, { description: string; setup: string; source: string }> = {
  hmac: {
    description: 'Any sender that signs with an HMAC',
    setup:
      'Give sender and source the same secret; describe the signature with header, prefix, encoding, parse and signed.',
    source: 'https://www.rfc-editor.org/rfc/rfc2104',
  },
  digest: {
    description: 'A sender that hashes secret and content together',
    setup: 'Give sender and source the same secret; prefer hmac where the sender offers it.',
    source: 'https://www.rfc-editor.org/rfc/rfc6151',
  },
  asymmetric: {
    description: 'Any sender that signs with a private key',
    setup: 'The secret is the public key or certificate of the sender; describe the signature as with hmac.',
    source: 'https://www.rfc-editor.org/rfc/rfc8017',
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
  jwt: {
    description: 'A JSON Web Token, such as a CI job or a cloud service gets for itself',
    setup:
      'Say algorithm, issuer, audience, the claims to match, and where the keys are: jwks (a URL), or secrets that hold them.',
    source: 'https://www.rfc-editor.org/rfc/rfc8725',
  },
  'http-message-signature': {
    description: 'Any sender that signs HTTP messages (RFC 9421, or the draft before it)',
    setup:
      'Say algorithm, and components: what must be signed. The secret is the shared one, or the public key of the sender.',
    source: 'https://www.rfc-editor.org/rfc/rfc9421',
  },
  'query-token': {
    description: 'A static token in the query of the URL',
    setup:
      'Say "allowQueryToken": true, and give the sender the URL with ?token=<secret>; proxies on the way may log it.',
    source: 'https://www.rfc-editor.org/rfc/rfc6750#section-2.3',
  },
  none: {
    description: 'Nothing is checked: anyone who knows the URL can send',
    setup: 'Say "unsigned": true, and give the source a name that cannot be guessed.',
    source: 'https://www.rfc-editor.org/rfc/rfc9110',
  },
}

/** What is assumed of a sender that is described by its scheme alone: POST, JSON, an `Idempotency-Key` if one comes. */
export function makeGenericPreset(kind: GenericKind, scheme: SimpleDefinition): Preset {
  return {
    name: kind,
    ...WORDS[kind],
    scheme,
    methods: ['POST'],
    // Forms only where the source widens it (T052).
    contentTypes: ['application/json', 'application/*+json'],
    form: 'fields',
    idempotencyKey: "${default(headers['idempotency-key'], null)}",
    idSigned: false,
    eventType: null,
    duplicateStatus: 200,
    limits: { replyWithinMs: null, retries: 'As the sender says.' },
    requires: kind === 'query-token' ? ['allowQueryToken'] : [],
    identicalBodiesWindowMs: SIGNED_KINDS.has(kind) ? null : IDENTICAL_BODIES_WINDOW_MS,
    conflictStatus: 422,
    bindsBody: SIGNED_KINDS.has(kind),
    sure: 'standard',
  }
}
