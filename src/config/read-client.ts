import { resolve } from 'node:path'
import { formatProblem, type Problem } from '../mapping/problem.ts'
import type { ConfigInput } from './load-config.ts'
import { readDotEnv } from './read-dot-env.ts'

/** Where the running service is, and the key for it. */
export interface ClientSettings {
  /** Without a trailing slash. */
  url: string
  key: string | null
}

const URL_DEFAULT = 'http://127.0.0.1:8787'

/**
 * Reads what a command needs to reach the running service: `BRIDGE_URL` and `BRIDGE_ADMIN_KEY`, from `.env` in the
 * working directory or the environment (interface.md 7). It does not read `bridge.json`: the service may run elsewhere.
 */
export function readClientSettings(
  input: Omit<ConfigInput, 'file'> = {},
): { ok: true; settings: ClientSettings } | { ok: false; message: string } {
  const dotEnv = readDotEnv(resolve(input.cwd ?? process.cwd(), '.env'))
  if (dotEnv.problems.length > 0) return { ok: false, message: describe(dotEnv.problems) }
  const env = { ...dotEnv.values, ...(input.env ?? process.env) }
  const text = env.BRIDGE_URL || URL_DEFAULT
  const url = URL.parse(text)
  if (url === null || !/^https?:$/.test(url.protocol) || url.username !== '' || url.password !== '')
    return {
      ok: false,
      message: `BRIDGE_URL: expected an http(s) URL without credentials, such as ${URL_DEFAULT}, found another text`,
    }
  return { ok: true, settings: { url: url.href.replace(/\/+$/, ''), key: env.BRIDGE_ADMIN_KEY || null } }
}

function describe(problems: readonly Problem[]): string {
  return problems.map(formatProblem).join('\n')
}
