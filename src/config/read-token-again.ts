import { resolve } from 'node:path'
import type { Config, ConfigInput } from './load-config.ts'
import { readDotEnv } from './read-dot-env.ts'
import { type IntegrationConfig, readToken } from './read-integration.ts'

export type TokenRead = { ok: true; token: string } | { ok: false; message: string }

/**
 * Reads the token of an integration anew, from where bridge.json (as it is in force) says it is. The `.env` is read again; a
 * variable of the process itself hides what stands there, and changes only with a restart.
 */
export function readTokenAgain(
  { folder, envFile }: Pick<Config, 'folder' | 'envFile'>,
  { tokenReference }: IntegrationConfig,
  { env: processEnv = process.env, opened }: ConfigInput,
): TokenRead {
  const dotEnv = readDotEnv(envFile)
  const [problem] = dotEnv.problems
  if (problem !== undefined) return { ok: false, message: `${resolve(envFile)}: ${problem.message}` }
  const read = readToken(tokenReference, { ...dotEnv.values, ...processEnv }, folder, opened ?? null)
  return read.ok ? read : { ok: false, message: `expected ${read.expected}, found ${read.found}` }
}
