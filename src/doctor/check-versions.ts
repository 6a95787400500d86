import { readFileSync } from 'node:fs'
import { findPackageJSON } from 'node:module'
import { type Check, failed, ok, warning } from './check.ts'

/** Lowest releases of Node, by major, without known holes that concern a bridge. */
const NODE_MIN: Readonly<Record<number, string>> = { 22: '22.22.2', 24: '24.14.1' }
/** Lowest releases of what reads foreign bytes: below them there are known holes (bodies, redirects, decompression). */
const LIBRARIES_MIN: Readonly<Record<string, string>> = {
  fastify: '5.12.6',
  undici: '8.10.2',
  graphql: '16.8.1',
  jose: '5.0.0',
  zod: '3.22.3',
}
/** Below this a WAL reset can corrupt the database. */
const SQLITE_MIN = '3.51.3'

/** Compares versions by their three numbers. */
export function isAtLeast(version: string, least: string): boolean {
  const [found, wanted] = [version, least].map(text => text.split('.').map(part => Number.parseInt(part, 10)))
  for (let n = 0; n < 3; n++) if (found![n] !== wanted![n]) return (found![n] ?? 0) > (wanted![n] ?? 0)
  return true
}

/** Is this Node one of those without known holes? Releases of majors that are not listed are newer. */
export function checkNode(version: string): Check {
  const least = NODE_MIN[Number.parseInt(version, 10)]
  const isListed = least !== undefined
  if (isListed ? isAtLeast(version, least) : isAtLeast(version, '25.0.0')) return ok('node', `Node ${version}`)
  return warning('node', `Node ${version}, with known holes`, `install Node ${least ?? NODE_MIN[24]} or later`)
}

/** Versions of the libraries that read foreign bytes, as they are installed. */
export function readLibraries(): Record<string, string | null> {
  return Object.fromEntries(
    Object.keys(LIBRARIES_MIN).map(name => {
      const file = findPackageJSON(name, import.meta.url)
      return [name, file === undefined ? null : (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version]
    }),
  )
}

/** Are they, and SQLite, at or above their floors? */
export function checkLibraries(libraries: Readonly<Record<string, string | null>>, sqlite: string): Check {
  const all = { ...libraries, sqlite }
  const floors: Readonly<Record<string, string>> = { ...LIBRARIES_MIN, sqlite: SQLITE_MIN }
  const below = Object.entries(all).filter(([name, version]) => version === null || !isAtLeast(version, floors[name]!))
  const say = ([name, version]: [string, string | null]): string => `${name} ${version ?? 'missing'}`
  if (below.length === 0) return ok('libraries', Object.entries(all).map(say).join(', '))
  const wanted = below.map(([name]) => `${name} ${floors[name]}`).join(', ')
  return failed('libraries', below.map(say).join(', '), `install ${wanted} or later`)
}
