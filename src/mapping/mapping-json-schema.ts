import * as z from 'zod'
import { mappingSchema } from './mapping-schema.ts'

/**
 * The JSON Schema of mapping files, for editors; checked in as mappings/schema.json.
 * Draft 7, the newest one that the editors' JSON services support in full.
 */
export function mappingJsonSchema(): Record<string, unknown> {
  const { $schema, ...schema } = z.toJSONSchema(mappingSchema, { target: 'draft-7', io: 'input' })
  return {
    $schema,
    title: 'Pixelesq Bridge mapping',
    ...schema,
    oneOf: [{ required: ['steps'] }, { required: ['action'] }],
  }
}

/** The text of mappings/schema.json. */
export function mappingJsonSchemaText(): string {
  return `${JSON.stringify(mappingJsonSchema(), null, 2)}\n`
}
