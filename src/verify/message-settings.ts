import { z } from 'zod'

/** Algorithms of RFC 9421 3.3. What a message says of its algorithm is compared with this one, never followed. */
export const MESSAGE_ALGORITHMS = [
  'hmac-sha256',
  'rsa-pss-sha512',
  'rsa-v1_5-sha256',
  'ecdsa-p256-sha256',
  'ecdsa-p384-sha384',
  'ed25519',
] as const
export type MessageAlgorithm = (typeof MESSAGE_ALGORITHMS)[number]

const COMPONENT = 'the name of a header in lower case, or a part of the request such as "@method"'

/** The settings of a source whose sender signs messages (interface.md 2). */
export const messageShape = {
  draft: z
    .literal('cavage', { error: '"cavage" for senders of the draft before RFC 9421, else nothing' })
    .optional()
    .describe('draft-cavage-http-signatures: one header "Signature", with "Digest"'),
  algorithm: z.enum(MESSAGE_ALGORITHMS, { error: `one of ${MESSAGE_ALGORITHMS.join(', ')}` }),
  secretEncoding: z.enum(['utf8', 'base64', 'hex'], { error: 'one of utf8, base64, hex' }).default('utf8'),
  components: z
    .array(
      z.string({ error: COMPONENT }).regex(/^(@[a-z-]{1,32}|\((request-target|created)\)|[a-z0-9-]{1,64})$/, {
        error: COMPONENT,
      }),
      { error: 'a list of what must be signed' },
    )
    .max(20, { error: 'at most 20 components' })
    .optional()
    .describe('What must be signed; left out = the method and the digest of the body'),
  label: z
    .string({ error: 'a label' })
    .regex(/^[a-z*][a-z0-9_.*-]{0,63}$/, { error: 'a label of lower-case letters, digits, "-", "_", "." and "*"' })
    .optional()
    .describe('Which signature of a message counts; left out = there must be one only'),
  tag: z
    .string({ error: 'a tag' })
    .regex(/^[\x20-\x7e]{1,128}$/, { error: 'printable ASCII' })
    .optional()
    .describe('Only a signature with this tag counts'),
} as const

/** The keys of a source that only signed messages have. */
export const MESSAGE_KEYS = ['draft', 'components', 'label', 'tag'] as const

export const messageSettings = z.strictObject(messageShape)

/** What must be signed where nothing is said: the draft has no way to sign the method alone. */
export function requiredComponents({
  draft,
  components,
}: {
  draft?: string | undefined
  components?: readonly string[] | undefined
}): readonly string[] {
  return components ?? (draft === 'cavage' ? ['date', 'digest'] : ['@method', 'content-digest'])
}
