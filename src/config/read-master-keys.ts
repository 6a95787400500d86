import { resolve } from 'node:path'
import { MASTER_KEY_FORM, type MasterKey, parseMasterKey } from '../ledger/master-key.ts'
import type { ConfigInput } from './load-config.ts'
import { readDotEnv } from './read-dot-env.ts'

/** `BRIDGE_MASTER_KEY`, and the one that is to take its place. Neither is ever stored, logged or put into a message. */
export interface MasterKeys {
  current: MasterKeyRead
  next: MasterKeyRead
}

export type MasterKeyRead = { ok: true; key: MasterKey } | { ok: false; expected: string; found: string }

/** Reads the master keys anew: from `.env` in the working directory or the environment. An empty variable is none. */
export function readMasterKeys(input: ConfigInput = {}): MasterKeys {
  const { values } = readDotEnv(resolve(input.cwd ?? process.cwd(), '.env'))
  const env = { ...values, ...(input.env ?? process.env) }
  return { current: read('BRIDGE_MASTER_KEY', env), next: read('BRIDGE_MASTER_KEY_NEW', env) }
}

function read(name: string, env: Readonly<Record<string, string | undefined>>): MasterKeyRead {
  const text = env[name]
  const expected = `${name} in the environment of the service: ${MASTER_KEY_FORM}`
  if (text === undefined || text === '') return { ok: false, expected, found: 'nothing' }
  const key = parseMasterKey(text)
  return key === null ? { ok: false, expected, found: 'something else' } : { ok: true, key }
}
