import { readFileSync } from 'node:fs'
import t from 'tap'
import { bridgeJsonSchema, bridgeJsonSchemaText, bridgeSchema, knownKeysAt } from '../../src/config/bridge-schema.ts'
import { mappingJsonSchemaText } from '../../src/mapping/mapping-json-schema.ts'

t.test('the schemas that are checked in are those the bridge checks by', async t => {
  for (const [file, text] of [
    ['schema/bridge.schema.json', bridgeJsonSchemaText()],
    ['mappings/schema.json', mappingJsonSchemaText()],
  ] as const)
    t.equal(readFileSync(new URL(`../../${file}`, import.meta.url), 'utf8'), text, `${file} is stale: npm run schemas`)
})

t.test('editors are told every section, and that no other key is allowed', async t => {
  const schema = bridgeJsonSchema() as { properties: Record<string, object>; additionalProperties: boolean }
  t.strictSame(Object.keys(schema.properties), Object.keys(bridgeSchema.shape))
  t.equal(schema.additionalProperties, false)
  t.match(schema, {
    properties: { sources: { additionalProperties: { additionalProperties: false, required: ['scheme'] } } },
  })
})

t.test('suggestions know the keys of every section', async t => {
  t.ok(knownKeysAt('').includes('sources'))
  t.ok(knownKeysAt('/sources/x').includes('secrets'))
  t.ok(knownKeysAt('/sources/x').includes('timestampHeader'))
  t.strictSame(knownKeysAt('/sources/x/secrets/0'), ['ref', 'expires'])
  t.ok(knownKeysAt('/integrations/x').includes('token'))
  t.strictSame(knownKeysAt('/integrations/x/rateLimit'), ['perMinute', 'perDay'])
  t.strictSame(knownKeysAt('/integrations/x/backoff'), ['base', 'cap'])
  t.strictSame(knownKeysAt('/integrations/x/circuitBreaker'), ['failureRatio', 'attempts', 'window', 'open'])
  t.ok(knownKeysAt('/limits').includes('settle'))
  t.strictSame(knownKeysAt('/constants/x'), [])
})
