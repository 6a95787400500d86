import { UnsignedInt } from '@marcbachmann/cel-js/evaluator'
import type { SyntaxNode } from '../expression/syntax-tree.ts'
import { checkBool } from './check-operand.ts'
import { addFacts } from './facts.ts'
import { inferCall, inferMethod } from './infer-call.ts'
import type { Finding, InferContext } from './infer-context.ts'
import { inferOperator, inferUnary } from './infer-operator.ts'
import { readMember } from './read-member.ts'
import {
  BOOL,
  CEL_INT,
  DYN,
  literalString,
  NULL,
  objectOf,
  tupleOf,
  unite,
  type ValueType,
  withoutNull,
} from './value-type.ts'

/**
 * The type of an expression whose tree cel-js has checked, as CEL has it (`asJson` for what comes out of it).
 * What is certain to fail, or never does what it says, is reported with its place.
 */
export function inferExpression(tree: SyntaxNode, given: Omit<InferContext, 'infer' | 'isForgiving'>): ValueType {
  return infer(tree, { ...given, isForgiving: false, infer })
}

/** Reports each finding once: a part may be inferred again with other facts. */
export function reportOnce(report: (start: number, finding: Finding) => void): InferContext['report'] {
  const told = new Set<string>()
  return (start, finding) => {
    const key = `${start} ${finding.code} ${finding.message}`
    if (!told.has(key)) report(start, finding)
    told.add(key)
  }
}

function infer(node: SyntaxNode, context: InferContext): ValueType {
  switch (node.op) {
    case 'value':
      return typeOfLiteral(node.args)
    case 'id':
      return inferName(node.args as string, context)
    case '.':
    case '[]':
      return readMember(node, context)
    case 'call':
      return inferCall(node, context)
    case 'rcall':
      return inferMethod(node, context)
    case 'list':
      return tupleOf((node.args as SyntaxNode[]).map(item => infer(item, context)))
    case 'map':
      return inferMap(node.args as [SyntaxNode, SyntaxNode][], context)
    case '?:':
      return inferTernary(node.args as [SyntaxNode, SyntaxNode, SyntaxNode], context)
    case '&&':
    case '||':
      return inferLogical(node, context)
    case '!_':
    case '-_':
      return inferUnary(node, context)
    case '.?':
    case '[?]':
      return DYN
    default:
      return inferOperator(node, context)
  }
}

function inferName(name: string, { scope, facts }: InferContext): ValueType {
  const fact = facts.members.get(name)
  if (fact === 'null') return NULL
  const type = scope.get(name) ?? DYN
  return fact === 'not_null' ? withoutNull(type) : type
}

function typeOfLiteral(value: unknown): ValueType {
  switch (typeof value) {
    case 'string':
      return literalString(value)
    case 'bigint':
      return { ...CEL_INT, value: Number(value) }
    case 'number':
      return { kind: 'number', whole: Number.isInteger(value), int: false, value }
    case 'boolean':
      return { kind: 'bool', value }
  }
  if (value === null) return NULL
  if (value instanceof UnsignedInt) return { kind: 'opaque', name: 'uint' }
  return value instanceof Uint8Array ? { kind: 'opaque', name: 'bytes' } : DYN
}

function inferMap(entries: readonly [SyntaxNode, SyntaxNode][], context: InferContext): ValueType {
  const fields: [string, ValueType][] = []
  let isOpen = false
  for (const [key, value] of entries) {
    const name = infer(key, context)
    const type = infer(value, context)
    const isKey = name.kind === 'string' || name.kind === 'number' || name.kind === 'bool'
    if (isKey && name.value !== null) fields.push([String(name.value), type])
    else isOpen = true
  }
  return objectOf(fields, isOpen ? DYN : null)
}

function inferTernary(
  [condition, left, right]: [SyntaxNode, SyntaxNode, SyntaxNode],
  context: InferContext,
): ValueType {
  const decision = infer(condition, context)
  checkBool(decision, condition, 'the condition of "? :"', context)
  const taken = { ...context, facts: addFacts(context.facts, condition, true) }
  const other = { ...context, facts: addFacts(context.facts, condition, false) }
  const [yes, no] = [infer(left, taken), infer(right, other)]
  if (decision.kind === 'bool' && decision.value !== null) return decision.value ? yes : no
  return unite([yes, no])
}

/** The right side is reached when the left one did not decide. */
function inferLogical(node: SyntaxNode, context: InferContext): ValueType {
  const [left, right] = node.args as [SyntaxNode, SyntaxNode]
  checkBool(infer(left, context), left, `a side of "${node.op}"`, context)
  const after = { ...context, facts: addFacts(context.facts, left, node.op === '&&') }
  checkBool(infer(right, after), right, `a side of "${node.op}"`, after)
  return BOOL
}
