import {
  type DocumentNode,
  type GraphQLNamedType,
  type GraphQLSchema,
  getNamedType,
  isEnumType,
  isInputObjectType,
  Kind,
  TypeInfo,
  type TypeNode,
  typeFromAST,
  visit,
  visitWithTypeInfo,
} from 'graphql'
import type { SchemaChange } from './compare-schemas.ts'

/** What of a schema a document depends on, as schema coordinates. */
export interface UsedCoordinates {
  /** Types, fields and arguments that the document names. */
  named: ReadonlySet<string>
  /** Input types of its variables: a mapping may send any of their members. Enums it sends or receives. */
  whole: ReadonlySet<string>
}

/** Finds what a document depends on; what the schema does not know is left out (validation says it). */
export function findUsedCoordinates(document: DocumentNode, schema: GraphQLSchema): UsedCoordinates {
  const named = new Set<string>()
  const whole = new Set<string>()
  const addWhole = (type: GraphQLNamedType): void => {
    named.add(type.name)
    if (whole.has(type.name) || !(isInputObjectType(type) || isEnumType(type))) return
    whole.add(type.name)
    if (isInputObjectType(type))
      for (const { type: inner } of Object.values(type.getFields())) addWhole(getNamedType(inner))
  }
  const info = new TypeInfo(schema)
  const visitor = visitWithTypeInfo(info, {
    [Kind.FIELD](node) {
      const [parent, field] = [info.getParentType(), info.getFieldDef()]
      if (!parent || !field || field.name.startsWith('__')) return
      named.add(parent.name).add(`${parent.name}.${field.name}`)
      for (const argument of node.arguments ?? []) named.add(`${parent.name}.${field.name}(${argument.name.value}:)`)
      addWhole(getNamedType(field.type))
    },
    [Kind.VARIABLE_DEFINITION](node) {
      const type = typeFromAST(schema, node.type as TypeNode as never)
      if (type !== undefined) addWhole(getNamedType(type) as GraphQLNamedType)
    },
  })
  visit(document, visitor)
  return { named, whole }
}

/** Whether a change is of something the document depends on. What is new and optional cannot matter to it. */
export function touches({ named, whole }: UsedCoordinates, { kind, coordinate, breaking }: SchemaChange): boolean {
  if (named.has(coordinate)) return true
  const owner = coordinate.slice(0, Math.max(coordinate.indexOf('('), coordinate.indexOf('.'), 0))
  if (coordinate.includes('(')) return kind === 'added' && breaking && named.has(owner)
  return whole.has(owner) && (kind !== 'added' || breaking)
}
