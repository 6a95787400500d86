import type { BridgeFile } from './bridge-schema.ts'
import { isObject } from './is-object.ts'

const SCHEME = 'sealed:'

/** Finds the secrets of the store that a file names (`sealed:NAME`). */
export function findSealedNames({ integrations, sources }: Pick<BridgeFile, 'integrations' | 'sources'>): Set<string> {
  const names = new Set<string>()
  const look = (value: unknown): void => {
    if (typeof value === 'string' && value.startsWith(SCHEME)) names.add(value.slice(SCHEME.length))
    if (isObject(value)) Object.values(value).forEach(look)
  }
  look([integrations, sources])
  return names
}
