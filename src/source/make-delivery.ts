import { randomUUID } from 'node:crypto'
import type { SourceConfig } from '../config/read-source.ts'
import { compileScheme, isCombined } from '../verify/compile-scheme.ts'
import { findSigningSecret } from '../verify/find-signing-secret.ts'
import { signDelivery } from '../verify/sign-delivery.ts'
import { MULTIPART_TYPE, writeMultipart } from './write-multipart.ts'

const FORM = 'application/x-www-form-urlencoded'
const MULTIPART = 'multipart/form-data'

export interface TestDelivery {
  /** What is added to the URL of the source: the event type, for senders that cannot say it otherwise, and a token in the query. */
  path: string
  headers: Record<string, string>
  body: Buffer
}

interface DeliveryOptions {
  type?: string
  id?: string
  /** Further ones, names in lower case. */
  headers?: Readonly<Record<string, string>>
  privateKey?: string
}

/** Makes a delivery as the sender of a source would at the instant `now`: its headers and its signature. */
export function makeDelivery(
  source: SourceConfig,
  body: Buffer,
  { id = randomUUID(), now = Date.now(), privateKey, ...options }: DeliveryOptions & { now?: number },
): TestDelivery {
  const { definition, settings, secrets } = source
  const { path, headers, body: unsigned } = makeUnsigned(source, toForm(source, body), { id, ...options })
  const scheme = compileScheme(definition, { ...settings, secrets })
  const signable = { body: unsigned, method: 'POST', id, headers, ...(privateKey !== undefined && { privateKey }) }
  const secret = isCombined(definition) ? '' : findSigningSecret(definition, secrets, privateKey)
  const signed = signDelivery(scheme, signable, secret, now)
  const query = signed.query === '' ? '' : `?${signed.query}`
  return { path: path + query, headers: { ...headers, ...signed.headers }, body: signed.body }
}

/** A JSON object becomes the form that the sender would send, where it sends nothing else (Twilio, Travis CI, Jotform). */
function toForm({ preset, contentTypes }: SourceConfig, body: Buffer): Buffer {
  if (preset.form === null || contentTypes.some(type => type !== FORM && type !== MULTIPART)) return body
  let json: unknown
  try {
    json = JSON.parse(body.toString('utf8'))
  } catch {
    return body
  }
  if (preset.form === 'payload-field')
    return Buffer.from(String(new URLSearchParams({ payload: JSON.stringify(json) })))
  const fields = Object.entries(json ?? {}).map(([name, value]): [string, string] => [
    name,
    typeof value === 'object' ? JSON.stringify(value) : String(value),
  ])
  if (contentTypes[0] === MULTIPART) return writeMultipart(fields)
  return Buffer.from(String(new URLSearchParams(fields)))
}

/** The same without what proves it: no secret is looked at. */
export function makeUnsigned(
  { preset, contentTypes }: SourceConfig,
  body: Buffer,
  { type, id = randomUUID(), headers: further }: DeliveryOptions,
): TestDelivery {
  const headers: Record<string, string> = {
    'content-type': jsonOrFirst(contentTypes),
    ...fillHeaders(preset.deliveryHeaders ?? {}, type, id),
    ...further,
  }
  return { path: type !== undefined && preset.eventType === null ? `/${type}` : '', headers, body }
}

function fillHeaders(
  templates: Readonly<Record<string, string>>,
  type: string | undefined,
  id: string,
): Record<string, string> {
  const values: Record<string, string> = { '${type}': type ?? '', '${event}': type?.split('.')[0] ?? '', '${id}': id }
  const filled = Object.entries(templates).map(([name, template]): [string, string] => [
    name,
    template.replace(/\$\{(type|event|id)\}/g, match => values[match] ?? ''),
  ])
  return Object.fromEntries(filled.filter(([, value]) => value !== ''))
}

function jsonOrFirst(contentTypes: readonly string[]): string {
  if (contentTypes.includes('*') || contentTypes.includes('application/json')) return 'application/json'
  return contentTypes[0] === MULTIPART ? MULTIPART_TYPE : contentTypes[0]!
}
