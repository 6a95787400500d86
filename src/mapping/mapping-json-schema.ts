import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Kind, type OperationDefinitionNode, parse, print } from 'graphql'
import * as z from 'zod'
import { EXAMPLES, SNIPPETS } from './editor-hints.ts'
import { type ActionFile, actionSchema, mappingSchema } from './mapping-schema.ts'

type JsonSchema = Record<string, unknown>

const PIXELESQ = join(import.meta.dirname, '../pixelesq')

/**
 * The JSON Schema of mapping files, for editors; checked in as mappings/schema.json. It knows the shipped actions with
 * their parameters and the shipped operations with their variables; operations of one's own are free.
 * Draft 7, the newest one that the editors' JSON services support in full; `defaultSnippets` and `enumDescriptions` are
 * VS Code's additions to it.
 */
export function mappingJsonSchema(): JsonSchema {
  const { $schema, ...schema } = z.toJSONSchema(mappingSchema, { target: 'draft-7', io: 'input' }) as JsonSchema
  const actions = readActions()
  const operations = readOperations()
  const properties = schema.properties as Record<string, JsonSchema>
  const { action, with: parameters, ...rest } = properties
  return {
    $schema,
    title: 'Pixelesq Bridge mapping',
    ...schema,
    properties: {
      ...addExamples(rest),
      steps: completeSteps(rest.steps!, operations),
      action: completeAction(action!, actions),
      with: { ...parameters, type: 'object' },
      tests: completeTests(rest.tests!, operations),
    },
    oneOf: [{ required: ['steps'] }, { required: ['action'] }],
    dependencies: { with: ['action'], coalesce: ['order'] },
    allOf: [...actions].map(([name, file]) => branch(isConst('action', name), describeParameters(name, file))),
    defaultSnippets: SNIPPETS.mapping,
  }
}

/** The text of mappings/schema.json. */
export function mappingJsonSchemaText(): string {
  return `${JSON.stringify(mappingJsonSchema(), null, 2)}\n`
}

/** Shipped actions by name, in alphabetical order: the same on every machine. */
function readActions(): Map<string, ActionFile> {
  const folder = join(PIXELESQ, 'actions')
  const files = readdirSync(folder).filter(file => file.endsWith('.json'))
  return new Map(
    files.sort().map(file => {
      const json: unknown = JSON.parse(readFileSync(join(folder, file), 'utf8'))
      return [file.slice(0, -'.json'.length), actionSchema.parse(json)]
    }),
  )
}

interface OperationHint {
  description: string
  variables: readonly { name: string; type: string }[]
}

function readOperations(): Map<string, OperationHint> {
  const folder = join(PIXELESQ, 'operations')
  const files = readdirSync(folder).filter(file => file.endsWith('.graphql'))
  return new Map(files.sort().map(file => [file.slice(0, -'.graphql'.length), readOperation(join(folder, file))]))
}

function readOperation(file: string): OperationHint {
  const definition = parse(readFileSync(file, 'utf8')).definitions.find(
    (node): node is OperationDefinitionNode => node.kind === Kind.OPERATION_DEFINITION,
  )!
  const variables = (definition.variableDefinitions ?? []).map(node => ({
    name: node.variable.name.value,
    type: print(node.type),
  }))
  const signature = variables.map(({ name, type }) => `${name}: ${type}`).join(', ')
  return { description: `A ${definition.operation}${signature === '' ? '' : ` of (${signature})`}.`, variables }
}

/** `if … then …`; not written as a literal, because an object with a `then` passes for a promise where one is awaited. */
function branch(condition: JsonSchema, consequence: JsonSchema): JsonSchema {
  return Object.fromEntries([
    ['if', condition],
    ['then', consequence],
  ])
}

function isConst(key: string, value: string): JsonSchema {
  return { properties: { [key]: { const: value } }, required: [key] }
}

function completeAction(action: JsonSchema, actions: ReadonlyMap<string, ActionFile>): JsonSchema {
  return {
    ...action,
    enum: [...actions.keys()],
    enumDescriptions: [...actions.values()].map(file => file.description),
  }
}

/** The `with` of one action: every parameter with its description, which are needed, and no others. */
function describeParameters(name: string, { description, parameters, anyOf }: ActionFile): JsonSchema {
  const required = Object.keys(parameters).filter(parameter => parameters[parameter]!.required)
  const groups = anyOf?.map(group => ({ required: group }))
  const given: JsonSchema = {
    type: 'object',
    description: `Parameters of ${name}. ${description}`,
    properties: Object.fromEntries(
      Object.entries(parameters).map(([parameter, { required, description }]) => [
        parameter,
        { description: `${required ? 'Required' : 'Optional'}: ${description} Strings may hold \${CEL}.` },
      ]),
    ),
    ...(required.length > 0 && { required }),
    ...(groups !== undefined && { anyOf: groups }),
    additionalProperties: false,
  }
  const isNeeded = required.length > 0 || groups !== undefined
  return { properties: { with: given }, ...(isNeeded && { required: ['with'] }) }
}

function completeSteps(steps: JsonSchema, operations: ReadonlyMap<string, OperationHint>): JsonSchema {
  const items = steps.items as JsonSchema
  const properties = items.properties as Record<string, JsonSchema>
  return {
    ...steps,
    items: {
      ...items,
      properties: { ...addExamples(properties), operation: completeOperation(properties.operation!, operations) },
      oneOf: [{ required: ['operation'] }, { required: ['hold'] }],
      dependencies: { variables: ['operation'] },
      allOf: suggestVariables(operations),
      defaultSnippets: SNIPPETS.step,
    },
  }
}

/** Names of one's own stay free: they are those of `operations/` beside the mappings. */
function completeOperation(
  { description, ...free }: JsonSchema,
  operations: ReadonlyMap<string, OperationHint>,
): JsonSchema {
  const enumDescriptions = [...operations.values()].map(operation => operation.description)
  return { description, anyOf: [{ enum: [...operations.keys()], enumDescriptions }, free] }
}

/** Suggestions only: an operation of one's own may have the name of a shipped one and other variables. */
function suggestVariables(operations: ReadonlyMap<string, OperationHint>): JsonSchema[] {
  return [...operations]
    .filter(([, { variables }]) => variables.length > 0)
    .map(([name, { variables }]) => {
      const hints = variables.map(({ name, type }) => [
        name,
        { description: `${type}${type.endsWith('!') ? ', required' : ''}. Strings may hold \${CEL}.` },
      ])
      return branch(isConst('operation', name), {
        properties: { variables: { properties: Object.fromEntries(hints) } },
      })
    })
}

function completeTests(tests: JsonSchema, operations: ReadonlyMap<string, OperationHint>): JsonSchema {
  const copy = structuredClone(tests)
  const items = copy.items as JsonSchema
  const expected = (items.properties as { expect: { properties: { operations: { items: JsonSchema } } } }).expect
  const sent = expected.properties.operations.items.properties as Record<string, JsonSchema>
  sent.operation = completeOperation(sent.operation!, operations)
  return { ...copy, items: { ...items, defaultSnippets: SNIPPETS.test } }
}

function addExamples(properties: Readonly<Record<string, JsonSchema>>): Record<string, JsonSchema> {
  return Object.fromEntries(
    Object.entries(properties).map(([key, property]) => [
      key,
      Object.hasOwn(EXAMPLES, key) ? { ...property, ...EXAMPLES[key] } : property,
    ]),
  )
}
