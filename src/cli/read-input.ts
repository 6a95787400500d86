import { readFileSync } from 'node:fs'
import { cliError, EXIT } from './exit.ts'

/** Reads a file named on the command line as bytes; `-` is standard input. */
export function readInput(path: string): Buffer {
  try {
    return readFileSync(path === '-' ? 0 : path)
  } catch (error) {
    const reason = error instanceof Error && 'code' in error ? error.code : 'unreadable'
    throw cliError(EXIT.usage, `${path}: expected a readable file, found ${String(reason)}`)
  }
}

/** Reads `name:value` pairs of `--header`; names lower-case. */
export function readHeaderOptions(pairs: readonly string[] = []): Record<string, string> {
  const headers: Record<string, string> = {}
  for (const pair of pairs) {
    const colon = pair.indexOf(':')
    if (colon < 1) throw cliError(EXIT.usage, `--header: expected name:value, found "${pair}"`)
    headers[pair.slice(0, colon).trim().toLowerCase()] = pair.slice(colon + 1).trim()
  }
  return headers
}
