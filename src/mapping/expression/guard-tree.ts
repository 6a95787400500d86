import { fail, spend } from './evaluation-budget.ts'
import { DURATION_UNITS_MAX, ERROR_STEPS, LIST_ITEMS_MAX, NODE_STEPS, TEXT_UNITS_MAX } from './expression-limits.ts'
import { type Comprehension, type EvaluateNode, type Evaluator, type SyntaxNode, visitNodes } from './syntax-tree.ts'
import { spendCompared, valuesEqual } from './values-equal.ts'

/**
 * Puts the evaluation budget into a checked tree: turns of comprehensions, growth by `+`, deep comparison.
 * Must run after type checking (which chooses some evaluators) and before the first evaluation (which caches them).
 */
export function guardTree(root: SyntaxNode): void {
  const nodes = countNodes(root)
  visitNodes(root, node => {
    switch (node.op) {
      case 'comprehension':
        wrap((node.args as Comprehension).step, inner => spendTurn(inner, (node.args as Comprehension).step))
        node.setMeta('evaluate', evaluateComprehension)
        break
      case 'call':
        if (node.meta.macro === undefined) node.setMeta('evaluate', evaluateCall)
        break
      case 'rcall':
        if (node.meta.macro === undefined) node.setMeta('evaluate', evaluateMethod)
        break
      case '+':
        node.setMeta('evaluate', evaluateSum)
        break
      case '-':
      case '*':
      case '/':
      case '%':
      case '<':
      case '<=':
      case '>':
      case '>=':
        node.setMeta('evaluate', evaluateScalars)
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
  // small expressions are paid for by the step that beginning costs
  if (nodes > SMALL_NODES_MAX) wrap(root, inner => spendFor(inner, nodes * NODE_STEPS))
}

/** Nodes up to which an expression costs nothing beside its beginning. */
const SMALL_NODES_MAX = 64

function countNodes(root: SyntaxNode): number {
  let nodes = 0
  visitNodes(root, () => {
    nodes++
  })
  return nodes
}

function spendFor(inner: EvaluateNode, steps: number): EvaluateNode {
  return (evaluator, node, context) => {
    spend(steps)
    return inner(evaluator, node, context)
  }
}

function wrap(node: SyntaxNode, around: (inner: EvaluateNode) => EvaluateNode): void {
  const inner = node.meta.evaluate
  if (inner !== undefined) node.setMeta('evaluate', around(inner))
}

function spendTurn(inner: EvaluateNode, repeated: SyntaxNode): EvaluateNode {
  const steps = 1 + countNodes(repeated) * NODE_STEPS
  return (evaluator, node, context) => {
    spend(steps)
    try {
      return inner(evaluator, node, context)
    } catch (error) {
      spend(ERROR_STEPS)
      throw error
    }
  }
}

/** The keys of a map are listed before the first turn. */
const evaluateComprehension: EvaluateNode = (evaluator, node, context) => {
  const items = evaluator.run((node.args as Comprehension).iterable, context)
  spendArgument(items)
  return node.handle!(items, node.args, evaluator, context)
}

const evaluateCall: EvaluateNode = (evaluator, node, context) => {
  const [name, nodes] = node.args as [string, SyntaxNode[]]
  const args = nodes.map(arg => evaluator.run(arg, context))
  for (const arg of args) spendArgument(arg)
  if (name === 'duration' && typeof args[0] === 'string' && args[0].length > DURATION_UNITS_MAX) {
    fail('invalid_value', 'duration() cannot read this text')
  }
  // cel-js reads an empty text as 0, and 0b1 and 0o7 as well
  if ((name === 'int' || name === 'uint') && typeof args[0] === 'string' && !/^[+-]?\d+$/.test(args[0])) {
    throw evaluator.createError('invalid_value', `${name}() cannot read this text`, node)
  }
  return node.handle!(args, node, evaluator)
}

const evaluateMethod: EvaluateNode = (evaluator, node, context) => {
  const [, receiver, nodes] = node.args as [string, SyntaxNode, SyntaxNode[]]
  const args = [receiver, ...nodes].map(arg => evaluator.run(arg, context))
  for (const arg of args) spendArgument(arg)
  return node.handle!(args, evaluator, node)
}

/** Text is walked by `size` at 5 ns a unit; the keys of a map several times by cel-js's choice of overload. */
function spendArgument(value: unknown): void {
  if (typeof value === 'string' || value instanceof Uint8Array) spend(1 + value.length / 128)
  else if (Array.isArray(value)) spendFirst(value[0])
  else if (typeof value === 'object' && value !== null) spend(1 + Object.keys(value).length / 4)
}

/** The type of a list is that of its first element. */
function spendFirst(value: unknown): void {
  if (typeof value === 'object' && value !== null) spend(1 + Object.keys(value).length / 4)
}

const evaluateSum: EvaluateNode = (evaluator, node, context) => {
  const { left, right } = operands(evaluator, node, context)
  if (isPlainMap(left) || isPlainMap(right)) refuseOperand(evaluator, node, 'map')
  if (Array.isArray(left) && Array.isArray(right)) return concatenate(left, right)
  const sum = node.handle!(left, right, node, evaluator)
  if (typeof sum === 'string' && sum.length > TEXT_UNITS_MAX) {
    fail('too_large', `the text is longer than ${TEXT_UNITS_MAX} UTF-16 units`)
  }
  return sum
}

function concatenate(left: readonly unknown[], right: readonly unknown[]): unknown[] {
  const length = left.length + right.length
  if (length > LIST_ITEMS_MAX) fail('too_large', `the list is longer than ${LIST_ITEMS_MAX} elements`)
  spend(length / 64)
  return [...left, ...right]
}

/** Lists and maps are refused before cel-js looks through them for their type (2 ms for 20,000 keys). */
const evaluateScalars: EvaluateNode = (evaluator, node, context) => {
  const { left, right } = operands(evaluator, node, context)
  for (const value of [left, right]) {
    if (isPlainMap(value)) refuseOperand(evaluator, node, 'map')
    if (Array.isArray(value)) refuseOperand(evaluator, node, 'list')
  }
  spendCompared(left, right)
  return node.handle!(left, right, node, evaluator)
}

function refuseOperand(evaluator: Evaluator, node: SyntaxNode, kind: string): never {
  throw evaluator.createError('no_such_overload', `no such overload: "${node.op}" with a ${kind}`, node)
}

function isPlainMap(value: unknown): boolean {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false
  if (value instanceof Map) return true
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
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
