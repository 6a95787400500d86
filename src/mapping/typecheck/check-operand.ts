import type { SyntaxNode } from '../expression/syntax-tree.ts'
import { describeType } from './describe-type.ts'
import { finding, type InferContext } from './infer-context.ts'
import { mayBeNull, membersOf, type ValueType } from './value-type.ts'

/** Says that a value may be null where null makes the evaluation fail. */
export function warnOfNull(operand: SyntaxNode, place: string, context: InferContext): void {
  const source = operand.input.slice(operand.start, operand.end)
  const parts = {
    severity: 'warning',
    code: 'may_be_null',
    message: `${source} may be null, which cannot be ${place}`,
    expected: `a value that is never null as ${place}`,
    found: `${source}, which may be null`,
    suggestion: 'give a value for that case with default(..., ...)',
  } as const
  context.report(operand.start, finding(parts))
}

/** Reports a condition that can never be a bool; `place` says where it stands. */
export function checkBool(type: ValueType, node: SyntaxNode, place: string, context: InferContext): void {
  if (membersOf(type).some(({ kind }) => kind === 'bool' || kind === 'dyn' || kind === 'never')) {
    if (mayBeNull(type)) warnOfNull(node, place, context)
    return
  }
  const found = `one that gives ${describeType(type)}`
  const parts = { message: `${place} gives no bool`, expected: 'an expression that gives a bool', found } as const
  context.report(node.start, finding({ code: 'expression_type', ...parts }))
}
