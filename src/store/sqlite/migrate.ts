import { readdirSync, readFileSync } from 'node:fs'
import Database from 'better-sqlite3'
import { BridgeError } from '../../errors.ts'

const FOLDER = new URL('../migrations/', import.meta.url)

/** Migrations of this release, in order. */
function listMigrations(): string[] {
  return readdirSync(FOLDER)
    .filter(name => name.endsWith('.sql'))
    .sort()
}

/** Which schema a database has, and which this release begins with; changes nothing. */
export function readSchemaVersion(file: string): { version: number; known: number } {
  const db = new Database(file, { readonly: true })
  try {
    return { version: db.pragma('user_version', { simple: true }) as number, known: listMigrations().length }
  } finally {
    db.close()
  }
}

/** Brings the schema up to date: forward-only numbered files, each in its own transaction, counted in `user_version`. */
export function migrate(db: Database.Database): void {
  const files = listMigrations()
  const version = db.pragma('user_version', { simple: true }) as number
  if (version > files.length) {
    throw new BridgeError(
      'store_newer',
      `The database has schema version ${version}, this release knows up to ${files.length}: upgrade the bridge`,
    )
  }
  for (const [index, name] of files.entries()) {
    if (index < version) continue
    const sql = readFileSync(new URL(name, FOLDER), 'utf8')
    db.exec(`begin immediate;\n${sql}\npragma user_version = ${index + 1};\ncommit;`)
  }
}
