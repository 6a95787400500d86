import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { Config } from '../../config/load-config.ts'

/** Name of the schema file in the mapping folder. */
const SCHEMA_FILE = 'schema.graphql'

/** Where `schema pull` writes: `pixelesq.schema`, else `schema.graphql` in the mapping folder. */
export function ownSchemaFile({ schemaFile, mappingsFolder }: Pick<Config, 'schemaFile' | 'mappingsFolder'>): string {
  return schemaFile ?? join(mappingsFolder, SCHEMA_FILE)
}

/** The schema file that mappings are checked against: one's own where it is there, else the shipped one. */
export function schemaFileInForce(config: Pick<Config, 'schemaFile' | 'mappingsFolder'>): string {
  const own = ownSchemaFile(config)
  return config.schemaFile !== null || existsSync(own) ? own : join(import.meta.dirname, '..', SCHEMA_FILE)
}
