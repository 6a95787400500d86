import type { SyntaxNode } from '../expression/syntax-tree.ts'
import { warnOfNull } from './check-operand.ts'
import { describeType } from './describe-type.ts'
import { finding, type InferContext } from './infer-context.ts'
import { inferEquality, inferIn } from './infer-equality.ts'
import {
  BOOL,
  DYN,
  isNumeric,
  isText,
  isUnknown,
  listOf,
  mayBeNull,
  membersOf,
  NUMBER,
  type NumberType,
  type OpaqueName,
  STRING,
  type StringType,
  unite,
  type ValueType,
  withoutNull,
} from './value-type.ts'

/** Types of `left operator right`; null where there is no such operation. */
type Combine = (left: ValueType, right: ValueType) => ValueType | null

const TIME = 'google.protobuf.Timestamp'
const SPAN = 'google.protobuf.Duration'

/** Arithmetic of what is no number (cel-js's overloads). */
const OPAQUE_RESULTS: Readonly<Record<string, OpaqueName>> = {
  [`${TIME} - ${TIME}`]: SPAN,
  [`${TIME} - ${SPAN}`]: TIME,
  [`${TIME} + ${SPAN}`]: TIME,
  [`${SPAN} + ${TIME}`]: TIME,
  [`${SPAN} + ${SPAN}`]: SPAN,
  [`${SPAN} - ${SPAN}`]: SPAN,
  'bytes + bytes': 'bytes',
  'uint + uint': 'uint',
  'uint - uint': 'uint',
  'uint * uint': 'uint',
  'uint / uint': 'uint',
  'uint % uint': 'uint',
}

/** The type of a binary operation; reports one that can never work, and a comparison that can never be true. */
export function inferOperator(node: SyntaxNode, context: InferContext): ValueType {
  const [leftNode, rightNode] = node.args as [SyntaxNode, SyntaxNode]
  const left = context.infer(leftNode, context)
  const right = context.infer(rightNode, context)
  if (node.op === '==' || node.op === '!=') return inferEquality(node, left, right, context)
  if (node.op === 'in') return inferIn(node, left, right, context)
  const combine: Combine = /[<>]/.test(node.op)
    ? (a, b) => (isComparable(a, b) ? BOOL : null)
    : (a, b) => compute(node.op, a, b)
  return combineAll(node, left, right, combine, context)
}

/** The type of `!a` or `-a`. */
export function inferUnary(node: SyntaxNode, context: InferContext): ValueType {
  const operand = context.infer(node.args as SyntaxNode, context)
  const isNot = node.op === '!_'
  const wanted = isNot ? 'bool' : 'number'
  const fits = membersOf(operand).some(({ kind }) => kind === wanted || kind === 'dyn' || kind === 'never')
  if (!fits) {
    const found = `${isNot ? '!' : '-'}${describeType(operand)}`
    const expected = isNot ? 'a bool' : 'a number'
    context.report(
      node.start,
      finding({ code: 'expression_type', message: `no such operation: ${found}`, expected, found }),
    )
  }
  if (isNot) return BOOL
  return operand.kind === 'number' ? { ...operand, value: operand.value === null ? null : -operand.value } : NUMBER
}

function combineAll(
  node: SyntaxNode,
  left: ValueType,
  right: ValueType,
  combine: Combine,
  context: InferContext,
): ValueType {
  const [leftNode, rightNode] = node.args as [SyntaxNode, SyntaxNode]
  const results = membersOf(withoutNull(left)).flatMap(a =>
    membersOf(withoutNull(right)).flatMap(b => {
      const result = isUnknown(a) && isUnknown(b) ? (/[<>]/.test(node.op) ? BOOL : DYN) : combine(a, b)
      return result === null ? [] : [result]
    }),
  )
  if (results.length > 0) {
    for (const [type, operand] of [
      [left, leftNode],
      [right, rightNode],
    ] as const) {
      if (mayBeNull(type) && type.kind !== 'null') warnOfNull(operand, `an operand of "${node.op}"`, context)
    }
    return unite(results)
  }
  const found = `${describeType(left)} ${node.op} ${describeType(right)}`
  const isTextSum = node.op === '+' && (isText(left) || isText(right))
  const suggestion = isTextSum ? 'make the other side text with string(...)' : null
  context.report(
    node.start,
    finding({ code: 'expression_type', message: `no such operation: ${found}`, found, suggestion }),
  )
  return DYN
}

function compute(operator: string, left: ValueType, right: ValueType): ValueType | null {
  if (left.kind === 'number' && right.kind === 'number') return computeNumber(operator, left, right)
  if (operator === '+' && (isText(left) || isText(right))) {
    if (!(isText(left) || isUnknown(left)) || !(isText(right) || isUnknown(right))) return null
    return joinTexts(left, right)
  }
  if (operator === '+' && (left.kind === 'list' || right.kind === 'list')) return joinLists(left, right)
  if (left.kind === 'opaque' || right.kind === 'opaque') return computeOpaque(operator, left, right)
  if (left.kind === 'number' && isUnknown(right)) return computeNumber(operator, left, NUMBER)
  if (right.kind === 'number' && isUnknown(left)) return computeNumber(operator, NUMBER, right)
  return null
}

function computeNumber(operator: string, left: NumberType, right: NumberType): NumberType {
  const int = left.int === true && right.int === true ? true : left.int === false || right.int === false ? false : null
  const both = left.whole === right.whole ? left.whole : null
  const whole = left.whole === false || right.whole === false ? false : both
  // CEL divides two ints as ints; numbers of JSON are doubles, whole or not.
  if (operator === '/') return { kind: 'number', whole: int === true, int, value: null }
  // A number of which nothing is known may well be the one that makes it whole.
  const isKnown = left.whole !== null && right.whole !== null
  return { kind: 'number', whole: isKnown ? whole : null, int, value: null }
}

/** A date and a written-out time with `Z` make an instant with `Z`. */
function joinTexts(left: ValueType, right: ValueType): StringType {
  const isZulu =
    right.kind === 'string' && right.value !== null && /T\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?Z$/.test(right.value)
  if (left.kind === 'string' && right.kind === 'string' && left.value !== null && right.value !== null) {
    return { kind: 'string', value: left.value + right.value, zulu: isZulu }
  }
  return { ...STRING, zulu: isZulu }
}

function joinLists(left: ValueType, right: ValueType): ValueType | null {
  const lists = [left, right].map(type => (type.kind === 'list' ? type.item : isUnknown(type) ? DYN : null))
  return lists[0] == null || lists[1] == null ? null : listOf(unite([lists[0], lists[1]]))
}

function computeOpaque(operator: string, left: ValueType, right: ValueType): ValueType | null {
  if (isUnknown(left) || isUnknown(right)) return DYN
  if (left.kind !== 'opaque' || right.kind !== 'opaque') return null
  const name = OPAQUE_RESULTS[`${left.name} ${operator} ${right.name}`]
  return name === undefined ? null : { kind: 'opaque', name }
}

function isComparable(left: ValueType, right: ValueType): boolean {
  if (isUnknown(left)) return isOrdered(right)
  if (isUnknown(right)) return isOrdered(left)
  if (isText(left)) return isText(right)
  if (isNumeric(left)) return isNumeric(right)
  return (
    isOrdered(left) && left.kind === right.kind && (left.kind !== 'opaque' || left.name === (right as typeof left).name)
  )
}

function isOrdered(type: ValueType): boolean {
  return type.kind !== 'null' && type.kind !== 'list' && type.kind !== 'object'
}
