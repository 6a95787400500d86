import { randomUUID } from 'node:crypto'
import { loadConfig, type SourceConfig } from '../config/load-config.ts'
import { BridgeError } from '../errors.ts'
import { formatProblem } from '../mapping/problem.ts'
import { simplesOf } from '../source/secret-places.ts'
import { compileScheme, isCombined } from '../verify/compile-scheme.ts'
import { findSigningSecret, publicKeysOf } from '../verify/find-signing-secret.ts'
import { signDelivery } from '../verify/sign-delivery.ts'
import { cliError, EXIT } from './exit.ts'
import { readHeaderOptions, readInput } from './read-input.ts'
import { refuseUnopened } from './refuse-unopened.ts'
import { MULTIPART_TYPE, writeMultipart } from './write-multipart.ts'

interface SendOptions {
  payload?: string
  type?: string
  id?: string
  header?: string[]
  url?: string
  key?: string
  json?: boolean
  config?: string
}

/** Signs a body as the source's sender would and posts it; prints what was answered. */
export async function sendDelivery(sourceName: string, options: SendOptions): Promise<number> {
  if (options.payload === undefined) throw cliError(EXIT.usage, 'expected --payload or --capture')
  const { source, base } = findTarget(sourceName, options)
  const delivery = makeOrExit(source, readInput(options.payload), options)
  const answer = await post(base + delivery.path, delivery)
  return tellAnswer(answer.status, answer.text, options.json)
}

/** The source of that name, and the URL for its deliveries; or ends the command with what is wrong. */
export function findTarget(
  sourceName: string,
  options: { url?: string; config?: string },
): { source: SourceConfig; base: string } {
  const loaded = loadConfig(options.config === undefined ? {} : { file: options.config })
  if (!loaded.ok) throw cliError(EXIT.config, loaded.problems.map(formatProblem).join('\n'))
  const source = loaded.config.sources.get(sourceName)
  if (source === undefined)
    throw cliError(
      EXIT.usage,
      `"${sourceName}": expected one of the sources ${[...loaded.config.sources.keys()].join(', ')}`,
    )
  refuseUnopened(loaded.config, `/sources/${sourceName}`)
  const { host, port } = loaded.config.listen
  const base = options.url ?? `http://${host.includes(':') ? `[${host}]` : host}:${port}/hooks/${sourceName}`
  return { source, base }
}

/** Prints what was answered, and gives the exit code: 1 where it is no success. */
export function tellAnswer(status: number, text: string, json: boolean | undefined): number {
  process.stdout.write(
    json === true ? `${JSON.stringify({ status, body: parseOrText(text) })}\n` : `${status} ${text}\n`,
  )
  return status >= 200 && status < 300 ? EXIT.done : EXIT.failed
}

function parseOrText(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

/** The same as `makeDelivery`; what cannot be signed ends the command. */
function makeOrExit(source: SourceConfig, body: Buffer, { key: keyFile, ...options }: SendOptions): TestDelivery {
  const privateKey = keyFile === undefined ? undefined : readInput(keyFile).toString('utf8')
  const { definition, secrets, name } = source
  if (privateKey !== undefined && simplesOf(definition).every(each => publicKeysOf(each, secrets) === null))
    throw cliError(EXIT.usage, `--key: expected none: nothing of "${name}" is signed with a private key`)
  try {
    return makeDelivery(source, body, { ...options, ...(privateKey !== undefined && { privateKey }) })
  } catch (error) {
    if (!(error instanceof BridgeError) || error.code !== 'config_invalid') throw error
    const hint = privateKey === undefined && error.message.includes('private key') ? ': say --key <pem file>' : ''
    throw cliError(EXIT.usage, `"${name}": ${error.message}${hint}`)
  }
}

const FORM = 'application/x-www-form-urlencoded'
const MULTIPART = 'multipart/form-data'

export interface TestDelivery {
  /** What is added to the URL of the source: the event type, for senders that cannot say it otherwise, and a token in the query. */
  path: string
  headers: Record<string, string>
  body: Buffer
}

type DeliveryOptions = { type?: string; id?: string; header?: string[]; privateKey?: string }

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
  { type, id = randomUUID(), header }: DeliveryOptions,
): TestDelivery {
  const headers: Record<string, string> = {
    'content-type': jsonOrFirst(contentTypes),
    ...fillHeaders(preset.deliveryHeaders ?? {}, type, id),
    ...readHeaderOptions(header),
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

async function post(url: string, { headers, body }: TestDelivery): Promise<{ status: number; text: string }> {
  let response: Response
  try {
    response = await fetch(url, { method: 'POST', headers, body: new Uint8Array(body), redirect: 'manual' })
  } catch (error) {
    const cause =
      error instanceof Error && error.cause instanceof Error && 'code' in error.cause
        ? String(error.cause.code)
        : 'failed'
    throw cliError(EXIT.failed, `${url}: expected an answer, found ${cause}. Is the service running?`)
  }
  return { status: response.status, text: await response.text() }
}
