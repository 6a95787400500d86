import { loadConfig } from '../config/load-config.ts'
import type { SourceConfig } from '../config/read-source.ts'
import { BridgeError } from '../errors.ts'
import { formatProblem } from '../mapping/problem.ts'
import { makeDelivery, type TestDelivery } from '../source/make-delivery.ts'
import { simplesOf } from '../source/secret-places.ts'
import { publicKeysOf } from '../verify/find-signing-secret.ts'
import { cliError, EXIT } from './exit.ts'
import { readHeaderOptions, readInput } from './read-input.ts'
import { refuseUnopened } from './refuse-unopened.ts'

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
function makeOrExit(
  source: SourceConfig,
  body: Buffer,
  { key: keyFile, header, ...options }: SendOptions,
): TestDelivery {
  const headers = readHeaderOptions(header)
  const privateKey = keyFile === undefined ? undefined : readInput(keyFile).toString('utf8')
  const { definition, secrets, name } = source
  if (privateKey !== undefined && simplesOf(definition).every(each => publicKeysOf(each, secrets) === null))
    throw cliError(EXIT.usage, `--key: expected none: nothing of "${name}" is signed with a private key`)
  try {
    return makeDelivery(source, body, { ...options, headers, ...(privateKey !== undefined && { privateKey }) })
  } catch (error) {
    if (!(error instanceof BridgeError) || error.code !== 'config_invalid') throw error
    const hint = privateKey === undefined && error.message.includes('private key') ? ': say --key <pem file>' : ''
    throw cliError(EXIT.usage, `"${name}": ${error.message}${hint}`)
  }
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
