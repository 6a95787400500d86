import { type FieldNode, getOperationAST, Kind, parse, valueFromASTUntyped } from 'graphql'
import type { Operation } from '../mapping/operation.ts'

/**
 * The arguments the one field of a mutation would get, by the API's names for them: users' own operations may call their
 * variables what they like. Null where the field stands in a fragment.
 */
export function readArguments(
  operation: Operation,
  variables: Record<string, unknown>,
): Record<string, unknown> | null {
  const definition = getOperationAST(parse(operation.document), operation.name)
  const field = definition?.selectionSet.selections.find((node): node is FieldNode => node.kind === Kind.FIELD)
  if (field === undefined) return null
  const defaults = (definition?.variableDefinitions ?? []).flatMap(({ variable, defaultValue }) =>
    defaultValue === undefined ? [] : [[variable.name.value, valueFromASTUntyped(defaultValue)] as const],
  )
  const known = { ...Object.fromEntries(defaults), ...variables }
  const given = (field.arguments ?? []).filter(
    ({ value }) => value.kind !== Kind.VARIABLE || known[value.name.value] !== undefined,
  )
  return Object.fromEntries(given.map(({ name, value }) => [name.value, valueFromASTUntyped(value, known)]))
}
