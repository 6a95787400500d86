import { type ClientSettings, readClientSettings } from '../config/read-client.ts'
import { cliError, EXIT } from './exit.ts'

/** Reads where the running service is, or ends the command: exit code 78. */
export function readClientOrExit(): ClientSettings & { key: string } {
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

/** Posts JSON to the API of the running service and gives the lines of its NDJSON answer as they come. */
export async function* postForLines(
  { url, key }: ClientSettings & { key: string },
  path: string,
  body: unknown,
): AsyncGenerator<unknown, void, void> {
  const response = await ask(url, path, key, body)
  if (!response.ok) throw cliError(EXIT.failed, `${url}${path}: ${response.status} ${await readError(response)}`)
  let rest = ''
  try {
    for await (const chunk of response.body!.pipeThrough(new TextDecoderStream())) {
      const lines = (rest + chunk).split('\n')
      rest = lines.pop()!
      for (const line of lines) yield JSON.parse(line)
    }
  } catch {
    throw cliError(EXIT.failed, `${url}${path}: expected a whole answer, found one that was cut off`)
  }
  if (rest !== '') throw cliError(EXIT.failed, `${url}${path}: expected a whole answer, found one that was cut off`)
}

async function ask(url: string, path: string, key: string, body: unknown): Promise<Response> {
  const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json' }
  try {
    // a redirect would take the key along
    return await fetch(url + path, { method: 'POST', headers, body: JSON.stringify(body), redirect: 'error' })
  } catch (error) {
    const cause = error instanceof Error ? error.cause : undefined
    const found = cause instanceof Error && 'code' in cause ? String(cause.code) : 'none'
    throw cliError(EXIT.failed, `${url}: expected an answer, found ${found}. Is the service running? (BRIDGE_URL)`)
  }
}

async function readError(response: Response): Promise<string> {
  try {
    const { error } = (await response.json()) as { error: { code: string; message: string } }
    return `${error.code}: ${error.message}`
  } catch {
    return 'without a reason'
  }
}
