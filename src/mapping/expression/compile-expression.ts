import type { Environment } from '@marcbachmann/cel-js'
import { describeFailure, type ExpressionFailure } from './describe-failure.ts'
import {
  describeProblem,
  displayType,
  type ExpressionProblem,
  type KnownNames,
  placeProblem,
} from './describe-problem.ts'
import { environmentFor } from './environment.ts'
import { isBudgetSpent, resetBudget, TOO_COSTLY } from './evaluation-budget.ts'
import { EXPRESSION_UNITS_MAX } from './expression-limits.ts'
import { findReferences, type Reference } from './find-references.ts'
import { guardTree } from './guard-tree.ts'
import { MAPPING_VARIABLES } from './mapping-variables.ts'
import { originalNames, rewriteTree } from './rewrite-tree.ts'
import type { Scope } from './scope.ts'
import { needsMaps, withMaps } from './scope-with-maps.ts'
import type { SyntaxNode } from './syntax-tree.ts'
import { toJsonValue } from './to-json-value.ts'

export type Evaluation = { ok: true; value: unknown } | ExpressionFailure

/** A compiled CEL expression. */
export interface Expression {
  source: string
  /** The inferred type: `bool`, `string`, `int`, `double`, `list<…>`, `map<…>`, `null`, or `dyn` when only the event tells. */
  type: string
  /** Names of the scope it uses. */
  roots: ReadonlySet<string>
  /** Each use of a name, with the member read from it where that is a literal. */
  references: readonly Reference[]
  /** The sources of the parts joined by `&&` at the top; one when there are none. */
  conjuncts: readonly string[]
  /** The checked syntax tree, for the type check. */
  tree: SyntaxNode
  /** Gives plain JSON or the reason why there is none; never throws. */
  evaluate(scope: Scope): Evaluation
}

export type CompiledExpression = { ok: true; expression: Expression } | { ok: false; problem: ExpressionProblem }

export interface ExpressionOptions {
  /** Names in scope; by default those of a mapping (`MAPPING_VARIABLES`). */
  variables?: readonly string[]
}

/**
 * Compiles one CEL expression once, for many evaluations.
 * The problem carries line and column (from 1), offsets, what was expected and found, and a suggestion where one is near.
 * Expressions are bounded in length, size and work (expression-limits.ts) and cannot reach prototypes, the environment
 * or secrets. Result: plain JSON only.
 */
export function compileExpression(source: string, options: ExpressionOptions = {}): CompiledExpression {
  const variables = options.variables ?? MAPPING_VARIABLES
  if (source.length > EXPRESSION_UNITS_MAX) return refuseLength(source)
  const environment = environmentFor(variables)
  try {
    return compileParsed(source, variables, environment)
  } catch (error) {
    return { ok: false, problem: describeProblem(error, source, knownNames(variables, environment)) }
  }
}

function compileParsed(source: string, variables: readonly string[], environment: Environment): CompiledExpression {
  const program = environment.parse(source)
  const tree = program.ast as unknown as SyntaxNode
  const literal = rewriteTree(tree)[0]
  if (literal !== undefined) {
    const { start, end } = literal.node
    return { ok: false, problem: placeProblem(source, start, end, { message: literal.message }) }
  }
  const optional = findReferences(tree, OPTIONAL)[0]
  if (optional !== undefined) return refuseOptional(source, optional)
  const checked = program.check()
  if (!checked.valid) throw checked.error
  guardTree(tree)
  const references = findReferences(tree, new Set(variables))
  const evaluate = (scope: Scope): Evaluation => evaluateProgram(program, source, scope)
  const roots = new Set(references.map(reference => reference.root))
  const conjuncts = conjunctsOf(tree, source)
  return { ok: true, expression: { source, type: checked.type ?? 'dyn', roots, references, conjuncts, tree, evaluate } }
}

function conjunctsOf(node: SyntaxNode, source: string): string[] {
  if (node.op !== '&&') return [source.slice(node.start, node.end)]
  return (node.args as SyntaxNode[]).flatMap(part => conjunctsOf(part, source))
}

function evaluateProgram(program: (scope: Scope) => unknown, source: string, scope: Scope): Evaluation {
  try {
    return evaluateOnce(program, scope)
  } catch (error) {
    if (isBudgetSpent()) return tooCostly()
    return needsMaps(error, scope) ? evaluateAgain(program, source, withMaps(scope)) : describeFailure(error, source)
  }
}

function evaluateAgain(program: (scope: Scope) => unknown, source: string, scope: Scope): Evaluation {
  try {
    return evaluateOnce(program, scope)
  } catch (error) {
    return isBudgetSpent() ? tooCostly() : describeFailure(error, source)
  }
}

function evaluateOnce(program: (scope: Scope) => unknown, scope: Scope): Evaluation {
  resetBudget()
  const value = toJsonValue(program(scope))
  return isBudgetSpent() ? tooCostly() : { ok: true, value }
}

function tooCostly(): Evaluation {
  return { ok: false, reason: 'too_costly', message: TOO_COSTLY }
}

/** cel-js knows the name also where its optional values are off, and then has no value for it. */
const OPTIONAL: ReadonlySet<string> = new Set(['optional'])

function refuseOptional(source: string, { start, end }: Reference): CompiledExpression {
  const expected = 'default(…, …) or has(…)'
  const parts = { message: 'optional values are not available', expected, found: '"optional"' }
  return { ok: false, problem: placeProblem(source, start, end, parts) }
}

function refuseLength(source: string): CompiledExpression {
  const parts = {
    message: `the expression is longer than ${EXPRESSION_UNITS_MAX} characters`,
    expected: `at most ${EXPRESSION_UNITS_MAX} characters`,
    found: `${source.length} characters`,
  }
  return { ok: false, problem: placeProblem(source, EXPRESSION_UNITS_MAX, source.length, parts) }
}

function knownNames(variables: readonly string[], environment: Environment): KnownNames {
  const { functions } = environment.getDefinitions()
  const versions = new Map<string, string[]>([['has', ['has(member)']]])
  for (const { name, receiverType, params } of functions) {
    const written = originalNames(name)
    const types = params.map(({ type }) => displayType(String(type)))
    const receiver = receiverType === null ? '' : `${displayType(String(receiverType))}.`
    const version = `${receiver}${written}(${types.join(', ')})`
    const known = versions.get(written) ?? []
    if (!known.includes(version)) versions.set(written, [...known, version])
  }
  return { variables, functions: versions }
}
