import { z } from 'zod'
import { signedShape } from './signed-settings.ts'

export { headerName } from './signed-settings.ts'

const hmacAlgorithm = z
  .enum(['sha1', 'sha256', 'sha384', 'sha512'], { error: 'one of sha1, sha256, sha384, sha512' })
  .default('sha256')

/** The settings of an HMAC sender, as a source or a preset writes them (interface.md 2). */
export const hmacSettings = z.strictObject({
  algorithm: hmacAlgorithm,
  ...signedShape,
  secretEncoding: z.enum(['utf8', 'base64', 'hex'], { error: 'one of utf8, base64, hex' }).default('utf8'),
})

/** The settings of a sender that hashes secret and content together: weaker than an HMAC, see docs/sources.md. */
export const digestSettings = z.strictObject({
  algorithm: z.enum(['sha256', 'sha384', 'sha512'], { error: 'one of sha256, sha384, sha512' }).default('sha256'),
  ...signedShape,
  signed: signedShape.signed.unwrap().default('${secret}${body}'),
})

/** The settings of a sender that signs with a private key; its public key is the secret of the source. */
export const asymmetricSettings = z.strictObject({
  algorithm: z.enum(['ed25519', 'ecdsa-sha256', 'rsa-sha256', 'rsa-sha1'], {
    error: 'one of ed25519, ecdsa-sha256, rsa-sha256, rsa-sha1',
  }),
  ...signedShape,
})

/** The settings of an HMAC sender, defaults filled in. */
export type HmacSettings = z.infer<typeof hmacSettings>
