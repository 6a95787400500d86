import {
  type FragmentDefinitionNode,
  type GraphQLInputType,
  type GraphQLSchema,
  isInputType,
  Kind,
  type OperationDefinitionNode,
  parse,
  typeFromAST,
  type VariableDefinitionNode,
} from 'graphql'
import type { Problem } from '../problem.ts'
import { checkDocument } from './check-document.ts'
import type { SchemaInForce } from './load-schema.ts'
import { typeOfInput } from './type-of-input.ts'
import { typeOfSelection } from './type-of-output.ts'
import { DYN, type Field, type ValueType } from './value-type.ts'

/** An operation's document, which parses and holds one operation. */
export interface Document {
  name: string
  file: string
  document: string
}

/** What the schema says of an operation. */
export interface TypedOperation {
  name: string
  /** The answer's `data`. */
  data: ValueType
  /** The declared types of its variables; null where the schema has no such type. */
  inputs: ReadonlyMap<string, GraphQLInputType | null>
  /** Names of the variables that must be given. */
  required: ReadonlySet<string>
  /** Its variables as they were accepted. */
  variables: ValueType
  problems: readonly Problem[]
}

/** The schema in force, with what it says of each operation by its document. */
export interface SchemaTypes extends SchemaInForce {
  typed: Map<string, TypedOperation>
}

/** Most documents whose types are kept for a schema: those of a folder and those of the one before it. */
const KEPT_MAX = 4_000

const types = new WeakMap<GraphQLSchema, SchemaTypes>()

/** The types of a schema, made once. */
export function schemaTypes({ schema, isShipped }: SchemaInForce): SchemaTypes {
  const present = types.get(schema)
  if (present !== undefined) return present
  const made = { schema, isShipped, typed: new Map() }
  types.set(schema, made)
  return made
}

/** Checks an operation's document against the schema, and types it. */
export function typeOperation(text: Document, of: SchemaTypes): TypedOperation {
  const key = `${text.file}\0${text.document}`
  const present = of.typed.get(key)
  if (present !== undefined) return present
  if (of.typed.size >= KEPT_MAX) of.typed.clear()
  const made = makeTyped(text, of)
  of.typed.set(key, made)
  return made
}

function makeTyped({ name, file, document }: Document, of: SchemaTypes): TypedOperation {
  const { schema } = of
  const tree = parse(document)
  const problems = checkDocument(tree, file, of)
  const definition = tree.definitions.find(node => node.kind === Kind.OPERATION_DEFINITION) as OperationDefinitionNode
  const fragments = new Map(
    tree.definitions
      .filter((node): node is FragmentDefinitionNode => node.kind === Kind.FRAGMENT_DEFINITION)
      .map(node => [node.name.value, node]),
  )
  const inputs = new Map(
    (definition.variableDefinitions ?? []).map(node => {
      const type = typeFromAST(schema, node.type)
      return [node.variable.name.value, isInputType(type) ? type : null] as const
    }),
  )
  const root = schema.getRootType(definition.operation)
  // What does not fit the schema is told once, at the operation; its result is not guessed at.
  const data =
    root == null || problems.length > 0
      ? DYN
      : typeOfSelection(root, definition.selectionSet, { schema, fragments, operation: name })
  const required = (definition.variableDefinitions ?? []).filter(isRequired).map(node => node.variable.name.value)
  const variables = typeOfVariables(definition, inputs)
  return { name, data, inputs, required: new Set(required), variables, problems }
}

function typeOfVariables(
  definition: OperationDefinitionNode,
  inputs: ReadonlyMap<string, GraphQLInputType | null>,
): ValueType {
  const fields = (definition.variableDefinitions ?? []).map((node): [string, Field] => {
    const input = inputs.get(node.variable.name.value) ?? null
    const type = input === null ? DYN : typeOfInput(input)
    return [node.variable.name.value, { type, optional: !isRequired(node) }]
  })
  return { kind: 'object', name: null, fields: new Map(fields), rest: null, unselected: null }
}

function isRequired({ type, defaultValue }: VariableDefinitionNode): boolean {
  return type.kind === Kind.NON_NULL_TYPE && defaultValue === undefined
}
