import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { mappingJsonSchemaText } from '../mapping/mapping-json-schema.ts'
import { bridgeJsonSchemaText } from './bridge-schema.ts'
import { packageFolder } from './package-folder.ts'

/** The JSON Schemas that are checked in, for editors; `npm run schemas` writes them. */
const FILES: Readonly<Record<string, () => string>> = {
  'schema/bridge.schema.json': bridgeJsonSchemaText,
  'mappings/schema.json': mappingJsonSchemaText,
}

for (const [file, text] of Object.entries(FILES)) {
  const path = join(packageFolder(), file)
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, text())
  process.stdout.write(`${file}: written\n`)
}
