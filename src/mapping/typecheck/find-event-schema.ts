import { readFileSync, statSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'

/** The schema of a sender's events, where its package is installed. */
export interface EventSchemaFile {
  /** Changes when another version is installed. */
  key: string
  /** The file's text; null where it cannot be read. */
  read(): string | null
}

/** The package that has the events of a preset: nobody must install it. */
const PACKAGES: Readonly<Record<string, string>> = { github: '@octokit/webhooks-schemas' }

/** Largest schema, in bytes; that of 2025 has 629,797. */
const SCHEMA_BYTES_MAX = 8_388_608

/**
 * Looks for the package with the event schema of a preset as a module of one of the folders would find it, then beside the
 * bridge. Nothing of it is run or read here. Null where there is none.
 */
export function findEventSchema(preset: string, folders: readonly string[]): EventSchemaFile | null {
  const name = Object.hasOwn(PACKAGES, preset) ? PACKAGES[preset]! : null
  if (name === null) return null
  for (const folder of [...folders, import.meta.dirname]) {
    const found = findIn(folder, name)
    if (found !== null) return found
  }
  return null
}

function findIn(folder: string, name: string): EventSchemaFile | null {
  try {
    const file = createRequire(join(folder, 'module.js')).resolve(name)
    const { size, mtimeMs } = statSync(file)
    if (!file.endsWith('.json') || size > SCHEMA_BYTES_MAX) return null
    return { key: `${file} ${size} ${mtimeMs}`, read: () => readText(file) }
  } catch {
    return null
  }
}

function readText(file: string): string | null {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return null
  }
}
