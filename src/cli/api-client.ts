import { request } from 'undici'
import { type ClientSettings, readClientSettings } from '../config/read-client.ts'
import { type CliError, cliError, EXIT } from './exit.ts'

/** Reads where the running service is, or ends the command: exit code 78. */
export function readClientOrExit(): Client {
  const read = readClientSettings()
  if (!read.ok) throw cliError(EXIT.config, read.message)
  const { url, key } = read.settings
  if (key === null)
    throw cliError(
      EXIT.config,
      'BRIDGE_ADMIN_KEY: expected the admin key of the service (environment or .env), found none',
    )
  return { url, key }
}

/** What every command that asks the service is given. */
export type Client = ClientSettings & { key: string }

/** Gets JSON from the API of the running service, or ends the command with what it said: exit code 1. */
export async function getJson<T>(client: Client, path: string): Promise<T> {
  const bytes = await getBytes(client, path)
  try {
    return JSON.parse(bytes.toString('utf8')) as T
  } catch {
    throw cliError(EXIT.failed, `${client.url}${path}: expected JSON, found something else`)
  }
}

/** Gets bytes from the API of the running service, or ends the command with what it said: exit code 1. */
export async function getBytes({ url, key }: Client, path: string): Promise<Buffer> {
  const response = await ask(url, path, key)
  if (!response.ok) throw cliError(EXIT.failed, `${url}${path}: ${response.status} ${await readError(response)}`)
  try {
    return Buffer.from(await response.arrayBuffer())
  } catch {
    throw cliError(EXIT.failed, `${url}${path}: expected a whole answer, found one that was cut off`)
  }
}

/** Gets an answer of the API of the running service piece by piece, or ends the command with what it said: exit code 1. */
export async function* getChunks({ url, key }: Client, path: string): AsyncGenerator<Buffer, void, void> {
  const response = await ask(url, path, key)
  if (!response.ok) throw cliError(EXIT.failed, `${url}${path}: ${response.status} ${await readError(response)}`)
  try {
    for await (const chunk of response.body!) yield Buffer.from(chunk)
  } catch {
    throw cliError(EXIT.failed, `${url}${path}: expected a whole answer, found one that was cut off`)
  }
}

/** What came of an act: done, or refused for a reason that lies in what it was about. */
export type ActResult = { ok: true; state: string; message: string } | { ok: false; code: string; message: string }

/** Posts an act. What is refused because of its object (404, 409, 410) is an answer; anything else ends the command. */
export async function postAct({ url, key }: Client, path: string, body: object): Promise<ActResult> {
  const response = await ask(url, path, key, body)
  try {
    if (response.ok) {
      const { state, message } = (await response.json()) as { state: string; message: string }
      return { ok: true, state, message }
    }
    if ([404, 409, 410].includes(response.status)) {
      const { error } = (await response.json()) as { error: { code: string; message: string } }
      return { ok: false, code: error.code, message: error.message }
    }
  } catch {
    throw cliError(EXIT.failed, `${url}${path}: expected a whole answer, found one that was cut off`)
  }
  throw cliError(EXIT.failed, `${url}${path}: ${response.status} ${await readError(response)}`)
}

/** Sends an act that answers with JSON, or ends the command with what was said: exit code 1. */
export async function sendJson<T>(
  { url, key }: Client,
  method: 'PUT' | 'POST' | 'DELETE',
  path: string,
  body?: object,
): Promise<T> {
  const response = await ask(url, path, key, body, method)
  if (!response.ok) throw cliError(EXIT.failed, `${url}${path}: ${response.status} ${await readError(response)}`)
  try {
    return (await response.json()) as T
  } catch {
    throw cliError(EXIT.failed, `${url}${path}: expected JSON, found something else`)
  }
}

/** Posts JSON to the API of the running service and gives the lines of its NDJSON answer as they come. */
export async function* postForLines(
  { url, key }: Client,
  path: string,
  body: unknown,
): AsyncGenerator<unknown, void, void> {
  yield* readLines(url + path, await ask(url, path, key, body))
}

/** Gets the lines of an NDJSON answer of the API of the running service as they come. */
export async function* getLines({ url, key }: Client, path: string): AsyncGenerator<unknown, void, void> {
  yield* readLines(url + path, await ask(url, path, key, undefined, 'GET', 'application/x-ndjson'))
}

async function* readLines(address: string, response: Response): AsyncGenerator<unknown, void, void> {
  if (!response.ok) throw cliError(EXIT.failed, `${address}: ${response.status} ${await readError(response)}`)
  let rest = ''
  try {
    for await (const chunk of response.body!.pipeThrough(new TextDecoderStream())) {
      const lines = (rest + chunk).split('\n')
      rest = lines.pop()!
      for (const line of lines) yield JSON.parse(line)
    }
  } catch {
    throw cliError(EXIT.failed, `${address}: expected a whole answer, found one that was cut off`)
  }
  if (rest !== '') throw cliError(EXIT.failed, `${address}: expected a whole answer, found one that was cut off`)
}

/** An answer that may take its time: minutes before the first byte, and as long as it likes after that. */
export interface Download {
  header(name: string): string | null
  body: AsyncIterable<Uint8Array>
}

/** Begins to get something large from the API of the running service, or ends the command with what it said: exit code 1. */
export async function openDownload({ url, key }: Client, path: string): Promise<Download> {
  const headers = { authorization: `Bearer ${key}` }
  let response: Awaited<ReturnType<typeof request>>
  try {
    // it follows no redirect, which would take the key along
    response = await request(url + path, { headers, headersTimeout: 0, bodyTimeout: 0 })
  } catch (error) {
    throw noAnswer(url, error)
  }
  const { statusCode, body } = response
  if (statusCode !== 200) throw cliError(EXIT.failed, `${url}${path}: ${statusCode} ${await readError(body)}`)
  const found = response.headers
  return { header: name => (typeof found[name] === 'string' ? found[name] : null), body }
}

/** A body makes it a POST, where nothing else is said. */
async function ask(
  url: string,
  path: string,
  key: string,
  body?: unknown,
  method?: string,
  accept = '*/*',
): Promise<Response> {
  const headers = { authorization: `Bearer ${key}`, accept }
  const request =
    body === undefined
      ? { method: method ?? 'GET', headers }
      : {
          method: method ?? 'POST',
          headers: { ...headers, 'content-type': 'application/json' },
          body: JSON.stringify(body),
        }
  try {
    // a redirect would take the key along
    return await fetch(url + path, { ...request, redirect: 'error' })
  } catch (error) {
    throw noAnswer(url, error instanceof Error ? error.cause : undefined)
  }
}

function noAnswer(url: string, cause: unknown): CliError {
  const found = cause instanceof Error && 'code' in cause ? String(cause.code) : 'none'
  return cliError(EXIT.failed, `${url}: expected an answer, found ${found}. Is the service running? (BRIDGE_URL)`)
}

async function readError(response: { json(): Promise<unknown> }): Promise<string> {
  try {
    const { error } = (await response.json()) as { error: { code: string; message: string } }
    return `${error.code}: ${error.message}`
  } catch {
    return 'without a reason'
  }
}
