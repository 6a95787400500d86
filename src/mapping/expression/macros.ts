import { spend } from './evaluation-budget.ts'
import { MISSING_STEPS } from './expression-limits.ts'
import type { Checker, Evaluator, SyntaxNode } from './syntax-tree.ts'

interface MacroCall {
  ast: SyntaxNode
  args: SyntaxNode[]
}

interface Macro {
  args: SyntaxNode[]
  async: false
  typeCheck(checker: Checker, macro: Macro, context: unknown): unknown
  evaluate(evaluator: Evaluator, macro: Macro, context: unknown): unknown
}

/** What `default` forgives: a member, element or variable that is not there. A wrong type stays an error. */
const MISSING = new Set(['no_such_key', 'index_out_of_bounds', 'unknown_variable'])

/** `default(value, fallback)`: the fallback where the value is missing or null. A macro, since the value may fail. */
export function defaultMacro({ args }: MacroCall): Macro {
  return {
    args,
    async: false,
    typeCheck(checker, macro, context) {
      for (const arg of macro.args) checker.check(arg, context)
      return checker.getType('dyn')
    },
    evaluate(evaluator, macro, context) {
      const [value, fallback] = macro.args as [SyntaxNode, SyntaxNode]
      return runOrNull(evaluator, value, context) ?? evaluator.run(fallback, context)
    },
  }
}

function runOrNull(evaluator: Evaluator, node: SyntaxNode, context: unknown): unknown {
  try {
    return evaluator.run(node, context)
  } catch (error) {
    if (!MISSING.has((error as { code?: unknown }).code as string)) throw error
    spend(MISSING_STEPS)
    return null
  }
}

/**
 * `has(a.b)` as in CEL, and also `has(a['b'])`, which header names need. Takes the place of cel-js's own.
 * True when the last member is there; the part before it must exist.
 */
export function hasMacro({ args }: MacroCall): Macro {
  return {
    args,
    async: false,
    typeCheck(checker, macro, context) {
      const node = macro.args[0]!
      if (node.op !== '.' && node.op !== '[]') {
        throw checker.createError('invalid_macro_argument', 'has() needs a member: has(payload.name)', node)
      }
      checker.check(node, context)
      return checker.getType('bool')
    },
    evaluate(evaluator, macro, context) {
      const node = macro.args[0]!
      const [parent, member] = node.args as [SyntaxNode, SyntaxNode | string]
      const key = typeof member === 'string' ? member : evaluator.run(member, context)
      return hasMember(evaluator.run(parent, context), key)
    },
  }
}

function hasMember(parent: unknown, key: unknown): boolean {
  if (Array.isArray(parent)) return Number(key) >= 0 && Number(key) < parent.length && Number.isInteger(Number(key))
  if (parent instanceof Map) return parent.has(key)
  return typeof parent === 'object' && parent !== null && typeof key === 'string' && Object.hasOwn(parent, key)
}
