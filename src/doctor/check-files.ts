import { existsSync, readdirSync, statfsSync, statSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { type Check, failed, ok, warning } from './check.ts'

/** From this multiple of the low-water mark on, there is room for a backup and a busy day. */
const ROOMY = 4

/** May anybody but the owner read the database, what lies beside it, or the secrets? The umask does not matter: modes do. */
export function checkPermissions(storeFile: string, envFile: string): Check {
  const folder = dirname(storeFile)
  const beside = readdirSync(folder)
    .filter(name => name.startsWith(basename(storeFile)))
    .map(name => join(folder, name))
  const open = [folder, ...beside, ...(existsSync(envFile) ? [envFile] : [])].filter(path => othersMay(path))
  if (open.length === 0) return ok('permissions', `${folder} and ${beside.length} files in it are closed to others`)
  const found = open.map(path => `${path} is ${(statSync(path).mode & 0o777).toString(8)}`).join(', ')
  return failed('permissions', found, `close them: chmod go-rwx ${open.join(' ')}`)
}

function othersMay(path: string): boolean {
  return (statSync(path, { throwIfNoEntry: false })?.mode ?? 0) % 0o100 !== 0
}

/** How far is the disk of the database from the mark below which deliveries are refused? */
export function checkDisk(storeFile: string, freeMinBytes: number): Check {
  const disk = statfsSync(dirname(storeFile))
  const free = disk.bavail * disk.bsize
  const size = statSync(storeFile, { throwIfNoEntry: false })?.size ?? 0
  const found = `${megabytes(free)} free, the database has ${megabytes(size)}, deliveries are refused below ${megabytes(freeMinBytes)}`
  if (free < freeMinBytes) return failed('disk', found, 'make room: nothing is recorded until there is')
  if (free < Math.max(ROOMY * freeMinBytes, size + freeMinBytes))
    return warning('disk', found, 'make room, or shorten retention: a backup needs as much as the database beside it')
  return ok('disk', found)
}

function megabytes(bytes: number): string {
  return `${Math.round(bytes / 1_048_576)} MiB`
}
