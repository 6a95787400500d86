import type { GraphQLInputType } from 'graphql'
import type { Expression } from '../expression/compile-expression.ts'
import type { PlacedExpression, TemplateNode } from '../expression/compile-template.ts'
import type { SyntaxNode } from '../expression/syntax-tree.ts'
import { checkAssignable, type Mismatch } from './check-assignable.ts'
import { checkBool } from './check-operand.ts'
import { type Facts, NO_FACTS } from './facts.ts'
import type { Finding, InferContext } from './infer-context.ts'
import { inferExpression, reportOnce } from './infer-expression.ts'
import { inferTemplate, inferText, type TemplateContext } from './infer-template.ts'
import type { TypeProblem } from './type-problem.ts'
import type { ValueType } from './value-type.ts'

/** Where expressions and templates of a file are checked, and where problems go. */
export interface ValueContext {
  scope: ReadonlyMap<string, ValueType>
  facts: Facts
  skips: InferContext['skips']
  report(problem: TypeProblem): void
}

export const NO_SKIPS: InferContext['skips'] = new Map()

/** A context without facts. */
export function valueContext(
  scope: Iterable<readonly [string, ValueType]>,
  report: ValueContext['report'],
): ValueContext {
  return { scope: new Map(scope), facts: NO_FACTS, skips: NO_SKIPS, report }
}

/** A value that is one expression, at its place. */
export interface PlacedCel {
  pointer: string
  /** Where the expression begins in the string. */
  start: number
  expression: Expression
}

/** The place of an expression that is the whole string, with or without `${…}` around it. */
export function placeCel(expression: Expression, text: string, pointer: string): PlacedCel {
  return { pointer, start: text.startsWith('${') ? 2 : 0, expression }
}

/** Infers an expression and reports what is wrong in it. */
export function checkExpression({ pointer, start, expression }: PlacedCel, context: ValueContext): ValueType {
  const report = reportOnce((at, finding) =>
    context.report({ ...finding, pointer, path: [], start: start + at, atKey: false, expression }),
  )
  return inferExpression(expression.tree, { ...context, report })
}

/** As `checkExpression`, for a condition. */
export function checkCondition(placed: PlacedCel, place: string, context: ValueContext): ValueType {
  const type = checkExpression(placed, context)
  const { pointer, start, expression } = placed
  const report = (at: number, finding: Finding) =>
    context.report({ ...finding, pointer, path: [], start: start + at, atKey: false, expression })
  const given = { ...context, report, isForgiving: false, infer: () => type }
  checkBool(type, expression.tree, place, given)
  return type
}

/** Infers a JSON value with `${…}` and reports what is wrong in its expressions. */
export function checkTemplate(node: TemplateNode, context: ValueContext): ValueType {
  return inferTemplate(node, templateContext(context))
}

/** As `checkTemplate`, for a text: also where it is one expression and nothing else. */
export function checkText(node: TemplateNode, context: ValueContext): void {
  inferText(
    node.kind === 'expression' ? [node.placed] : node.kind === 'text' ? node.parts : [],
    templateContext(context),
  )
}

function templateContext(context: ValueContext): TemplateContext {
  return {
    infer: (placed: PlacedExpression) => checkExpression(placed, context),
    report: ({ pointer, start, expression }, at, finding) =>
      context.report({ ...finding, pointer, path: [], start: start + at, atKey: false, expression }),
  }
}

/** A variable of an operation: its value at a pointer, and the type the operation declares. */
export interface VariableValue {
  name: string
  pointer: string
  node: TemplateNode
  type: GraphQLInputType | null
}

/** Infers the value of a variable and compares it with the declared type. */
export function checkVariable({ name, pointer, node, type }: VariableValue, context: ValueContext): void {
  const value = checkTemplate(node, context)
  if (type === null) return
  for (const mismatch of checkAssignable(value, type, name)) context.report(placeMismatch(mismatch, pointer, node))
}

/** The place of a mismatch: as deep as the value is written out, then where its expression begins. */
function placeMismatch({ path, atKey, ...finding }: Mismatch, pointer: string, node: TemplateNode): TypeProblem {
  const { node: at, depth } = followNode(node, path)
  if (at.kind === 'expression') {
    const { expression, start } = at.placed
    const rest = path.slice(depth)
    const offset = findPart(expression.tree, rest).start
    return { ...finding, pointer: at.pointer, path: rest, start: start + offset, atKey: false, expression }
  }
  return { ...finding, pointer, path, start: null, atKey, expression: null }
}

/** The part of a map or list literal the path leads to, as far as it is written out. */
function findPart(tree: SyntaxNode, path: readonly (string | number)[]): SyntaxNode {
  const [member, ...rest] = path
  const entries = tree.op === 'map' ? (tree.args as [SyntaxNode, SyntaxNode][]) : []
  const entry = entries.find(([key]) => key.op === 'value' && key.args === member)?.[1]
  const item = tree.op === 'list' ? (tree.args as SyntaxNode[])[Number(member)] : undefined
  const part = entry ?? item
  return member === undefined || part === undefined ? tree : findPart(part, rest)
}

function followNode(node: TemplateNode, path: readonly (string | number)[]): { node: TemplateNode; depth: number } {
  let at = node
  for (const [depth, member] of path.entries()) {
    const next =
      at.kind === 'map'
        ? at.entries.find(([key]) => key === member)?.[1]
        : at.kind === 'list'
          ? at.items[Number(member)]
          : undefined
    if (next === undefined) return { node: at, depth }
    at = next
  }
  return { node: at, depth: path.length }
}
