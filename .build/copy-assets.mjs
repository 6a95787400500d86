// tsc copies only what it compiles: the SQL, GraphQL and JSON files beside the sources go along here.
import { cpSync, readdirSync } from 'node:fs'
import { extname, join } from 'node:path'

const ASSETS = new Set(['.sql', '.graphql', '.json'])

for (const entry of readdirSync('src', { recursive: true, withFileTypes: true })) {
  if (!entry.isFile() || !ASSETS.has(extname(entry.name))) continue
  const path = join(entry.parentPath, entry.name)
  cpSync(path, join('dist', path))
}
