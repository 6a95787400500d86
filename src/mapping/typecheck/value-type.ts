/**
 * What is known about a value before any event comes. Types describe values of evaluations that succeed: reading
 * `a.b` of an `a` that may be null gives the type of `b`, since a null `a` ends the evaluation.
 */
export type ValueType =
  /** Only the event tells. */
  | { kind: 'dyn' }
  /** No value at all: the element of an empty list. */
  | { kind: 'never' }
  /** `isQuiet`: see quiet-null.ts. */
  | { kind: 'null'; isQuiet?: true }
  | { kind: 'bool'; value: boolean | null }
  | NumberType
  | StringType
  | { kind: 'enum'; name: string; values: readonly string[] }
  | ListType
  | ObjectType
  /** What CEL has and JSON has not. */
  | { kind: 'opaque'; name: OpaqueName }
  | { kind: 'union'; of: readonly ValueType[] }

export type OpaqueName = 'bytes' | 'type' | 'uint' | 'google.protobuf.Timestamp' | 'google.protobuf.Duration'

export interface NumberType {
  kind: 'number'
  /** Certainly a whole number; false: a division, a fraction or a Float; null: unknown. */
  whole: boolean | null
  /** A CEL int (not a JSON number, which is a CEL double); null: unknown. */
  int: boolean | null
  value: number | null
}

export interface StringType {
  kind: 'string'
  value: string | null
  /** Certainly an instant that ends with `Z`. */
  zulu: boolean
}

export interface ListType {
  kind: 'list'
  item: ValueType
  /** The types by place where the list was written out. */
  items: readonly ValueType[] | null
}

export interface Field {
  type: ValueType
  /** It may be absent. */
  optional: boolean
}

export interface ObjectType {
  kind: 'object'
  /** Name of its GraphQL type. */
  name: string | null
  fields: ReadonlyMap<string, Field>
  /** The type of other members; null: there are none. */
  rest: ValueType | null
  /** Fields its GraphQL type has and the operation does not select, and the operation's name. */
  unselected: { operation: string; fields: readonly string[] } | null
  /** A sender's schema says so, and it lags behind the sender: there may be other members, and these may be missing. */
  lags?: true
}

export const DYN: ValueType = { kind: 'dyn' }
export const NEVER: ValueType = { kind: 'never' }
export const NULL: ValueType = { kind: 'null' }
export const BOOL: ValueType = { kind: 'bool', value: null }
export const STRING: StringType = { kind: 'string', value: null, zulu: false }
/** A whole JSON number. */
export const WHOLE: NumberType = { kind: 'number', whole: true, int: false, value: null }
export const CEL_INT: NumberType = { kind: 'number', whole: true, int: true, value: null }
export const FRACTION: NumberType = { kind: 'number', whole: false, int: false, value: null }
export const NUMBER: NumberType = { kind: 'number', whole: null, int: null, value: null }

/** Most members of a union; beyond it only the event tells. */
const UNION_MEMBERS_MAX = 12

/** Most parts of one type; a var made of vars made of vars could double them each time. */
const TYPE_PARTS_MAX = 5_000

/** Deepest JSON typed by `typeOfJson`, in levels; below it only the event tells. */
const JSON_DEPTH_MAX = 32

/** `2026-01-31T10:00:00Z`, with or without seconds and fractions. */
const ZULU = /^\d{4}-\d{2}-\d{2}[Tt ]\d{2}:\d{2}(?::\d{2}(?:[.,]\d+)?)?Z$/

export function literalString(value: string): StringType {
  return { kind: 'string', value, zulu: ZULU.test(value) }
}

export function listOf(item: ValueType): ListType {
  return { kind: 'list', item, items: null }
}

export function tupleOf(items: readonly ValueType[]): ListType {
  const tuple: ListType = { kind: 'list', item: unite(items), items }
  return sizeOf(tuple) > TYPE_PARTS_MAX ? listOf(DYN) : tuple
}

/** An object of exactly these members, all of them present. */
export function objectOf(entries: Iterable<readonly [string, ValueType]>, rest: ValueType | null = null): ObjectType {
  const fields = new Map([...entries].map(([name, type]): [string, Field] => [name, { type, optional: false }]))
  const object: ObjectType = { kind: 'object', name: null, fields, rest, unselected: null }
  return sizeOf(object) > TYPE_PARTS_MAX ? { ...object, fields: new Map(), rest: DYN } : object
}

/** An object of which any member may be there, all of one type. */
export function mapOf(value: ValueType): ObjectType {
  return objectOf([], value)
}

export function nullable(type: ValueType): ValueType {
  return unite([type, NULL])
}

/** The type of a JSON value that is known, scalars with their values. */
export function typeOfJson(value: unknown, depth = 0): ValueType {
  if (value === null) return NULL
  switch (typeof value) {
    case 'string':
      return literalString(value)
    case 'boolean':
      return { kind: 'bool', value }
    case 'number':
      return { kind: 'number', whole: Number.isInteger(value), int: false, value }
  }
  if (typeof value !== 'object' || depth >= JSON_DEPTH_MAX) return DYN
  if (Array.isArray(value)) return tupleOf(value.map(item => typeOfJson(item, depth + 1)))
  return objectOf(Object.entries(value).map(([key, item]) => [key, typeOfJson(item, depth + 1)] as const))
}

/** The smallest type that holds all of them, as far as this model goes. */
export function unite(types: readonly ValueType[]): ValueType {
  const members = new Map<string, ValueType>()
  for (const type of types.flatMap(membersOf)) {
    if (type.kind === 'dyn') return DYN
    if (type.kind === 'never') continue
    addMember(members, type)
  }
  const of = [...members.values()]
  if (of.length <= 1) return of[0] ?? NEVER
  const union: ValueType = { kind: 'union', of }
  return of.length > UNION_MEMBERS_MAX || sizeOf(union) > TYPE_PARTS_MAX ? DYN : union
}

function addMember(members: Map<string, ValueType>, type: ValueType): void {
  if (type.kind === 'bool') {
    const other = members.get('bool')
    members.set('bool', other?.kind === 'bool' && other.value !== type.value ? BOOL : type)
  } else if (type.kind === 'number') {
    // Whole ones and fractions stay apart: that one of them does not fit an Int is a warning.
    const key = `number ${type.whole}`
    const other = members.get(key)
    members.set(key, other?.kind === 'number' ? joinNumbers(other, type) : type)
  } else if (type.kind === 'list') {
    const other = members.get('list')
    members.set('list', other?.kind === 'list' ? joinLists(other, type) : type)
  } else if (type.kind === 'string' && type.value === null) {
    const isZulu = type.zulu && [...members.values()].every(other => other.kind !== 'string' || other.zulu)
    for (const [key, other] of members) if (other.kind === 'string') members.delete(key)
    members.set('string', { ...type, zulu: isZulu })
  } else if (type.kind === 'string' && members.has('string')) {
    const other = members.get('string') as StringType
    members.set('string', { ...other, zulu: other.zulu && type.zulu })
  } else members.set(keyOf(type), type)
}

function joinNumbers(left: NumberType, right: NumberType): NumberType {
  return {
    kind: 'number',
    whole: left.whole,
    int: left.int === right.int ? left.int : null,
    value: left.value === right.value ? left.value : null,
  }
}

function joinLists(left: ListType, right: ListType): ListType {
  return keyOf(left) === keyOf(right) ? left : listOf(unite([left.item, right.item]))
}

/** The members of a union; the type itself where it is none. */
export function membersOf(type: ValueType): readonly ValueType[] {
  return type.kind === 'union' ? type.of : [type]
}

export function isText(type: ValueType): boolean {
  return type.kind === 'string' || type.kind === 'enum'
}

export function isNumeric(type: ValueType): boolean {
  return type.kind === 'number' || (type.kind === 'opaque' && type.name === 'uint')
}

/** Only the event tells what it is, or there is none. */
export function isUnknown({ kind }: ValueType): boolean {
  return kind === 'dyn' || kind === 'never'
}

/** Whether it may be null, so that one should be warned where null is not possible. */
export function mayBeNull(type: ValueType): boolean {
  return membersOf(type).some(member => member.kind === 'null' && member.isQuiet !== true)
}

export function withoutNull(type: ValueType): ValueType {
  const members = membersOf(type)
  return members.some(({ kind }) => kind === 'null') ? unite(members.filter(({ kind }) => kind !== 'null')) : type
}

/** What becomes of the value when it leaves an expression: instants and durations are text, numbers are JSON's. */
export function asJson(type: ValueType): ValueType {
  switch (type.kind) {
    case 'number':
      return type.int === false ? type : { ...type, int: false }
    case 'list':
      return type.items === null ? listOf(asJson(type.item)) : tupleOf(type.items.map(asJson))
    case 'union':
      return unite(type.of.map(asJson))
    case 'opaque':
      if (type.name === 'uint') return WHOLE
      if (type.name === 'google.protobuf.Timestamp') return { ...STRING, zulu: true }
      return type.name === 'google.protobuf.Duration' ? STRING : type
    case 'object':
      // Objects of the schema hold JSON already; only those written in the expression can hold anything else.
      return type.name === null ? convertFields(type) : type
    default:
      return type
  }
}

function convertFields(type: ObjectType): ObjectType {
  const fields = [...type.fields].map(([name, field]): [string, Field] => [
    name,
    { ...field, type: asJson(field.type) },
  ])
  return { ...type, fields: new Map(fields), rest: type.rest === null ? null : asJson(type.rest) }
}

const sizes = new WeakMap<ValueType, number>()

/** How many parts a type has. */
function sizeOf(type: ValueType): number {
  const present = sizes.get(type)
  if (present !== undefined) return present
  const size = partsOf(type).reduce((sum, part) => sum + sizeOf(part), 1)
  sizes.set(type, size)
  return size
}

function partsOf(type: ValueType): readonly ValueType[] {
  if (type.kind === 'union') return type.of
  if (type.kind === 'list') return type.items ?? [type.item]
  return type.kind === 'object' ? [...type.fields.values()].map(field => field.type) : []
}

const keys = new WeakMap<ValueType, string>()

/** A text that is the same for types that are the same. */
export function keyOf(type: ValueType): string {
  const present = keys.get(type)
  if (present !== undefined) return present
  const key = makeKey(type)
  keys.set(type, key)
  return key
}

function makeKey(type: ValueType): string {
  switch (type.kind) {
    case 'null':
      return type.isQuiet === true ? 'null?' : 'null'
    case 'bool':
      return `bool(${type.value})`
    case 'number':
      return `number(${type.whole},${type.int},${type.value})`
    case 'string':
      return `string(${type.zulu},${JSON.stringify(type.value)})`
    case 'enum':
      return `enum(${type.name},${type.values.join()})`
    case 'list':
      return `[${type.items === null ? `…${keyOf(type.item)}` : type.items.map(keyOf).join()}]`
    case 'object':
      return makeObjectKey(type)
    case 'opaque':
      return type.name
    case 'union':
      return `(${type.of.map(keyOf).sort().join('|')})`
    default:
      return type.kind
  }
}

function makeObjectKey({ name, fields, rest }: ObjectType): string {
  const members = [...fields].map(
    ([key, field]) => `${JSON.stringify(key)}${field.optional ? '?' : ''}:${keyOf(field.type)}`,
  )
  return `${name ?? ''}{${members.join()}${rest === null ? '' : `,…${keyOf(rest)}`}}`
}
