import { readdirSync, readFileSync } from 'node:fs'
import { Ajv } from 'ajv'
import t from 'tap'
import { SNIPPETS } from '../../src/mapping/editor-hints.ts'
import { mappingJsonSchema, mappingJsonSchemaText } from '../../src/mapping/mapping-json-schema.ts'
import { mappingSchema } from '../../src/mapping/mapping-schema.ts'

type Json = Record<string, unknown>

const mappings = new URL('../../mappings/', import.meta.url)
const read = (url: URL): unknown => JSON.parse(readFileSync(url, 'utf8'))
const namesOf = (folder: string): string[] =>
  readdirSync(new URL(`../../src/pixelesq/${folder}`, import.meta.url))
    .map(file => /^(\w+)\.(?:json|graphql)$/.exec(file)![1]!)
    .filter((name, i, names) => names.indexOf(name) === i)
    .sort()
/** The validator Fastify brings along; keywords of VS Code's are unknown to it. */
const validate = new Ajv({ strict: false, allErrors: true }).compile(mappingJsonSchema())
const errorsOf = (value: unknown): string[] => {
  validate(value)
  return (validate.errors ?? []).map(error => `${error.instancePath} ${error.message}`)
}

t.test('mappings/schema.json is the schema the loader uses', async t => {
  const checkedIn = readFileSync(new URL('schema.json', mappings), 'utf8')
  t.equal(checkedIn, mappingJsonSchemaText(), 'stale: run `npm run schemas`')
})

t.test('editors are told every key, and that no other is allowed', async t => {
  const schema = mappingJsonSchema() as { properties: Json; additionalProperties: boolean; required: string[] }
  t.strictSame(Object.keys(schema.properties).sort(), Object.keys(mappingSchema.shape).sort())
  t.equal(schema.additionalProperties, false)
  t.strictSame(schema.required, ['source', 'integration'])
})

t.test('every key, parameter and variable has a description', async t => {
  let seen = 0
  const walk = (value: unknown, path: string): void => {
    if (typeof value !== 'object' || value === null) return
    for (const [key, item] of Object.entries(value)) {
      if (key === 'defaultSnippets' || key === 'if' || key === 'examples') continue
      if (key === 'properties' && !path.endsWith('/properties')) {
        for (const [name, property] of Object.entries(item as Record<string, Json>)) {
          const at = `${path}/${name}`
          // within a condition's answer, `with` and `variables` are those described above
          const isRefined = path.endsWith('/then') && name === 'variables'
          if (!isRefined && typeof property.description !== 'string') t.fail(`${at} has no description`)
          seen++
        }
      }
      walk(item, `${path}/${key}`)
    }
  }
  walk(mappingJsonSchema(), '')
  t.ok(seen > 100, `${seen} descriptions`)
})

t.test('every shipped action has a branch with its parameters, every operation its variables', async t => {
  const schema = mappingJsonSchema() as { properties: Record<string, Json>; allOf: { if: Json; then: Json }[] }
  const actions = namesOf('actions')
  t.strictSame(schema.properties.action!.enum, actions)
  t.equal((schema.properties.action!.enumDescriptions as string[]).length, actions.length)
  for (const [i, name] of actions.entries()) {
    const file = read(new URL(`../../src/pixelesq/actions/${name}.json`, import.meta.url)) as { parameters: Json }
    const branch = schema.allOf[i]!
    t.strictSame(branch.if, { properties: { action: { const: name } }, required: ['action'] })
    const given = (branch.then.properties as { with: { properties: Json } }).with
    t.strictSame(Object.keys(given.properties), Object.keys(file.parameters), name)
  }
  const steps = schema.properties.steps as { items: { properties: { operation: { anyOf: Json[] } }; allOf: Json[] } }
  t.strictSame(steps.items.properties.operation.anyOf[0]!.enum, namesOf('operations'))
  const createEntry = steps.items.allOf.find(branch => JSON.stringify(branch.if).includes('"createEntry"'))!
  t.match(
    JSON.stringify(createEntry),
    /"collectionId":\{"description":"String!, required\..*"payload":\{"description":"CreateEntryDto!, required/,
  )
})

const base = { source: 'github', integration: 'ci' }
const publish = { ...base, action: 'publishPage', with: { pageId: 'pg' } }
const step = { id: 'a', operation: 'entries', variables: { collectionId: 'c' } }

t.test('shipped mappings and examples are valid, and so is what the loader takes', async t => {
  const shipped = ['', 'examples/'].flatMap(folder =>
    readdirSync(new URL(folder, mappings))
      .filter(file => file.endsWith('.json') && file !== 'schema.json' && !file.endsWith('.test.json'))
      .map(file => folder + file),
  )
  t.ok(shipped.length >= 3)
  for (const file of shipped) t.strictSame(errorsOf(read(new URL(file, mappings))), [], file)
  const good: [string, unknown][] = [
    ['an action', publish],
    ['a parameter that is an expression', { ...publish, with: { pageId: '${payload.page}', projectId: 3 } }],
    ['steps', { ...base, steps: [step] }],
    ['an operation of its own', { ...base, steps: [{ id: 'a', operation: 'myOwn', variables: { anything: [1] } }] }],
    ['variables a shipped operation has not', { ...base, steps: [{ ...step, variables: { mine: 1 } }] }],
    ['a hold', { ...base, steps: [step, { id: 'b', if: 'true', hold: 'stop ${payload.a}' }] }],
    [
      'everything',
      {
        ...publish,
        $schema: './schema.json',
        description: 'x',
        on: ['a.*'],
        when: 'true',
        order: 'a',
        coalesce: 'latest',
        runAt: '10m',
        expiresAfter: '1h',
        forEach: 'payload.items',
        onEcho: 'run',
        vars: { a: [{}] },
        tests: [{ name: 'a', event: { type: 'x', payload: {} }, expect: { matched: false } }],
      },
    ],
    ['one of two groups of parameters', { ...base, action: 'updateEntry', with: { entryId: 'e', content: {} } }],
  ]
  for (const [name, value] of good) {
    t.strictSame(errorsOf(value), [], name)
    t.ok(mappingSchema.safeParse(value).success, name)
  }
})

t.test('what the loader refuses is marked by an editor too', async t => {
  const wrong: [string, unknown, RegExp][] = [
    ['no source', { integration: 'ci', action: 'publishPage', with: { pageId: 'a' } }, /required property 'source'/],
    ['an unknown key', { ...publish, wehn: 'true' }, /must NOT have additional properties/],
    ['neither steps nor action', base, /must match exactly one schema in oneOf/],
    ['both', { ...publish, steps: [step] }, /must match exactly one schema in oneOf/],
    [
      'an unknown action',
      { ...base, action: 'publishPag', with: {} },
      /\/action must be equal to one of the allowed values/,
    ],
    [
      'an unknown parameter',
      { ...publish, with: { pageId: 'a', pagId: 'b' } },
      /\/with must NOT have additional properties/,
    ],
    ['a missing parameter', { ...publish, with: {} }, /\/with must have required property 'pageId'/],
    ['no parameters at all', { ...base, action: 'publishPage' }, /must have required property 'with'/],
    [
      'none of the groups of parameters',
      { ...base, action: 'updateEntry', with: { content: {} } },
      /\/with must match a schema in anyOf/,
    ],
    [
      'parameters without an action',
      { ...base, steps: [step], with: {} },
      /must have property action when property with is present/,
    ],
    [
      'coalesce without order',
      { ...publish, coalesce: 'latest' },
      /must have property order when property coalesce is present/,
    ],
    ['another coalesce', { ...publish, order: 'a', coalesce: 'first' }, /\/coalesce must be equal to constant/],
    ['no steps', { ...base, steps: [] }, /\/steps must NOT have fewer than 1 items/],
    [
      'a step without an id',
      { ...base, steps: [{ operation: 'entries' }] },
      /\/steps\/0 must have required property 'id'/,
    ],
    [
      'a step of both kinds',
      { ...base, steps: [{ ...step, hold: 'x' }] },
      /\/steps\/0 must match exactly one schema in oneOf/,
    ],
    ['a step of no kind', { ...base, steps: [{ id: 'a' }] }, /\/steps\/0 must match exactly one schema in oneOf/],
    [
      'an unknown key of a step',
      { ...base, steps: [{ ...step, iff: 'true' }] },
      /\/steps\/0 must NOT have additional properties/,
    ],
    ['an id CEL cannot read', { ...base, steps: [{ ...step, id: 'a-b' }] }, /\/steps\/0\/id must match pattern/],
    ['an event type with a space', { ...publish, on: ['a b'] }, /\/on\/0 must match pattern/],
    ['a list for one text', { ...publish, when: ['true'] }, /\/when must be string/],
    [
      'a var CEL cannot read',
      { ...publish, vars: { 'a-b': 1 } },
      /\/vars (must match pattern|property name must be valid)/,
    ],
    [
      'a test without an expectation',
      { ...publish, tests: [{ name: 'a', event: { type: 'x' } }] },
      /\/tests\/0 must have required property 'expect'/,
    ],
    ['an unknown onEcho', { ...publish, onEcho: 'maybe' }, /\/onEcho must be equal to one of the allowed values/],
  ]
  for (const [name, value, expected] of wrong) t.match(errorsOf(value).join('\n'), expected, name)
})

t.test('the snippets, left as they are, are JSON that is valid', async t => {
  const fill = (text: string): string =>
    text.replace(/\\([$}\\])|\$\{\d+:([^}]*)\}/g, (_all, escaped?: string, filled?: string) => escaped ?? filled ?? '')
  const { mapping, step, test } = SNIPPETS
  for (const { label, bodyText } of mapping) t.strictSame(errorsOf(JSON.parse(fill(bodyText))), [], label)
  for (const { label, bodyText } of step)
    t.strictSame(errorsOf({ ...base, steps: [JSON.parse(fill(bodyText))] }), [], label)
  for (const { label, bodyText } of test)
    t.strictSame(errorsOf({ ...publish, tests: [JSON.parse(fill(bodyText))] }), [], label)
  t.match(fill(mapping[1]!.bodyText), '"order": "${payload.data.object.id}"')
})
