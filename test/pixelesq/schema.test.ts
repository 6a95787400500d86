import { readdirSync, readFileSync } from 'node:fs'
import {
  buildSchema,
  isEnumType,
  isInputObjectType,
  isIntrospectionType,
  isObjectType,
  isSpecifiedScalarType,
  Kind,
  parse,
  validate,
} from 'graphql'
import t from 'tap'
import { z } from 'zod'
import { readOperation } from '../fixtures/call-sandbox.ts'

const folder = new URL('../../src/pixelesq/operations/', import.meta.url)
const schema = buildSchema(readFileSync(new URL('../../src/pixelesq/schema.graphql', import.meta.url), 'utf8'))
const files = readdirSync(folder)
const names = files.filter(file => file.endsWith('.graphql')).map(file => file.replace('.graphql', ''))
const sidecars = files.filter(file => file.endsWith('.json')).map(file => file.replace('.json', ''))

const sidecarSchema = z.strictObject({
  success: z.string(),
  effect: z.enum(['read', 'set', 'verify', 'keyed', 'once']),
  comment: z.string(),
  verify: z
    .strictObject({
      operation: z.string(),
      variables: z.record(z.string(), z.unknown()),
      applied: z.string(),
      different: z.string().optional(),
      adopt: z.string().optional(),
    })
    .optional(),
})

function listDescriptions(): Array<{ at: string; description: string }> {
  const described: Array<{ at: string; description: string }> = []
  const note = (at: string, node: { description?: string | null | undefined }) =>
    described.push({ at, description: node.description ?? '' })
  for (const type of Object.values(schema.getTypeMap())) {
    if (isIntrospectionType(type) || isSpecifiedScalarType(type)) continue
    note(type.name, type)
    if (isEnumType(type)) for (const value of type.getValues()) note(`${type.name}.${value.name}`, value)
    if (!isObjectType(type) && !isInputObjectType(type)) continue
    for (const field of Object.values(type.getFields())) {
      note(`${type.name}.${field.name}`, field)
      if ('args' in field) for (const arg of field.args) note(`${type.name}.${field.name}(${arg.name})`, arg)
    }
  }
  return described
}

t.test('every type, field, argument and value says whether it is documented or assumed', async t => {
  const described = listDescriptions()
  const unmarked = described.filter(({ description }) => !/^(Documented|Assumed): /.test(description))
  t.same(unmarked, [])
  t.ok(described.length > 100)
})

t.test('only what the API guide shows is marked as documented', async t => {
  const documented = listDescriptions().filter(({ description }) => description.startsWith('Documented:'))
  t.same(documented.map(({ at }) => at).sort(), [
    'CreateEntryDto',
    'CreateEntryDto.name',
    'CreateEntryDto.slug',
    'Entry',
    'Entry.id',
    'Entry.name',
    'Entry.slug',
    'EntryResult',
    'EntryResult.entry',
    'EntryResult.success',
    'Mutation',
    'Mutation.createEntry',
    'Mutation.createEntry(collectionId)',
    'Mutation.createEntry(payload)',
    'Page',
    'Page.id',
    'Page.name',
    'Page.slug',
    'PageList',
    'PageList.results',
    'Query',
    'Query.pages',
    'Query.pages(projectId)',
  ])
})

t.test('the two documented examples are valid', async t => {
  const examples = [
    '{ pages(projectId: "x") { results { id name slug } } }',
    'mutation CreateEntry($collectionId: String!, $payload: CreateEntryDto!) { createEntry(collectionId: $collectionId, payload: $payload) { success entry { id name slug } } }',
  ]
  for (const example of examples) t.same(validate(schema, parse(example)), [])
})

t.test('every shipped operation is one valid operation named like its file, with one root field', async t => {
  t.equal(names.length, 23)
  for (const name of names) {
    const document = parse(readOperation(name))
    t.same(validate(schema, document), [], name)
    t.equal(document.definitions.length, 1, name)
    const [operation] = document.definitions
    if (operation?.kind !== Kind.OPERATION_DEFINITION) throw new Error(name)
    t.equal(operation.name?.value, name)
    t.equal(operation.selectionSet.selections.length, 1)
  }
})

/** Queries that take NOT_FOUND for an answer, beside the one of their field that does not. */
const FINDS = ['findEntry', 'findPage']
/** Mutations after which the object is gone or offline: where it is not there, nothing is to be done. */
const REMOVALS = ['deleteEntry', 'deleteRedirect', 'unpublishEntry', 'unpublishPage']

t.test('every query and mutation of the schema has its operation', async t => {
  const fields = { ...schema.getQueryType()?.getFields(), ...schema.getMutationType()?.getFields() }
  t.same([...Object.keys(fields), ...FINDS].sort(), [...names].sort())
})

t.test('every mutation answers success, message, a noun and warnings', async t => {
  for (const field of Object.values(schema.getMutationType()?.getFields() ?? {})) {
    const type = schema.getType(field.type.toString().replace('!', ''))
    const keys = isObjectType(type) ? Object.keys(type.getFields()) : []
    t.equal(keys.length, 4, field.name)
    for (const key of ['success', 'message', 'warnings']) t.ok(keys.includes(key), `${field.name} ${key}`)
  }
})

t.test('every mutation has a sidecar that parses, and so have the queries that may find nothing', async t => {
  t.same([...sidecars].sort(), [...Object.keys(schema.getMutationType()?.getFields() ?? {}), ...FINDS].sort())
  for (const name of sidecars) {
    const sidecar = sidecarSchema.parse(JSON.parse(readFileSync(new URL(`${name}.json`, folder), 'utf8')))
    const asked = REMOVALS.includes(name) ? `!has(data.${name}) || data.${name}.success` : `data.${name}.success`
    t.equal(sidecar.success, FINDS.includes(name) ? 'true' : asked)
    t.equal(sidecar.effect === 'read', FINDS.includes(name), name)
    t.equal(sidecar.effect === 'verify', sidecar.verify !== undefined, name)
    if (sidecar.verify !== undefined) t.ok(names.includes(sidecar.verify.operation), name)
  }
})
