import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'

/** Shortest secret taken; below this it can be guessed (interface.md 2). */
export const SECRET_BYTES_MIN = 16
/** What is larger than this is not a secret. */
export const SECRET_BYTES_MAX = 65_536

export type ResolvedSecret = { ok: true; value: string } | UnresolvedSecret
/** `isUnopened`: it is sealed, and the store that has it is not open. */
export interface UnresolvedSecret {
  ok: false
  expected: string
  found: string
  isUnopened?: true
}

/** What is sealed in the store, opened beforehand, because a configuration is read in one go. */
export interface OpenedSecrets {
  /** What `sealed:NAME` stands for. */
  get(name: string): ResolvedSecret
  /** The secret that was captured for a source; null = none yet. */
  captured(source: string): { ok: true; value: string | null } | UnresolvedSecret
}

/** What is said of a sealed secret where the store is not open. */
export const UNOPENED: UnresolvedSecret = {
  ok: false,
  expected: 'a secret sealed in the store',
  found: 'a store that is not open',
  isUnopened: true,
}

/**
 * Fetches the secret a reference points at: `env:NAME`, `file:/path` (relative to the folder of the configuration; one
 * trailing line break is dropped), or `sealed:NAME` (`opened` null = the store is not open). Neither the secret nor a part
 * of it is ever in the answer of a failure.
 */
export function resolveSecret(
  reference: string,
  env: Readonly<Record<string, string | undefined>>,
  folder: string,
  allowShort: boolean,
  opened: OpenedSecrets | null = null,
): ResolvedSecret {
  if (reference.startsWith('sealed:')) return opened?.get(reference.slice('sealed:'.length)) ?? UNOPENED
  const fetched = reference.startsWith('env:')
    ? fromEnv(reference.slice(4), env)
    : fromFile(reference.slice('file:'.length), folder)
  if (!fetched.ok) return fetched
  const bytes = Buffer.byteLength(fetched.value)
  if (fetched.value.trim() === '') return { ok: false, expected: `a secret in ${reference}`, found: 'an empty one' }
  if (bytes < SECRET_BYTES_MIN && !allowShort) {
    return {
      ok: false,
      expected: `a secret of at least ${SECRET_BYTES_MIN} bytes in ${reference}`,
      found: `${bytes} bytes`,
    }
  }
  return fetched
}

function fromEnv(name: string, env: Readonly<Record<string, string | undefined>>): ResolvedSecret {
  const value = env[name]
  return value === undefined
    ? { ok: false, expected: `the environment variable ${name} to be set`, found: 'nothing' }
    : { ok: true, value }
}

function fromFile(path: string, folder: string): ResolvedSecret {
  try {
    const value = readFileSync(resolve(folder, path), 'utf8')
    if (value.length > SECRET_BYTES_MAX)
      return { ok: false, expected: `a secret in the file "${path}"`, found: `more than ${SECRET_BYTES_MAX} bytes` }
    return { ok: true, value: value.replace(/\r?\n$/, '') }
  } catch (error) {
    return {
      ok: false,
      expected: `the file "${path}" to be readable`,
      found: error instanceof Error && 'code' in error ? String(error.code) : 'an error',
    }
  }
}
