import { displayType } from '../expression/describe-problem.ts'
import { environmentFor } from '../expression/environment.ts'
import { originalNames } from '../expression/rewrite-tree.ts'
import {
  BOOL,
  CEL_INT,
  DYN,
  listOf,
  mapOf,
  membersOf,
  NUMBER,
  type OpaqueName,
  STRING,
  type ValueType,
} from './value-type.ts'

/** One version of a function of the mapping language. */
export interface Signature {
  /** As authors write it: `truncate(string, int)`, `string.truncate(int)`. */
  text: string
  receiver: string | null
  params: readonly string[]
  result: ValueType
}

const RESULTS: Readonly<Record<string, ValueType>> = {
  bool: BOOL,
  string: STRING,
  int: CEL_INT,
  // double(2) is 2 again when it becomes JSON.
  double: { ...NUMBER, int: false },
  'list<string>': listOf(STRING),
  'map<dyn, dyn>': mapOf(DYN),
}

/** What a function takes and gives where it is registered for any value, to say better itself what is wrong with one. */
const NARROWER: Readonly<Record<string, { params: readonly string[]; result: ValueType }>> = {
  shapeContent: { params: ['list<dyn>', 'map<dyn, dyn>'], result: mapOf(DYN) },
}

const OPAQUE = new Set<string>(['bytes', 'type', 'uint', 'google.protobuf.Timestamp', 'google.protobuf.Duration'])

let byName: ReadonlyMap<string, readonly Signature[]> | null = null

/** The versions of a function with a receiver (`x.f()`) or without (`f(x)`), by the name the tree has; [] for an unknown one. */
export function findSignatures(name: string, hasReceiver: boolean): readonly Signature[] {
  byName ??= listSignatures()
  return byName.get(`${hasReceiver ? '.' : ''}${name}`) ?? []
}

function listSignatures(): Map<string, Signature[]> {
  const found = new Map<string, Signature[]>()
  for (const { name, receiverType, returnType, params } of environmentFor([]).getDefinitions().functions) {
    const types = NARROWER[name]?.params ?? params.map(({ type }) => String(type))
    const receiver = receiverType === null ? null : String(receiverType)
    const written = `${receiver === null ? '' : `${displayType(receiver)}.`}${originalNames(name)}`
    const key = `${receiver === null ? '' : '.'}${name}`
    const signature = {
      text: `${written}(${types.map(displayType).join(', ')})`,
      receiver,
      params: types,
      result: NARROWER[name]?.result ?? resultOf(String(returnType)),
    }
    found.set(key, [...(found.get(key) ?? []), signature])
  }
  return found
}

function resultOf(name: string): ValueType {
  return RESULTS[name] ?? (OPAQUE.has(name) ? { kind: 'opaque', name: name as OpaqueName } : DYN)
}

/** Says whether a value can be passed where cel-js wants a type of this name; null: some of what it may be can. */
export function accepts(name: string, type: ValueType): boolean | null {
  const answers = membersOf(type).map(member => acceptsOne(name, member))
  return answers.every(Boolean) ? true : answers.some(Boolean) ? null : false
}

function acceptsOne(name: string, type: ValueType): boolean {
  if (type.kind === 'dyn' || type.kind === 'never') return true
  switch (name) {
    case 'string':
      return type.kind === 'string' || type.kind === 'enum'
    case 'bool':
    case 'null':
      return type.kind === name
    case 'int':
      return type.kind === 'number' && type.int !== false
    case 'double':
      return type.kind === 'number' && type.int !== true
    case 'list<dyn>':
      return type.kind === 'list'
    case 'list<string>':
      return type.kind === 'list' && accepts('string', type.item) !== false
    case 'map<dyn, dyn>':
      return type.kind === 'object'
    default:
      return OPAQUE.has(name) ? type.kind === 'opaque' && type.name === name : true
  }
}
