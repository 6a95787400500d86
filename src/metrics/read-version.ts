import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { packageFolder } from '../config/package-folder.ts'

/** The version of this package. */
export function readVersion(): string {
  const { version } = JSON.parse(readFileSync(join(packageFolder(), 'package.json'), 'utf8')) as { version: string }
  return version
}
