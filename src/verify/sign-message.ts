import { BridgeError } from '../errors.ts'
import { writeDigest } from './check-digest.ts'
import { readComponent } from './message-component.ts'
import type { MessagePlan } from './plan-message.ts'
import { signMessage } from './prove-message.ts'
import type { Signable } from './scheme.ts'

const LABEL = 'sig1'

/** Signs a test delivery as the sender would: what the source requires, and no more. */
export function signRequest(
  plan: MessagePlan,
  delivery: Signable,
  secret: string,
  now: number,
): Record<string, string> {
  const { definition, required, digest, url } = plan
  const own: Record<string, string> = { ...delivery.headers }
  const added: Record<string, string> = {}
  if (required.includes(digest)) added[digest] = writeDigest(delivery.body, digest)
  if (required.includes('date')) added.date = new Date(now).toUTCString()
  const rawHeaders = Object.entries({ ...own, ...added }).flat()
  const head = { method: delivery.method ?? 'POST', query: '', rawHeaders }
  const created = Math.floor(now / 1_000)
  const valueFor = (name: string): string => {
    const value = name === '(created)' ? String(created) : readComponent(name, '', head, url)
    if (value === null) throw new BridgeError('config_invalid', `the delivery has no ${name} to be signed`)
    return value
  }
  if (definition.draft === 'cavage') {
    const content = required.map(name => `${name}: ${valueFor(name)}`).join('\n')
    const signature = signMessage(definition, secret, Buffer.from(content, 'latin1')).toString('base64')
    const time = required.includes('(created)') ? `created=${created},` : ''
    return { ...added, signature: `keyId="key",${time}headers="${required.join(' ')}",signature="${signature}"` }
  }
  const tag = definition.tag === undefined ? '' : `;tag="${definition.tag.replace(/["\\]/g, '\\$&')}"`
  const input = `(${required.map(name => `"${name}"`).join(' ')});created=${created}${tag}`
  const lines = [...required.map(name => `"${name}": ${valueFor(name)}`), `"@signature-params": ${input}`]
  const signature = signMessage(definition, secret, Buffer.from(lines.join('\n'), 'latin1')).toString('base64')
  const label = definition.label ?? LABEL
  return { ...added, 'signature-input': `${label}=${input}`, signature: `${label}=:${signature}:` }
}
