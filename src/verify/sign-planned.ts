import { BridgeError } from '../errors.ts'
import { fillContent } from './fill-content.ts'
import { makeMessageId } from './message-id.ts'
import { signatureKey } from './parse-signature.ts'
import type { SignedPlan } from './plan-signed.ts'
import type { Signable, SignedDelivery } from './scheme.ts'
import { setAt } from './set-at.ts'
import { formatSignedAt } from './signed-at.ts'

/** Values of pairs in test deliveries, for senders that sign one (Hygraph's environment). */
const PAIR_VALUE = 'master'

/** Signs a test delivery at the instant `now`. Throws `config_invalid` where it cannot be signed. */
export function signPlanned(plan: SignedPlan, delivery: Signable, secret: string, now: number): SignedDelivery {
  const timestamp = formatSignedAt(now, plan.unit)
  const id = delivery.id ?? makeMessageId(delivery.body, now)
  const values = plan.headerNames.map(name => delivery.headers?.[name])
  const idSegment = plan.segments.find(segment => segment.kind === 'sender' && segment.isId)
  if (idSegment?.kind === 'sender') values[idSegment.at] = id
  if (plan.timestampAt !== -1) values[plan.timestampAt] = timestamp
  const pairs = new Map(
    plan.segments.flatMap(part => (part.kind === 'pair' ? [[part.name, PAIR_VALUE]] : [])) as [string, string][],
  )
  const json = plan.readsJson ? fillJson(plan, delivery.body, timestamp, id) : null
  const body = json === null ? delivery.body : Buffer.from(JSON.stringify(json))
  const content = fillContent(plan.segments, {
    body,
    method: delivery.method ?? 'POST',
    headers: values,
    timestamp,
    pairs,
    json,
  })
  if (!Array.isArray(content)) {
    throw new BridgeError('config_invalid', `the delivery cannot be signed: ${content.reason}`)
  }
  const digest = plan.proof.sign(secret, content).toString(plan.settings.encoding)
  const headers: Record<string, string> = {}
  const signatureAt = plan.signaturePath === null ? 0 : -1
  for (let i = signatureAt + 1; i < values.length; i++) headers[plan.headerNames[i]!] = values[i]!
  const signature = writeSignature(plan, digest, timestamp, pairs)
  if (plan.signaturePath === null) headers[plan.headerNames[0]!] = signature
  else setAt(json, plan.signaturePath, signature)
  return { headers, body: json === null ? body : Buffer.from(JSON.stringify(json)), query: '' }
}

/** Gives the body the fields that the sender would sign: the time, and an id for those that are missing. */
function fillJson(plan: SignedPlan, body: Buffer, timestamp: string, id: string): unknown {
  let json: unknown
  try {
    json = JSON.parse(body.toString('utf8'))
  } catch {
    throw new BridgeError('config_invalid', 'the delivery cannot be signed: its signature stands in a JSON body')
  }
  const timestampPath = plan.timestamp?.in === 'body' ? plan.timestamp.path.join('.') : null
  for (const segment of plan.segments) {
    if (segment.kind !== 'json') continue
    setAt(json, segment.path, segment.path.join('.') === timestampPath ? timestamp : id)
  }
  return json
}

function writeSignature(
  { settings, timestamp: place }: SignedPlan,
  digest: string,
  timestamp: string,
  pairs: ReadonlyMap<string, string>,
): string {
  const { parse, prefix } = settings
  const separator = settings.separator ?? ','
  if (parse === 'pairs') {
    const time = place?.in === 'pair' ? [`${place.key}=${timestamp}`] : []
    const others = [...pairs].map(([key, value]) => `${key}=${value}`)
    const signature = `${signatureKey(settings)}=${digest}`
    // Hygraph's own library reads its three elements by their place, @hygraph/utils 1.2.1.
    return (others.length > 0 ? [signature, ...others, ...time] : [...time, signature]).join(separator)
  }
  if (place?.in !== 'position') return `${prefix}${digest}`
  return place.index === 0 ? `${timestamp}${separator}${prefix}${digest}` : `${prefix}${digest}${separator}${timestamp}`
}
