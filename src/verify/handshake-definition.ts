import { z } from 'zod'

/** Where a value of the request stands: `query.<name>`, `header.<name>`, or `body.<path>` in a JSON body. */
const place = z.string().regex(/^(query|header|body)\.[A-Za-z0-9_.-]{1,128}$/)
const scalar = z.union([z.string(), z.number()])

/**
 * A request that a sender makes to set the webhook up, and its answer. `reply` is filled with `${name}` of `values` and
 * `${hmac.<name>}` (hex HMAC-SHA256 of the value with the secret of the source). Nothing of the request is ever followed.
 */
export const HandshakeDefinition = z.strictObject({
  method: z.enum(['GET', 'HEAD', 'OPTIONS', 'POST']),
  where: z
    .record(place, scalar.nullable())
    .describe('What must stand where; null = anything; "${verifyToken}" = the token of the source'),
  absent: z.array(place).default([]).describe('What must not be there'),
  form: z.array(z.string()).min(1).optional().describe('The body is a form with these fields and no other'),
  verified: z.boolean().describe('Whether the request must be as authentic as a delivery'),
  values: z.record(z.string().regex(/^[A-Za-z]{1,32}$/), place).default({}),
  reply: z.strictObject({
    status: z.union([z.literal(200), z.literal(204)]),
    headers: z.record(z.string().regex(/^[a-z-]+$/), z.string()).default({}),
    text: z.string().optional(),
    json: z.record(z.string(), scalar).optional(),
  }),
})

export type Handshake = z.infer<typeof HandshakeDefinition>
