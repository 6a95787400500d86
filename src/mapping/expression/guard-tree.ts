import { fail, spend } from './evaluation-budget.ts'
import { LIST_ITEMS_MAX, TEXT_UNITS_MAX } from './expression-limits.ts'
import { type Comprehension, type EvaluateNode, type Evaluator, type SyntaxNode, visitNodes } from './syntax-tree.ts'
import { valuesEqual } from './values-equal.ts'

/**
 * Puts the evaluation budget into a checked tree: turns of comprehensions, growth by `+`, deep comparison.
 * Must run after type checking (which chooses some evaluators) and before the first evaluation (which caches them).
 */
export function guardTree(root: SyntaxNode): void {
  visitNodes(root, node => {
    switch (node.op) {
      case 'comprehension':
        wrap((node.args as Comprehension).step, spendTurn)
        break
      case '+':
        wrap(node, boundSum)
        break
      case '==':
        node.setMeta('evaluate', evaluateEquals)
        break
      case '!=':
        node.setMeta('evaluate', evaluateDiffers)
        break
      case 'in':
        node.setMeta('evaluate', evaluateIn)
        break
    }
  })
}

function wrap(node: SyntaxNode, around: (inner: EvaluateNode) => EvaluateNode): void {
  const inner = node.meta.evaluate
  if (inner !== undefined) node.setMeta('evaluate', around(inner))
}

const spendTurn =
  (inner: EvaluateNode): EvaluateNode =>
  (evaluator, node, context) => {
    spend(1)
    return inner(evaluator, node, context)
  }

const boundSum =
  (inner: EvaluateNode): EvaluateNode =>
  (evaluator, node, context) => {
    const sum = inner(evaluator, node, context)
    if (typeof sum === 'string' && sum.length > TEXT_UNITS_MAX) {
      fail('too_large', `the text is longer than ${TEXT_UNITS_MAX} UTF-16 units`)
    }
    if (Array.isArray(sum)) {
      if (sum.length > LIST_ITEMS_MAX) fail('too_large', `the list is longer than ${LIST_ITEMS_MAX} elements`)
      spend(sum.length / 64)
    }
    return sum
  }

function operands(evaluator: Evaluator, node: SyntaxNode, context: unknown): { left: unknown; right: unknown } {
  const [left, right] = node.args as [SyntaxNode, SyntaxNode]
  return { left: evaluator.run(left, context), right: evaluator.run(right, context) }
}

const evaluateEquals: EvaluateNode = (evaluator, node, context) => {
  const { left, right } = operands(evaluator, node, context)
  return valuesEqual(left, right)
}

const evaluateDiffers: EvaluateNode = (evaluator, node, context) => {
  const { left, right } = operands(evaluator, node, context)
  return !valuesEqual(left, right)
}

const evaluateIn: EvaluateNode = (evaluator, node, context) => {
  const { left, right } = operands(evaluator, node, context)
  if (Array.isArray(right) || right instanceof Set) {
    for (const item of right) {
      spend(1 / 16)
      if (valuesEqual(left, item)) return true
    }
    return false
  }
  if (right instanceof Map) return right.has(left)
  if (typeof right === 'object' && right !== null) return typeof left === 'string' && Object.hasOwn(right, left)
  throw evaluator.createError('no_such_overload', 'no such overload: "in" needs a list or a map on its right', node)
}
