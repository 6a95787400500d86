import { appendPointer } from '../json-pointer.ts'
import { setOwn } from '../set-own.ts'
import { compileExpression, type Expression, type ExpressionOptions } from './compile-expression.ts'
import type { ExpressionFailure } from './describe-failure.ts'
import { type ExpressionProblem, placeProblem } from './describe-problem.ts'
import { TEXT_UNITS_MAX } from './expression-limits.ts'
import type { Scope } from './scope.ts'
import { splitTemplate, type TemplatePart } from './split-template.ts'

/** Deepest nesting of a template, in levels of lists and maps. */
const TEMPLATE_DEPTH_MAX = 32

/** A problem of one string of the template: `pointer` names the string, the place counts within it. */
export interface TemplateProblem extends ExpressionProblem {
  pointer: string
}

export type TemplateEvaluation = { ok: true; value: unknown } | (ExpressionFailure & { pointer: string })

/** An expression of a template, at its place: `start` is where its source begins in the string at `pointer`. */
export interface PlacedExpression {
  pointer: string
  start: number
  text: string
  expression: Expression
}

/** A compiled JSON value with `${…}` in its strings. */
export interface Template {
  roots: ReadonlySet<string>
  expressions: readonly PlacedExpression[]
  /** The inferred type when the whole value is one expression or a text; null for lists, maps and constants. */
  type: string | null
  /** Its parts, for the type check. */
  node: TemplateNode
  evaluate(scope: Scope): TemplateEvaluation
}

export type CompiledTemplate = { ok: true; template: Template } | { ok: false; problems: readonly TemplateProblem[] }

export type TemplateNode =
  | { kind: 'constant'; value: unknown }
  | { kind: 'expression'; pointer: string; placed: PlacedExpression }
  | { kind: 'text'; pointer: string; parts: readonly (string | PlacedExpression)[] }
  | { kind: 'list'; items: readonly TemplateNode[] }
  | { kind: 'map'; entries: readonly (readonly [string, TemplateNode])[] }

interface Compilation {
  options: ExpressionOptions
  problems: TemplateProblem[]
  expressions: PlacedExpression[]
}

/**
 * Compiles any JSON value whose strings may hold `${…}`; keys are literal.
 * A string that is exactly one `${…}` keeps the expression's type; anything around it makes a text, in which null is
 * empty and a list or map is a type error. `pointer` is the value's place in its file; all problems are returned at once.
 */
export function compileTemplate(value: unknown, pointer: string, options: ExpressionOptions = {}): CompiledTemplate {
  const compilation: Compilation = { options, problems: [], expressions: [] }
  const node = compileNode(value, pointer, 0, compilation)
  if (compilation.problems.length > 0) return { ok: false, problems: compilation.problems }
  const roots = new Set(compilation.expressions.flatMap(({ expression }) => [...expression.roots]))
  const type = node.kind === 'expression' ? node.placed.expression.type : node.kind === 'text' ? 'string' : null
  const evaluate = (scope: Scope) => evaluateNode(node, scope)
  return { ok: true, template: { roots, expressions: compilation.expressions, type, node, evaluate } }
}

function compileNode(value: unknown, pointer: string, depth: number, compilation: Compilation): TemplateNode {
  if (typeof value === 'string') return compileText(value, pointer, compilation)
  if (typeof value !== 'object' || value === null) return { kind: 'constant', value }
  if (depth >= TEMPLATE_DEPTH_MAX) return refuseDepth(pointer, compilation)
  if (Array.isArray(value)) {
    const items = value.map((item, i) => compileNode(item, appendPointer(pointer, i), depth + 1, compilation))
    return items.every(isConstant)
      ? { kind: 'constant', value: items.map(item => item.value) }
      : { kind: 'list', items }
  }
  const entries = Object.entries(value).map(([key, item]): readonly [string, TemplateNode] => [
    key,
    compileNode(item, appendPointer(pointer, key), depth + 1, compilation),
  ])
  return entries.every(([, node]) => isConstant(node))
    ? { kind: 'constant', value: buildMap(entries.map(([key, node]) => [key, (node as { value: unknown }).value])) }
    : { kind: 'map', entries }
}

function isConstant(node: TemplateNode): node is Extract<TemplateNode, { kind: 'constant' }> {
  return node.kind === 'constant'
}

function refuseDepth(pointer: string, compilation: Compilation): TemplateNode {
  const message = `nested deeper than ${TEMPLATE_DEPTH_MAX} levels`
  compilation.problems.push({ pointer, ...placeProblem('', 0, 0, { message }) })
  return { kind: 'constant', value: null }
}

function compileText(text: string, pointer: string, compilation: Compilation): TemplateNode {
  const split = splitTemplate(text)
  if (!split.ok) {
    const { start, end, message } = split
    compilation.problems.push({ pointer, ...placeProblem(text, start, end, { message, expected: '"}"' }) })
    return { kind: 'constant', value: text }
  }
  const parts = split.parts.map(part => compilePart(part, text, pointer, compilation))
  const only = parts.length === 1 ? parts[0] : undefined
  if (typeof only === 'string') return { kind: 'constant', value: only }
  if (only !== undefined) return { kind: 'expression', pointer, placed: only }
  return { kind: 'text', pointer, parts }
}

function compilePart(
  part: TemplatePart,
  text: string,
  pointer: string,
  compilation: Compilation,
): string | PlacedExpression {
  if (part.kind === 'text') return part.text
  const compiled = compileExpression(part.source, compilation.options)
  if (!compiled.ok) {
    const { start, end, message, expected, found, suggestion } = compiled.problem
    const placed = placeProblem(text, part.start + start, part.start + end, { message, expected, found, suggestion })
    compilation.problems.push({ pointer, ...placed })
    return ''
  }
  const placed = { pointer, start: part.start, text, expression: compiled.expression }
  compilation.expressions.push(placed)
  return placed
}

function evaluateNode(node: TemplateNode, scope: Scope): TemplateEvaluation {
  switch (node.kind) {
    case 'constant':
      return { ok: true, value: node.value }
    case 'expression': {
      const result = node.placed.expression.evaluate(scope)
      return result.ok ? result : { ...result, pointer: node.pointer }
    }
    case 'text':
      return evaluateText(node.parts, node.pointer, scope)
    case 'list':
      return evaluateList(node.items, scope)
    case 'map':
      return evaluateMap(node.entries, scope)
  }
}

function evaluateList(items: readonly TemplateNode[], scope: Scope): TemplateEvaluation {
  const value: unknown[] = []
  for (const item of items) {
    const result = evaluateNode(item, scope)
    if (!result.ok) return result
    value.push(result.value)
  }
  return { ok: true, value }
}

function evaluateMap(entries: readonly (readonly [string, TemplateNode])[], scope: Scope): TemplateEvaluation {
  const value = {}
  for (const [key, node] of entries) {
    const result = evaluateNode(node, scope)
    if (!result.ok) return result
    setOwn(value, key, result.value)
  }
  return { ok: true, value }
}

function evaluateText(
  parts: readonly (string | PlacedExpression)[],
  pointer: string,
  scope: Scope,
): TemplateEvaluation {
  let text = ''
  for (const part of parts) {
    const piece = typeof part === 'string' ? { ok: true as const, value: part } : part.expression.evaluate(scope)
    if (!piece.ok) return { ...piece, pointer }
    if (typeof piece.value === 'object' && piece.value !== null) return refuseInText(part, piece.value, pointer)
    text += piece.value === null ? '' : String(piece.value)
    if (text.length > TEXT_UNITS_MAX) {
      const message = `the text is longer than ${TEXT_UNITS_MAX} UTF-16 units`
      return { ok: false, reason: 'too_large', message, pointer }
    }
  }
  return { ok: true, value: text }
}

/** `[object Object]` in a title helps nobody. */
function refuseInText(part: string | PlacedExpression, value: object, pointer: string): TemplateEvaluation {
  const kind = Array.isArray(value) ? 'a list' : 'a map'
  const source = typeof part === 'string' ? '' : part.expression.source
  return {
    ok: false,
    reason: 'mapping_type',
    message: `"${source}" gives ${kind}, which cannot be part of a text`,
    pointer,
  }
}

function buildMap(entries: readonly (readonly [string, unknown])[]): object {
  const map = {}
  for (const [key, value] of entries) setOwn(map, key, value)
  return map
}
