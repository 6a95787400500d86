import {
  type GraphQLArgument,
  type GraphQLField,
  type GraphQLInputField,
  type GraphQLInterfaceType,
  type GraphQLNamedType,
  type GraphQLObjectType,
  type GraphQLSchema,
  type GraphQLType,
  isEnumType,
  isInputObjectType,
  isInterfaceType,
  isIntrospectionType,
  isListType,
  isNamedType,
  isNonNullType,
  isObjectType,
  isRequiredArgument,
  isRequiredInputField,
  isSpecifiedScalarType,
  isUnionType,
} from 'graphql'

/** One difference between two schemas. */
export interface SchemaChange {
  kind: 'added' | 'removed' | 'changed'
  /** Schema coordinate: `Page`, `Page.slug`, `Query.page(pageId:)`, `ContentStatus.DRAFT`. */
  coordinate: string
  /** What was there, as SDL writes it; null where it was added. */
  before: string | null
  after: string | null
  /** True where a document or value that was right by the first schema may be refused, or answered differently, by the second. */
  breaking: boolean
}

type Field = GraphQLField<unknown, unknown>

/**
 * Lists what changed from one schema to another: breaking changes first, then by coordinate. Descriptions, defaults
 * and deprecations do not count, nor does how the root types are called.
 */
export function compareSchemas(before: GraphQLSchema, after: GraphQLSchema): SchemaChange[] {
  const changes: SchemaChange[] = []
  compareNamed(typesOf(before), typesOf(after), {
    coordinate: name => name,
    describe: kindOf,
    breakingIfAdded: () => false,
    compare: (old, now) => compareType(old, now, changes),
    changes,
  })
  return changes.sort(
    (a, b) =>
      Number(b.breaking) - Number(a.breaking) ||
      (a.coordinate < b.coordinate ? -1 : Number(a.coordinate > b.coordinate)),
  )
}

interface Comparison<T> {
  coordinate: (name: string) => string
  describe: (member: T) => string
  breakingIfAdded: (member: T) => boolean
  compare: (before: T, after: T, coordinate: string) => void
  changes: SchemaChange[]
}

function compareNamed<T>(
  before: ReadonlyMap<string, T>,
  after: ReadonlyMap<string, T>,
  { coordinate, describe, breakingIfAdded, compare, changes }: Comparison<T>,
): void {
  for (const [name, old] of before) {
    const now = after.get(name)
    if (now === undefined)
      changes.push({
        kind: 'removed',
        coordinate: coordinate(name),
        before: describe(old),
        after: null,
        breaking: true,
      })
    else compare(old, now, coordinate(name))
  }
  for (const [name, now] of after) {
    if (before.has(name)) continue
    const breaking = breakingIfAdded(now)
    changes.push({ kind: 'added', coordinate: coordinate(name), before: null, after: describe(now), breaking })
  }
}

function compareType(before: GraphQLNamedType, after: GraphQLNamedType, changes: SchemaChange[]): void {
  const never = (): boolean => false
  const nothing = (): void => {}
  const within = { coordinate: (member: string) => `${before.name}.${member}`, changes }
  if (kindOf(before) !== kindOf(after)) {
    const parts = { before: kindOf(before), after: kindOf(after), breaking: true } as const
    changes.push({ kind: 'changed', coordinate: before.name, ...parts })
  } else if (isInputObjectType(before) && isInputObjectType(after)) {
    compareNamed<GraphQLInputField>(mapOf(before.getFields()), mapOf(after.getFields()), {
      ...within,
      describe: field => String(field.type),
      breakingIfAdded: isRequiredInputField,
      compare: (old, now, coordinate) => compareInput(old, now, coordinate, changes),
    })
  } else if (isEnumType(before) && isEnumType(after)) {
    const values = (type: typeof before) => new Map(type.getValues().map(value => [value.name, value.name]))
    compareNamed(values(before), values(after), {
      ...within,
      describe: () => 'a value',
      breakingIfAdded: never,
      compare: nothing,
    })
  } else if (isUnionType(before) && isUnionType(after)) {
    const members = (type: typeof before) => new Map(type.getTypes().map(member => [member.name, member.name]))
    compareNamed(members(before), members(after), {
      ...within,
      describe: () => 'a member',
      breakingIfAdded: never,
      compare: nothing,
    })
  } else if (isComposite(before) && isComposite(after)) {
    compareNamed<Field>(mapOf(before.getFields()), mapOf(after.getFields()), {
      ...within,
      describe: field => String(field.type),
      breakingIfAdded: never,
      compare: (old, now, coordinate) => compareField(old, now, coordinate, changes),
    })
  }
}

function compareField(before: Field, after: Field, coordinate: string, changes: SchemaChange[]): void {
  compareTypes(before.type, after.type, coordinate, isSafeOutput, changes)
  const byName = (args: readonly GraphQLArgument[]) => new Map(args.map(arg => [arg.name, arg]))
  compareNamed<GraphQLArgument>(byName(before.args), byName(after.args), {
    coordinate: name => `${coordinate}(${name}:)`,
    describe: arg => String(arg.type),
    breakingIfAdded: isRequiredArgument,
    compare: (old, now, at) => compareInput(old, now, at, changes),
    changes,
  })
}

function compareInput(
  before: GraphQLInputField | GraphQLArgument,
  after: GraphQLInputField | GraphQLArgument,
  coordinate: string,
  changes: SchemaChange[],
): void {
  compareTypes(before.type, after.type, coordinate, isSafeInput, changes)
}

function compareTypes(
  before: GraphQLType,
  after: GraphQLType,
  coordinate: string,
  isSafe: (before: GraphQLType, after: GraphQLType) => boolean,
  changes: SchemaChange[],
): void {
  const [old, now] = [String(before), String(after)]
  if (old === now) return
  changes.push({ kind: 'changed', coordinate, before: old, after: now, breaking: !isSafe(before, after) })
}

/** What is read may become stricter: whoever can do without a value can do with one. */
function isSafeOutput(before: GraphQLType, after: GraphQLType): boolean {
  if (isNonNullType(after)) return isSafeOutput(isNonNullType(before) ? before.ofType : before, after.ofType)
  if (isListType(before) && isListType(after)) return isSafeOutput(before.ofType, after.ofType)
  return isNamedType(before) && isNamedType(after) && before.name === after.name
}

/** What is sent may become laxer. One value for a list is not: a variable of the value's type does not fit there (GraphQL 5.8.5). */
function isSafeInput(before: GraphQLType, after: GraphQLType): boolean {
  if (isNonNullType(before)) return isSafeInput(before.ofType, isNonNullType(after) ? after.ofType : after)
  if (isListType(before) && isListType(after)) return isSafeInput(before.ofType, after.ofType)
  return isNamedType(before) && isNamedType(after) && before.name === after.name
}

function typesOf(schema: GraphQLSchema): ReadonlyMap<string, GraphQLNamedType> {
  const types = Object.values(schema.getTypeMap())
  const nameOf = (type: GraphQLNamedType): string =>
    type === schema.getQueryType() ? 'Query' : type === schema.getMutationType() ? 'Mutation' : type.name
  return new Map(
    types.filter(type => !isIntrospectionType(type) && !isSpecifiedScalarType(type)).map(type => [nameOf(type), type]),
  )
}

function mapOf<T>(members: Readonly<Record<string, T>>): ReadonlyMap<string, T> {
  return new Map(Object.entries(members))
}

function isComposite(type: GraphQLNamedType): type is GraphQLObjectType | GraphQLInterfaceType {
  return isObjectType(type) || isInterfaceType(type)
}

function kindOf(type: GraphQLNamedType): string {
  if (isInputObjectType(type)) return 'input'
  if (isEnumType(type)) return 'enum'
  if (isUnionType(type)) return 'union'
  if (isInterfaceType(type)) return 'interface'
  return isObjectType(type) ? 'type' : 'scalar'
}
