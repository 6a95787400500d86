import {
  type FieldNode,
  type FragmentDefinitionNode,
  type GraphQLCompositeType,
  type GraphQLOutputType,
  type GraphQLSchema,
  isAbstractType,
  isCompositeType,
  isEnumType,
  isListType,
  isNonNullType,
  Kind,
  type SelectionNode,
  type SelectionSetNode,
  TypeNameMetaFieldDef,
  typeFromAST,
} from 'graphql'
import {
  BOOL,
  DYN,
  type Field,
  FRACTION,
  listOf,
  nullable,
  STRING,
  unite,
  type ValueType,
  WHOLE,
} from './value-type.ts'

/** Where a selection stands. */
export interface Selected {
  schema: GraphQLSchema
  fragments: ReadonlyMap<string, FragmentDefinitionNode>
  operation: string
}

/** Deepest selection that is typed, in levels; below it only the answer tells. */
const SELECTION_DEPTH_MAX = 32

interface FoundField {
  node: FieldNode
  parent: GraphQLCompositeType
  optional: boolean
}

/** The type of what a selection of fields on a GraphQL type gives: aliases and fragments written out. */
export function typeOfSelection(
  type: GraphQLCompositeType,
  set: SelectionSetNode,
  selected: Selected,
  depth = 0,
): ValueType {
  if (depth >= SELECTION_DEPTH_MAX) return DYN
  const found = new Map<string, FoundField[]>()
  collectFields(type, set.selections, false, selected, found, new Set())
  const fields = new Map<string, Field>()
  for (const [key, group] of found) {
    const types = group.map(field => typeOfField(field, group, selected, depth))
    // The same key through two fragments is there when one of them is unconditional.
    fields.set(key, { type: unite(types), optional: group.every(field => field.optional) })
  }
  const known = 'getFields' in type ? Object.keys(type.getFields()) : []
  // Of the root type an operation selects what it is about; the others are no fields it forgot.
  const unselected = {
    operation: selected.operation,
    fields: depth === 0 ? [] : known.filter(name => !fields.has(name)),
  }
  return { kind: 'object', name: depth === 0 ? null : type.name, fields, rest: null, unselected }
}

function collectFields(
  type: GraphQLCompositeType,
  selections: readonly SelectionNode[],
  optional: boolean,
  selected: Selected,
  found: Map<string, FoundField[]>,
  within: ReadonlySet<string>,
): void {
  for (const selection of selections) {
    const isOptional = optional || (selection.directives ?? []).length > 0
    if (selection.kind === Kind.FIELD) {
      const key = selection.alias?.value ?? selection.name.value
      found.set(key, [...(found.get(key) ?? []), { node: selection, parent: type, optional: isOptional }])
      continue
    }
    const fragment = selection.kind === Kind.FRAGMENT_SPREAD ? selected.fragments.get(selection.name.value) : selection
    const name = selection.kind === Kind.FRAGMENT_SPREAD ? selection.name.value : ''
    if (fragment === undefined || within.has(name)) continue
    const on = fragment.typeCondition === undefined ? type : typeFromAST(selected.schema, fragment.typeCondition)
    if (!isCompositeType(on)) continue
    // On a type that others stand for too, a fragment's fields are there for some of them only.
    const isNarrower = on.name !== type.name && isAbstractType(type)
    const inner = name === '' ? within : new Set([...within, name])
    collectFields(on, fragment.selectionSet.selections, isOptional || isNarrower, selected, found, inner)
  }
}

function typeOfField(field: FoundField, group: readonly FoundField[], selected: Selected, depth: number): ValueType {
  const { node, parent } = field
  if (node.name.value === TypeNameMetaFieldDef.name) return STRING
  const definition = 'getFields' in parent ? parent.getFields()[node.name.value] : undefined
  if (definition === undefined) return DYN
  // A key selected twice has the sub-selections of both.
  const selections = group.flatMap(({ node }) => node.selectionSet?.selections ?? [])
  return typeOfOutput(definition.type, { kind: Kind.SELECTION_SET, selections }, selected, depth)
}

function typeOfOutput(type: GraphQLOutputType, set: SelectionSetNode, selected: Selected, depth: number): ValueType {
  if (isNonNullType(type)) return typeOfNonNull(type.ofType as GraphQLOutputType, set, selected, depth)
  return nullable(typeOfNonNull(type, set, selected, depth))
}

function typeOfNonNull(type: GraphQLOutputType, set: SelectionSetNode, selected: Selected, depth: number): ValueType {
  if (isListType(type)) return listOf(typeOfOutput(type.ofType as GraphQLOutputType, set, selected, depth))
  if (isCompositeType(type)) return typeOfSelection(type, set, selected, depth + 1)
  return isEnumType(type)
    ? { kind: 'enum', name: type.name, values: type.getValues().map(({ name }) => name) }
    : typeOfScalar('name' in type ? type.name : '')
}

/** The scalars every schema has; what others hold only the answer tells. */
export function typeOfScalar(name: string): ValueType {
  switch (name) {
    case 'String':
    case 'ID':
      return STRING
    case 'Int':
      return WHOLE
    case 'Float':
      return FRACTION
    case 'Boolean':
      return BOOL
    default:
      return DYN
  }
}
