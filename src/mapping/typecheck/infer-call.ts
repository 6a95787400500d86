import { originalNames } from '../expression/rewrite-tree.ts'
import type { SyntaxNode } from '../expression/syntax-tree.ts'
import { checkBool, warnOfNull } from './check-operand.ts'
import { describeType } from './describe-type.ts'
import { addFacts, forgetName, pathOf } from './facts.ts'
import { finding, type InferContext } from './infer-context.ts'
import { allowsNull, withoutQuietNull } from './quiet-null.ts'
import { elementOf, readMember } from './read-member.ts'
import { accepts, findSignatures, type Signature } from './signatures.ts'
import {
  BOOL,
  CEL_INT,
  DYN,
  isUnknown,
  keyOf,
  listOf,
  mayBeNull,
  NULL,
  STRING,
  unite,
  type ValueType,
  withoutNull,
} from './value-type.ts'

/** The type of `f(a, b)`; reports a call no version of the function can take. */
export function inferCall(node: SyntaxNode, context: InferContext): ValueType {
  const [name, args] = node.args as [string, SyntaxNode[]]
  if (name === 'has') return inferHas(args[0]!, context)
  if (name === 'default') return inferDefault(args as [SyntaxNode, SyntaxNode], context)
  const types = args.map(arg => context.infer(arg, context))
  const result = inferVersion(node, name, null, args, types, context)
  return refineCall(name, args, types, result)
}

/** The type of `a.f(b)`. */
export function inferMethod(node: SyntaxNode, context: InferContext): ValueType {
  const [name, receiver, args] = node.args as [string, SyntaxNode, SyntaxNode[]]
  if (node.meta.alternate !== undefined) return inferTurns(name, receiver, args, context)
  if (node.meta.macro !== undefined) return inferMacro(name, receiver, args, context)
  if (receiver.op === 'id' && !context.scope.has(receiver.args as string)) return DYN
  const own = context.infer(receiver, context)
  const types = args.map(arg => context.infer(arg, context))
  return inferVersion(node, name, { node: receiver, type: own }, args, types, context)
}

function inferHas(node: SyntaxNode, context: InferContext): ValueType {
  readMember(node, {
    ...context,
    infer: (part, inner) => context.infer(part, { ...inner, isForgiving: false }),
    isForgiving: true,
  })
  return BOOL
}

/** Missing and null give the fallback; what else the value is stays. */
function inferDefault([value, fallback]: [SyntaxNode, SyntaxNode], context: InferContext): ValueType {
  const type = context.infer(value, { ...context, isForgiving: true })
  const other = context.infer(fallback, context)
  return isCertain(value, context) ? type : unite([withoutNull(type), other])
}

/**
 * A value that is always there and never null, so that its fallback is never taken. Not said of answers: one that was
 * lost and adopted may lack what the operation selects.
 */
function isCertain(node: SyntaxNode, context: InferContext): boolean {
  const members = pathOf(node)?.split('.') ?? []
  const [root, ...path] = members
  if (root === undefined || root === 'steps' || root === 'result') return false
  let type = context.scope.get(root)
  for (const name of path) {
    const field = type?.kind === 'object' ? type.fields.get(name) : undefined
    if (field === undefined || field.optional) return false
    type = field.type
  }
  return type !== undefined && !isUnknown(type) && !allowsNull(type)
}

/** `cel.bind(name, value, body)`, and the methods of optionals. */
function inferMacro(name: string, receiver: SyntaxNode, args: readonly SyntaxNode[], context: InferContext): ValueType {
  const [variable, value, body] = args
  if (name !== 'bind' || variable === undefined || value === undefined || body === undefined) {
    context.infer(receiver, context)
    return DYN
  }
  return context.infer(body, bindName(String(variable.args), context.infer(value, context), context))
}

/** `map`, `filter`, `all`, `exists` and `exists_one`, as they were written. */
function inferTurns(name: string, receiver: SyntaxNode, args: readonly SyntaxNode[], context: InferContext): ValueType {
  const range = context.infer(receiver, context)
  const element = elementOf(range)
  if (element === null) {
    const found = describeType(range)
    const parts = { message: `${name} cannot go through ${found}`, expected: 'a list or a map', found }
    context.report(receiver.start, finding({ code: 'expression_type', ...parts }))
  } else if (mayBeNull(range)) warnOfNull(receiver, `what ${name} goes through`, context)
  const turn = bindName(String(args[0]!.args), element ?? DYN, context)
  const body = args.at(-1)!
  const condition = name === 'map' ? (args.length === 3 ? args[1]! : null) : body
  if (condition !== null) checkBool(turn.infer(condition, turn), condition, `the condition of ${name}`, turn)
  if (name === 'filter') return listOf(element ?? DYN)
  if (name !== 'map') return BOOL
  const within = condition === null ? turn : { ...turn, facts: addFacts(turn.facts, condition, true) }
  return listOf(turn.infer(body, within))
}

function bindName(name: string, type: ValueType, context: InferContext): InferContext {
  return { ...context, scope: new Map([...context.scope, [name, type]]), facts: forgetName(context.facts, name) }
}

interface Receiver {
  node: SyntaxNode
  type: ValueType
}

function inferVersion(
  node: SyntaxNode,
  name: string,
  receiver: Receiver | null,
  args: readonly SyntaxNode[],
  types: readonly ValueType[],
  context: InferContext,
): ValueType {
  const versions = findSignatures(name, receiver !== null).filter(({ params }) => params.length === args.length)
  const fitting = versions.filter(version => fits(version, receiver, types))
  if (versions.length === 0) return DYN
  if (fitting.length === 0) {
    reportCall(node, name, receiver, types, versions, context)
    return DYN
  }
  const values = receiver === null ? args : [receiver.node, ...args]
  for (const [i, type] of [...(receiver === null ? [] : [receiver.type]), ...types].entries()) {
    const takesNull = fitting.some(({ receiver: own, params }) =>
      accepts((own === null ? params : [own, ...params])[i]!, NULL),
    )
    if (mayBeNull(type) && !takesNull) warnOfNull(values[i]!, `an argument of ${originalNames(name)}`, context)
  }
  const results = new Map(fitting.map(({ result }) => [keyOf(result), result]))
  return results.size === 1 ? fitting[0]!.result : DYN
}

function fits({ receiver: own, params }: Signature, receiver: Receiver | null, types: readonly ValueType[]): boolean {
  if (receiver !== null && own !== null && accepts(own, receiver.type) === false) return false
  return params.every((param, i) => accepts(param, types[i]!) !== false)
}

function reportCall(
  node: SyntaxNode,
  name: string,
  on: Receiver | null,
  given: readonly ValueType[],
  versions: readonly Signature[],
  context: InferContext,
): void {
  const receiver = on === null ? null : { ...on, type: withoutQuietNull(on.type) }
  const types = given.map(withoutQuietNull)
  const written = originalNames(name)
  const own = receiver === null ? '' : `${describeArgument(receiver.type)}.`
  const found = `${own}${written}(${types.map(describeArgument).join(', ')})`
  const expected = [...new Set(versions.map(({ text }) => text))].slice(0, 4).join(' or ')
  const parts = { message: `no version of ${written} takes these arguments: ${found}`, expected, found }
  const suggestion = adviseConversion(receiver, types, versions)
  context.report(node.start, finding({ code: 'expression_type', ...parts, suggestion }))
}

function describeArgument(type: ValueType): string {
  const isJsonNumber = type.kind === 'number' && type.int === false && type.whole === true && type.value === null
  return isJsonNumber ? 'double' : describeType(type)
}

/** What would make the first wrong argument right, where that is one conversion. */
function adviseConversion(
  receiver: Receiver | null,
  types: readonly ValueType[],
  versions: readonly Signature[],
): string | null {
  const given = [...(receiver === null ? [] : [receiver.type]), ...types]
  const wanted = versions.map(({ receiver: own, params }) => (own === null ? params : [own, ...params]))
  const wrong = given.findIndex((type, i) => wanted.every(params => accepts(params[i]!, type) === false))
  if (wrong === -1) return null
  const names = new Set(wanted.map(params => params[wrong]))
  const kind = given[wrong]!.kind
  if (names.has('string') && (kind === 'number' || kind === 'bool')) return 'make it text with string(...)'
  if (names.has('int') && (kind === 'number' || kind === 'string')) return 'make it a whole number with int(...)'
  return null
}

/** What a signature does not say. */
function refineCall(
  name: string,
  args: readonly SyntaxNode[],
  types: readonly ValueType[],
  result: ValueType,
): ValueType {
  const [first, second, third] = types
  switch (name) {
    case 'dyn':
      return first ?? DYN
    case 'double':
      return first?.kind === 'number' && first.whole === true ? { ...first, int: false } : result
    case 'int':
      return CEL_INT
    case 'string':
      return first?.kind === 'string' || first?.kind === 'enum' ? first : STRING
    case 'lookup':
      return inferLookup(first, second, third)
    case 'formatDate':
      return { ...STRING, zulu: isZuluPattern(args) }
    default:
      return result
  }
}

function inferLookup(map: ValueType = DYN, key: ValueType = DYN, fallback: ValueType = DYN): ValueType {
  const name = key.kind === 'string' ? key.value : null
  if (map.kind !== 'object') return DYN
  const found = name === null ? [...map.fields.values()].map(({ type }) => type) : [map.fields.get(name)?.type]
  const present = found.filter(type => type !== undefined)
  const rest = map.rest === null || (name !== null && present.length > 0) ? [] : [map.rest]
  return unite([...[...present, ...rest].map(withoutNull), fallback])
}

/** A pattern that ends with a written `Z`, or with the token that is `Z` in UTC, which is the zone where none is given. */
function isZuluPattern([, pattern, zone]: readonly SyntaxNode[]): boolean {
  const text = pattern?.op === 'value' && typeof pattern.args === 'string' ? pattern.args : ''
  if (/Z'$/.test(text)) return true
  return text.endsWith('XXX') && (zone === undefined || (zone.op === 'value' && zone.args === 'UTC'))
}
