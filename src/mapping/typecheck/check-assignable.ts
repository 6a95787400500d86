import {
  type GraphQLEnumType,
  type GraphQLInputObjectType,
  type GraphQLInputType,
  isEnumType,
  isInputObjectType,
  isListType,
  isNonNullType,
  isScalarType,
  isSpecifiedScalarType,
} from 'graphql'
import type { ProblemCode } from '../problem.ts'
import { suggest } from '../suggest.ts'
import { describeChoice, describeText, describeType } from './describe-type.ts'
import { withoutQuietNull } from './quiet-null.ts'
import { type ListType, mayBeNull, membersOf, type ObjectType, type ValueType } from './value-type.ts'

/** Where a value does not fit its GraphQL type. */
export interface Mismatch {
  /** From the variable's value to the part that does not fit. */
  path: readonly (string | number)[]
  severity: 'error' | 'warning'
  code: ProblemCode
  message: string
  expected: string
  found: string
  suggestion: string | null
  /** It is about the key of the last member, not about its value. */
  atKey: boolean
}

type Path = Mismatch['path']

/** Largest and smallest value of GraphQL's Int. */
const INT_MAX = 2 ** 31 - 1
const INT_MIN = -(2 ** 31)

/**
 * Compares what is known of a value with a GraphQL input type: what the API is certain to refuse is an error, what it
 * may refuse a warning (a value that may be null, one of several forms that does not fit). What only the event tells fits.
 * `name` is that of the variable.
 */
export function checkAssignable(type: ValueType, target: GraphQLInputType, name: string): Mismatch[] {
  return assign(type, target, [], name)
}

function assign(type: ValueType, target: GraphQLInputType, path: Path, name: string): Mismatch[] {
  const members = membersOf(withoutQuietNull(type))
  if (members.length <= 1) return assignOne(members[0]!, target, path, name)
  const isNonNull = isNonNullType(target)
  if (isFree(isNonNull ? (target.ofType as GraphQLInputType) : target)) {
    const nulls = isNonNull && mayBeNull(type) ? [refuseNull(type, target, path)] : []
    return [...nulls, ...checkDates(type, path, name)]
  }
  const results = members.map(member => assignOne(member, target, path, name))
  const wrong = results.flat()
  if (results.every(found => found.some(({ severity }) => severity === 'error'))) {
    return [
      mismatch(path, { expected: String(target), found: describeType(type), suggestion: wrong[0]?.suggestion ?? null }),
    ]
  }
  const isDoubtful = isNonNull && mayBeNull(type)
  const others = wrong.filter(({ found, path: at }) => !isDoubtful || found !== 'null' || at.length > path.length)
  const warnings = others.map((found): Mismatch => ({ ...found, severity: 'warning' }))
  return isDoubtful ? [refuseNull(type, target, path), ...warnings] : warnings
}

function refuseNull(type: ValueType, target: GraphQLInputType, path: Path): Mismatch {
  return mismatch(path, {
    severity: 'warning',
    code: 'may_be_null',
    message: `${target} cannot be null, and the value may be`,
    expected: String(target),
    found: describeType(type),
    suggestion: 'give a value for that case with default(..., ...)',
  })
}

function assignOne(type: ValueType, target: GraphQLInputType, path: Path, name: string): Mismatch[] {
  if (type.kind === 'dyn' || type.kind === 'never') return []
  if (isNonNullType(target)) {
    const inner = target.ofType as GraphQLInputType
    if (type.kind !== 'null') return assignOne(type, inner, path, name).map(found => withDeclared(found, target, path))
    return [
      mismatch(path, {
        message: `${target} cannot be null`,
        expected: String(target),
        found: 'null',
        suggestion: null,
      }),
    ]
  }
  if (type.kind === 'null') return []
  if (isListType(target)) return assignList(type, target.ofType as GraphQLInputType, String(target), path, name)
  if (isInputObjectType(target)) return assignObject(type, target, path)
  if (isEnumType(target)) return assignEnum(type, target, path)
  if (isFree(target) || !isScalarType(target)) return checkDates(type, path, name)
  return fitsScalar(type, target.name) ? [] : [refuseScalar(type, target.name, path)]
}

/** A scalar of the API's own, such as JSON: what it takes only the API tells. */
function isFree(type: GraphQLInputType): boolean {
  return isScalarType(type) && !isSpecifiedScalarType(type)
}

/** The type as it was declared, with its `!`. */
function withDeclared(found: Mismatch, target: GraphQLInputType, path: Path): Mismatch {
  const inner = String(target).slice(0, -1)
  return found.path.length === path.length && found.expected === inner ? { ...found, expected: String(target) } : found
}

function assignList(type: ValueType, item: GraphQLInputType, target: string, path: Path, name: string): Mismatch[] {
  if (type.kind === 'list') return assignItems(type, item, path, name)
  const inner = assign(type, item, path, name)
  if (inner.some(({ severity }) => severity === 'error')) {
    return [mismatch(path, { expected: target, found: describeType(type), suggestion: null })]
  }
  const message = `a single value is sent for the list ${target}`
  const found = describeType(type)
  return [
    mismatch(path, {
      severity: 'warning',
      message,
      expected: `${target} (a list)`,
      found,
      suggestion: 'put it into [ ]',
    }),
    ...inner,
  ]
}

function assignItems(list: ListType, item: GraphQLInputType, path: Path, name: string): Mismatch[] {
  if (list.items === null) return assign(list.item, item, path, name)
  return list.items.flatMap((type, i) => assign(type, item, [...path, i], name))
}

function assignObject(type: ValueType, target: GraphQLInputObjectType, path: Path): Mismatch[] {
  if (type.kind !== 'object')
    return [mismatch(path, { expected: `${target.name} (an object)`, found: describeType(type), suggestion: null })]
  const fields = target.getFields()
  const known = Object.keys(fields)
  const unknown = [...type.fields.keys()]
    .filter(key => !known.includes(key))
    .map(key => unknownField(key, target, known, path))
  return [...unknown, ...Object.values(fields).flatMap(field => assignField(type, target, field.name, path))]
}

function assignField(type: ObjectType, target: GraphQLInputObjectType, name: string, path: Path): Mismatch[] {
  const field = target.getFields()[name]!
  const given = type.fields.get(name)
  const isRequired = isNonNullType(field.type) && field.defaultValue === undefined
  if (given !== undefined) {
    const found = assign(given.type, field.type, [...path, name], name)
    return given.optional && isRequired && type.lags !== true
      ? [...found, missingField(target, name, path, 'warning')]
      : found
  }
  return isRequired && type.rest === null ? [missingField(target, name, path, 'error')] : []
}

function missingField(
  target: GraphQLInputObjectType,
  name: string,
  path: Path,
  severity: 'error' | 'warning',
): Mismatch {
  const field = target.getFields()[name]!
  const message = `${target.name} needs the field "${name}"`
  return mismatch(path, {
    severity,
    code: 'missing_field',
    message,
    expected: `"${name}" (${field.type})`,
    found: severity === 'error' ? 'nothing' : 'a field that may be missing',
    suggestion: null,
  })
}

function unknownField(key: string, target: GraphQLInputObjectType, known: readonly string[], path: Path): Mismatch {
  const message = `${target.name} has no field "${key}"`
  return mismatch([...path, key], {
    code: 'unknown_field',
    message,
    expected: describeChoice(known),
    found: `"${key}"`,
    suggestion: suggest(key, known),
    atKey: true,
  })
}

function assignEnum(type: ValueType, target: GraphQLEnumType, path: Path): Mismatch[] {
  const values = target.getValues().map(({ name }) => name)
  const expected = `${target.name}: ${describeChoice(values)}`
  if (type.kind === 'enum') {
    if (type.values.every(value => values.includes(value))) return []
    const isCertain = !type.values.some(value => values.includes(value))
    return [
      mismatch(path, {
        severity: isCertain ? 'error' : 'warning',
        expected,
        found: describeType(type),
        suggestion: null,
      }),
    ]
  }
  if (type.kind !== 'string') return [mismatch(path, { expected, found: describeType(type), suggestion: null })]
  if (type.value === null || values.includes(type.value)) return []
  return [mismatch(path, { expected, found: describeText(type.value), suggestion: suggest(type.value, values) })]
}

function fitsScalar(type: ValueType, name: string): boolean {
  switch (name) {
    case 'Int':
      return (
        type.kind === 'number' &&
        type.whole !== false &&
        (type.value === null || (type.value >= INT_MIN && type.value <= INT_MAX))
      )
    case 'Float':
      return type.kind === 'number'
    case 'Boolean':
      return type.kind === 'bool'
    case 'ID':
      return type.kind === 'string' || type.kind === 'enum' || (type.kind === 'number' && type.whole !== false)
    default:
      return type.kind === 'string' || type.kind === 'enum'
  }
}

function refuseScalar(type: ValueType, name: string, path: Path): Mismatch {
  const isOutside = name === 'Int' && type.kind === 'number' && type.whole !== false
  const expected = isOutside ? `Int (from ${INT_MIN} to ${INT_MAX})` : name
  const found =
    type.kind === 'number' && type.whole === false && type.value === null
      ? 'double (a number that may have a fraction)'
      : describeType(type)
  return mismatch(path, { expected, found, suggestion: isOutside ? null : adviseScalar(type, name) })
}

/** The conversion that makes it fit; a value that is written out is better written otherwise. */
function adviseScalar(type: ValueType, name: string): string | null {
  const isText = name === 'String' || name === 'ID'
  if (type.kind === 'string' && type.value !== null) return isText ? null : adviseUnquoting(type.value, name)
  if (type.kind === 'string' || type.kind === 'number') {
    if (name === 'Int') return 'make it a whole number with int(...)'
    if (isText)
      return type.kind === 'number' && type.value !== null ? 'write it in quotes' : 'make it text with string(...)'
  }
  if (type.kind === 'bool' && isText)
    return type.value === null ? 'make it text with string(...)' : 'write it in quotes'
  if (type.kind !== 'string') return null
  return name === 'Float' ? 'make it a number with double(...)' : 'make it a bool with bool(...)'
}

function adviseUnquoting(text: string, name: string): string | null {
  const fits = name === 'Boolean' ? /^(?:true|false)$/ : name === 'Int' ? /^-?\d+$/ : /^-?\d+(?:\.\d+)?$/
  return fits.test(text) ? 'write it without quotes' : null
}

/** Deepest content looked through for dates, in levels. */
const CONTENT_DEPTH_MAX = 16

/** A content field that holds an instant refuses one that ends with `Z`; which fields do, only the collection tells. */
function checkDates(type: ValueType, path: Path, name: string): Mismatch[] {
  if (name !== 'content' || path.length >= CONTENT_DEPTH_MAX) return []
  const members = membersOf(type)
  // Of content that may have been shaped (shapeContent) it is not known whether the instant is still in it.
  if (members.length > 1 && members.some(member => member.kind === 'object' && member.rest !== null)) return []
  return members.flatMap(member => findDates(member, path, name))
}

function findDates(type: ValueType, path: Path, name: string): Mismatch[] {
  if (type.kind === 'object')
    return [...type.fields].flatMap(([key, field]) => checkDates(field.type, [...path, key], name))
  if (type.kind === 'list')
    return (type.items ?? [type.item]).flatMap((item, i) =>
      checkDates(item, type.items === null ? path : [...path, i], name),
    )
  if (type.kind !== 'string' || !type.zulu) return []
  const parts = {
    severity: 'warning',
    code: 'date_with_z',
    message: 'an instant that ends with "Z", which date fields refuse',
    expected: 'a date, or an instant with a numeric offset',
    found: type.value === null ? 'an instant that ends with "Z"' : describeText(type.value),
    suggestion: 'use date(...) or dateTimeOffset(...)',
  } as const
  return [mismatch(path, parts)]
}

function mismatch(
  path: Path,
  parts: Pick<Mismatch, 'expected' | 'found' | 'suggestion'> & Partial<Mismatch>,
): Mismatch {
  const message = `expected ${parts.expected}`
  return { path, severity: 'error', code: 'variable_type', atKey: false, message, ...parts }
}
