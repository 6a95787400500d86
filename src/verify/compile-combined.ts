import type { Delivery } from './delivery.ts'
import { findSigningSecret } from './find-signing-secret.ts'
import type { Scheme, Secret, SignedDelivery, SyncScheme } from './scheme.ts'
import type { CombinedDefinition, SimpleDefinition } from './scheme-definition.ts'
import { signDelivery } from './sign-delivery.ts'
import { refuse, type Verification, type Verified } from './verification.ts'

/** A member of a combination, and which of the secrets of the source are its own. */
export interface Member {
  definition: SimpleDefinition
  scheme: Scheme
  from: number
  count: number
}

/**
 * Compiles several schemes into one. Every member judges every delivery, whatever the others said. `any-of` takes the first
 * that accepts; `all-of` refuses for the first that refuses. A member sees its own secrets only.
 */
export function compileCombined(
  { kind }: CombinedDefinition,
  members: readonly Member[],
  secrets: readonly Secret[],
): Scheme {
  const judge = kind === 'any-of' ? judgeAny : judgeAll
  const syncMembers = members.every(isSync) ? members : null
  const bindsBody = kind === 'any-of' ? members.every(isBinding) : members.some(isBinding)
  const sign = (delivery: Parameters<Scheme['sign']>[0], now: number): SignedDelivery =>
    signMembers(kind === 'any-of' ? members.slice(0, 1) : members, delivery, secrets, now)
  const base = {
    kind,
    headersOnly: false,
    bindsBody,
    unsigned:
      kind === 'any-of'
        ? members.some(({ scheme }) => scheme.unsigned)
        : members.every(({ scheme }) => scheme.unsigned),
    sign: (delivery, _, now) => sign(delivery, now).headers,
    signWhole: (delivery, _, now) => sign(delivery, now),
  } satisfies Partial<Scheme>
  if (syncMembers !== null) {
    const verify = (delivery: Delivery, given: readonly Secret[], now: number): Verification =>
      judge(syncMembers.map(member => offset(member.scheme.verify(delivery, own(member, given), now), member.from)))
    return { ...base, verify }
  }
  return {
    ...base,
    isAsync: true,
    verify: async (delivery, given, now) => {
      const verifications = members.map(member => member.scheme.verify(delivery, own(member, given), now))
      return judge((await Promise.all(verifications)).map((each, i) => offset(each, members[i]!.from)))
    },
  }
}

function isSync(member: Member): member is Member & { scheme: SyncScheme } {
  return member.scheme.isAsync !== true
}

function isBinding({ scheme }: Member): boolean {
  return scheme.bindsBody
}

function own({ from, count }: Member, secrets: readonly Secret[]): readonly Secret[] {
  return secrets.slice(from, from + count)
}

function offset(verification: Verification, from: number): Verification {
  if (!verification.ok || verification.secretIndex === -1) return verification
  return { ...verification, secretIndex: verification.secretIndex + from }
}

function judgeAny(verifications: readonly Verification[]): Verification {
  // What a sender left out says less than what it got wrong: an absent header of the other scheme is no reason.
  const refusals = verifications.filter(verification => !verification.ok)
  const telling = refusals.find(({ reason }) => !reason.endsWith('_missing')) ?? refusals[0]
  return verifications.find(({ ok }) => ok) ?? telling ?? refuse('signature_missing')
}

function judgeAll(verifications: readonly Verification[]): Verification {
  const refusal = verifications.find(({ ok }) => !ok)
  if (refusal !== undefined) return refusal
  const verified = verifications as readonly Verified[]
  const timed = verified.find(({ signedAt }) => signedAt !== null)
  const key = verified.find(each => each.key !== undefined)?.key
  return {
    ...verified[0]!,
    signedAt: timed?.signedAt ?? null,
    replayKey: timed?.replayKey ?? null,
    ...(key !== undefined && { key }),
  }
}

/** Members sign one after another, so that one which changes the body must stand before those that sign it. */
function signMembers(
  members: readonly Member[],
  delivery: Parameters<Scheme['sign']>[0],
  secrets: readonly Secret[],
  now: number,
): SignedDelivery {
  let signed: SignedDelivery = { headers: {}, body: delivery.body, query: '' }
  for (const member of members) {
    const secret = findSigningSecret(member.definition, own(member, secrets), delivery.privateKey)
    const next = signDelivery(member.scheme, { ...delivery, body: signed.body }, secret, now)
    const query = [signed.query, next.query].filter(text => text !== '').join('&')
    signed = { headers: { ...signed.headers, ...next.headers }, body: next.body, query }
  }
  return signed
}
