import { readFileSync } from 'node:fs'
import t from 'tap'
import { mappingJsonSchema, mappingJsonSchemaText } from '../../src/mapping/mapping-json-schema.ts'

t.test('mappings/schema.json is the schema the loader uses', async t => {
  const checkedIn = readFileSync(new URL('../../mappings/schema.json', import.meta.url), 'utf8')
  t.equal(checkedIn, mappingJsonSchemaText(), 'stale: write mappingJsonSchemaText() to mappings/schema.json')
})

t.test('editors are told every key, and that no other is allowed', async t => {
  const schema = mappingJsonSchema() as { properties: object; additionalProperties: boolean; required: string[] }
  t.equal(Object.keys(schema.properties).length, 16)
  t.equal(schema.additionalProperties, false)
  t.strictSame(schema.required, ['source', 'integration'])
})
