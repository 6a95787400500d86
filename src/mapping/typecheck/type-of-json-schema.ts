import { QUIET_NULL } from './quiet-null.ts'
import { BOOL, DYN, type Field, listOf, NUMBER, STRING, type ValueType, WHOLE } from './value-type.ts'

/** A JSON Schema of draft 7, as far as types are read from it; what it says beyond that is passed over. */
export interface JsonSchema {
  $ref?: string
  title?: string
  type?: string | readonly string[]
  enum?: readonly unknown[]
  const?: unknown
  properties?: Readonly<Record<string, JsonSchema>>
  required?: readonly string[]
  items?: JsonSchema | readonly JsonSchema[]
  allOf?: readonly JsonSchema[]
  oneOf?: readonly JsonSchema[]
  anyOf?: readonly JsonSchema[]
}

/** Schemas of which a value fits all: what is left of a schema when references and choices are followed. */
export type Form = readonly JsonSchema[]

/** Reads types from the definitions of one schema file; what was read is kept. */
export interface SchemaReader {
  /** The forms a value of this schema has; `[[]]` for any. */
  formsOf(schema: JsonSchema): readonly Form[]
  /** The type of a value in one of these forms; `name` is what messages call an object or enum without a title. */
  typeOf(forms: readonly Form[], name: string): ValueType
}

/** Most forms of one value; beyond it only the event tells. */
const FORMS_MAX = 100

/** Deepest chain of references and choices of one schema, and deepest payload, in levels. */
const DEPTH_MAX = 24

const ANY: readonly Form[] = [[]]

/** Opens a reader of definitions as `#/definitions/…` names them. */
export function openSchemaReader(definitions: Readonly<Record<string, JsonSchema>>): SchemaReader {
  const ids = new Map<JsonSchema, number>()
  const types = new Map<string, ValueType>()
  let depth = 0

  const formsOf = (schema: JsonSchema): readonly Form[] => findForms(schema, definitions, 0)

  const typeOf = (forms: readonly Form[], name: string): ValueType => {
    const key = `${name} ${keyOfForms(forms, ids)}`
    const present = types.get(key)
    if (present !== undefined) return present
    if (depth >= DEPTH_MAX) return DYN
    depth++
    const type = readType(forms, name, { formsOf, typeOf })
    depth--
    types.set(key, type)
    return type
  }
  return { formsOf, typeOf }
}

/** The same for the same schemas in any order: most events share what they are made of. */
function keyOfForms(forms: readonly Form[], ids: Map<JsonSchema, number>): string {
  const idOf = (schema: JsonSchema): number => {
    const id = ids.get(schema) ?? ids.size
    ids.set(schema, id)
    return id
  }
  return [...new Set(forms.map(form => form.map(idOf).sort().join('&')))].sort().join('|')
}

function findForms(
  schema: JsonSchema,
  definitions: Readonly<Record<string, JsonSchema>>,
  depth: number,
): readonly Form[] {
  if (!isSchema(schema) || depth > DEPTH_MAX) return ANY
  if (typeof schema.$ref === 'string') {
    const name = schema.$ref.replace(/^#\/definitions\//, '')
    return Object.hasOwn(definitions, name) ? findForms(definitions[name]!, definitions, depth + 1) : ANY
  }
  let forms: readonly Form[] = [saysAnything(schema) ? [schema] : []]
  const choices = schema.oneOf ?? schema.anyOf
  const parts = [...(schema.allOf ?? []).map(part => [part]), ...(choices === undefined ? [] : [choices])]
  for (const part of parts) {
    const others = part.flatMap(choice => findForms(choice, definitions, depth + 1))
    if (forms.length * others.length > FORMS_MAX) return ANY
    forms = forms.flatMap(form => others.map(other => [...form, ...other]))
  }
  return forms
}

function isSchema(value: unknown): value is JsonSchema {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function saysAnything(schema: JsonSchema): boolean {
  return ['type', 'enum', 'const', 'properties', 'items'].some(key => Object.hasOwn(schema, key))
}

/**
 * One type for all forms, null left out: objects become one object of all their members. Values of several kinds are what
 * only the event tells, and so are those that are null in every form: GitHub's schema is made from examples.
 */
function readType(forms: readonly Form[], name: string, reader: SchemaReader): ValueType {
  if (forms.length > FORMS_MAX) return DYN
  const kinds = new Set<string>()
  const byKind: Form[] = []
  for (const form of forms) {
    const own = kindsOf(form)
    if (own === null) return DYN
    for (const kind of own) kinds.add(kind)
    if ([...own].some(kind => kind !== 'null')) byKind.push(form)
  }
  kinds.delete('null')
  if (kinds.has('number')) kinds.delete('integer')
  const [kind, ...others] = kinds
  if (kind === undefined || others.length > 0) return DYN
  return readKind(kind, byKind, name, reader)
}

function readKind(kind: string, forms: readonly Form[], name: string, reader: SchemaReader): ValueType {
  switch (kind) {
    case 'string':
      return readText(forms, name)
    case 'boolean':
      return BOOL
    case 'integer':
      return WHOLE
    case 'number':
      return { ...NUMBER, int: false }
    case 'array':
      return readList(forms, name, reader)
    case 'object':
      return readObject(forms, name, reader)
    default:
      return DYN
  }
}

/** The kinds of JSON a value of the form may have; null: any. A form that contradicts itself has none. */
function kindsOf(form: Form): ReadonlySet<string> | null {
  const declared = form.map(declaredKinds).filter(kinds => kinds !== null)
  const [first, ...others] = declared
  return first === undefined ? null : new Set([...first].filter(kind => others.every(kinds => kinds.has(kind))))
}

function declaredKinds(schema: JsonSchema): ReadonlySet<string> | null {
  const { type, properties, items } = schema
  const values = Object.hasOwn(schema, 'const') ? [schema.const] : schema.enum
  const declared = type === undefined ? null : widenNumbers(typeof type === 'string' ? [type] : type)
  if (values !== undefined) {
    const kinds = new Set(values.map(kindOfValue))
    return declared === null ? kinds : new Set([...kinds].filter(kind => declared.has(kind)))
  }
  if (declared !== null) return declared
  if (properties !== undefined) return new Set(['object'])
  return items === undefined ? null : new Set(['array'])
}

/** Every integer is a number, so that one schema may say the one and another the other. */
function widenNumbers(types: readonly string[]): ReadonlySet<string> {
  return new Set(types.flatMap(type => (type === 'number' ? ['number', 'integer'] : [type])))
}

function kindOfValue(value: unknown): string {
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'array'
  if (typeof value === 'number') return Number.isInteger(value) ? 'integer' : 'number'
  return typeof value
}

/** An enum where every form names its values. */
function readText(forms: readonly Form[], name: string): ValueType {
  const values = new Set<string>()
  for (const form of forms) {
    const named = form.flatMap(({ enum: own }) => (own === undefined ? [] : [own]))
    const [first, ...others] = named
    if (first === undefined) return STRING
    for (const value of first)
      if (typeof value === 'string' && others.every(other => other.includes(value))) values.add(value)
  }
  return values.size === 0 ? STRING : { kind: 'enum', name, values: [...values] }
}

function readList(forms: readonly Form[], name: string, reader: SchemaReader): ValueType {
  const items = forms.map(form => form.flatMap(({ items: own }) => (own === undefined ? [] : [own])))
  if (items.some(own => own.length === 0 || own.some(schema => !isSchema(schema)))) return listOf(DYN)
  const element = items.flatMap(own => reader.formsOf({ allOf: own as JsonSchema[] }))
  return listOf(reader.typeOf(element, name))
}

function readObject(forms: readonly Form[], name: string, reader: SchemaReader): ValueType {
  const names = new Set(forms.flatMap(form => form.flatMap(({ properties }) => Object.keys(properties ?? {}))))
  const fields = new Map([...names].map(member => [member, readField(forms, member, reader)] as const))
  const title = forms.length === 1 ? forms[0]!.find(schema => typeof schema.title === 'string')?.title : undefined
  return { kind: 'object', name: title ?? name, fields, rest: DYN, unselected: null, lags: true }
}

/**
 * Any member may be null, whatever the schema says: GitHub's examples have null where its schema has none (release.name,
 * workflow_run.conclusion).
 */
function readField(forms: readonly Form[], member: string, reader: SchemaReader): Field {
  const found: Form[] = []
  let isOptional = false
  for (const form of forms) {
    const own = form.flatMap(({ properties = {} }) => (Object.hasOwn(properties, member) ? [properties[member]!] : []))
    if (own.length > 0) found.push(...reader.formsOf(own.length === 1 ? own[0]! : { allOf: own }))
    if (own.length === 0 || !form.some(({ required }) => required?.includes(member))) isOptional = true
  }
  const type = reader.typeOf(found, member)
  return { type: type.kind === 'dyn' ? DYN : { kind: 'union', of: [type, QUIET_NULL] }, optional: isOptional }
}
