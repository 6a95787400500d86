import type { Scheme, Signable, SignedDelivery } from './scheme.ts'

/** Signs a test delivery as its sender would; throws `config_invalid` where it cannot be signed. */
export function signDelivery(scheme: Scheme, delivery: Signable, secret: string, now: number): SignedDelivery {
  if (scheme.signWhole !== undefined) return scheme.signWhole(delivery, secret, now)
  return { headers: scheme.sign(delivery, secret, now), body: delivery.body, query: '' }
}
