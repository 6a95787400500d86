import {
  type GraphQLInputField,
  type GraphQLInputType,
  isEnumType,
  isInputObjectType,
  isListType,
  isNonNullType,
} from 'graphql'
import { typeOfScalar } from './type-of-output.ts'
import { DYN, type Field, listOf, NUMBER, nullable, STRING, unite, type ValueType } from './value-type.ts'

/** Deepest input that is typed, in levels: input types may hold themselves. */
const INPUT_DEPTH_MAX = 6

/** The type of a value that was accepted for a GraphQL input type, as the sidecar's `variables` has it. */
export function typeOfInput(type: GraphQLInputType, depth = 0): ValueType {
  if (isNonNullType(type)) return typeOfNonNull(type.ofType as GraphQLInputType, depth)
  return nullable(typeOfNonNull(type, depth))
}

function typeOfNonNull(type: GraphQLInputType, depth: number): ValueType {
  if (depth >= INPUT_DEPTH_MAX) return DYN
  if (isListType(type)) {
    const item = typeOfInput(type.ofType as GraphQLInputType, depth + 1)
    // GraphQL takes a single value for a list, and it is sent as it was given.
    return unite([listOf(item), item])
  }
  if (isInputObjectType(type)) return typeOfObject(type.name, Object.values(type.getFields()), depth)
  if (isEnumType(type)) return { kind: 'enum', name: type.name, values: type.getValues().map(({ name }) => name) }
  if (!('name' in type)) return DYN
  if (type.name === 'ID') return unite([STRING, NUMBER])
  return type.name === 'Float' ? NUMBER : typeOfScalar(type.name)
}

function typeOfObject(name: string, fields: readonly GraphQLInputField[], depth: number): ValueType {
  const entries = fields.map(field => [field.name, typeOfInputField(field, depth)] as const)
  return { kind: 'object', name, fields: new Map(entries), rest: null, unselected: null }
}

function typeOfInputField(field: GraphQLInputField, depth: number): Field {
  const optional = !isNonNullType(field.type) || field.defaultValue !== undefined
  return { type: typeOfInput(field.type, depth + 1), optional }
}
