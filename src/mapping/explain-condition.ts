import { compileExpression } from './expression/compile-expression.ts'
import { environmentFor } from './expression/environment.ts'
import { MAPPING_VARIABLES } from './expression/mapping-variables.ts'
import type { Scope } from './expression/scope.ts'
import { isNode, type SyntaxNode, visitNodes } from './expression/syntax-tree.ts'
import { showText, showValue } from './show-value.ts'

/** What a clause came to; `error`: it gave no value. */
export type Verdict = 'true' | 'false' | 'error'

/** A piece of a clause with the value it had, as it may be printed. */
export interface SeenValue {
  source: string
  found: string
}

/** A condition taken apart at `&&` (`all`) and `||` (`any`); the rest are clauses, each with the values of what it names. */
export type Clause =
  | { kind: 'all' | 'any'; verdict: Verdict; parts: readonly Clause[] }
  | { kind: 'clause'; verdict: Verdict; source: string; message: string | null; values: readonly SeenValue[] }

/** Most values shown of one clause. */
const VALUES_MAX = 6

const COMPARISONS = new Set(['==', '!=', '<', '<=', '>', '>=', 'in'])

/**
 * Says of a CEL condition which of its clauses held, and why: each with the values of what it compares or names. They are
 * values of the payload: for the eyes of whoever gave it, not to be stored. Pure.
 */
export function explainCondition(source: string, scope: Scope): Clause {
  const program = environmentFor(MAPPING_VARIABLES).parse(source)
  return explainNode(program.ast as unknown as SyntaxNode, { source, scope, pairs: findPairs(source) })
}

interface Explanation {
  source: string
  scope: Scope
  pairs: readonly Pair[]
}

interface Pair {
  open: number
  close: number
}

function explainNode(node: SyntaxNode, explanation: Explanation): Clause {
  if (node.op !== '&&' && node.op !== '||') return explainClause(node, explanation)
  const parts = flatten(node, node.op).map(part => explainNode(part, explanation))
  const verdicts = new Set(parts.map(part => part.verdict))
  // as CEL has it: an error is no matter where the other side decides
  const decides = node.op === '&&' ? 'false' : 'true'
  const otherwise = node.op === '&&' ? 'true' : 'false'
  const verdict = verdicts.has(decides) ? decides : verdicts.has('error') ? 'error' : otherwise
  return { kind: node.op === '&&' ? 'all' : 'any', verdict, parts }
}

function flatten(node: SyntaxNode, op: string): SyntaxNode[] {
  return node.op === op ? (node.args as SyntaxNode[]).flatMap(part => flatten(part, op)) : [node]
}

function explainClause(node: SyntaxNode, explanation: Explanation): Clause {
  const source = sourceOf(node, explanation)
  const result = evaluate(source, explanation.scope)
  const isBool = result.ok && typeof result.value === 'boolean'
  const problem = result.ok ? (isBool ? null : `gives ${showValue(result.value)}, not true or false`) : result.message
  const message = problem === null ? null : showText(problem)
  const verdict = isBool ? (result.value === true ? 'true' : 'false') : 'error'
  return { kind: 'clause', verdict, source: showText(source), message, values: seeValues(node, explanation) }
}

/** The sides of a comparison as far as the event decides them; otherwise every path the clause reads. */
function seeValues(node: SyntaxNode, explanation: Explanation): SeenValue[] {
  const inner = node.op === '!_' && isNode(node.args) ? node.args : node
  const pieces = COMPARISONS.has(inner.op)
    ? (inner.args as SyntaxNode[]).filter(side => !['list', 'map'].includes(side.op) && findPaths(side).length > 0)
    : findPaths(inner)
  const sources = new Set(pieces.map(piece => sourceOf(piece, explanation)))
  return [...sources].slice(0, VALUES_MAX).map(source => {
    const result = evaluate(source, explanation.scope)
    const found = result.ok ? showValue(result.value) : result.reason === 'missing_key' ? 'nothing' : result.reason
    return { source: showText(source), found }
  })
}

function evaluate(
  source: string,
  scope: Scope,
): ReturnType<Extract<ReturnType<typeof compileExpression>, { ok: true }>['expression']['evaluate']> {
  const compiled = compileExpression(source)
  if (compiled.ok) return compiled.expression.evaluate(scope)
  return { ok: false, reason: 'invalid_value', message: compiled.problem.message }
}

/** The longest member chains that start at a name of the scope: `payload.a.b`, `headers['x-y']`. */
function findPaths(root: SyntaxNode): SyntaxNode[] {
  const paths: SyntaxNode[] = []
  const inside = new Set<SyntaxNode>()
  visitNodes(root, (node, bound) => {
    if (!isPath(node, bound)) return
    if (!inside.has(node)) paths.push(node)
    const parent = Array.isArray(node.args) ? node.args[0] : null
    if (isNode(parent)) inside.add(parent)
  })
  return paths
}

function isPath(node: SyntaxNode, bound: readonly string[]): boolean {
  if (node.op === 'id') return isScopeName(node.args) && !bound.includes(node.args as string)
  if (node.op !== '.' && node.op !== '[]') return false
  const [parent, member] = node.args as [SyntaxNode, SyntaxNode | string]
  return isPath(parent, bound) && (typeof member === 'string' || member.op === 'value')
}

function isScopeName(name: unknown): boolean {
  return (MAPPING_VARIABLES as readonly unknown[]).includes(name)
}

/**
 * The text of a node. cel-js leaves the brackets around an operand out of its place (`!(a > b)` ends before the `)`), so
 * every bracket whose partner lies outside takes it along.
 */
function sourceOf(node: SyntaxNode, { source, pairs }: Explanation): string {
  let { start, end } = node
  for (let grown = true; grown; ) {
    grown = false
    for (const { open, close } of pairs) {
      const holdsOpen = open >= start && open < end
      const holdsClose = close >= start && close < end
      if (holdsOpen === holdsClose) continue
      start = Math.min(start, open)
      end = Math.max(end, close + 1)
      grown = true
    }
  }
  return source.slice(start, end).trim()
}

/** Brackets that belong together, those in texts and comments aside. */
function findPairs(source: string): Pair[] {
  const pairs: Pair[] = []
  const open: number[] = []
  for (let i = 0; i < source.length; i++) {
    const character = source.charAt(i)
    if (character === '"' || character === "'") i = endOfText(source, i)
    else if (character === '/' && source[i + 1] === '/') i = endOfLine(source, i)
    else if ('([{'.includes(character)) open.push(i)
    else if (')]}'.includes(character)) {
      const partner = open.pop()
      if (partner !== undefined) pairs.push({ open: partner, close: i })
    }
  }
  return pairs
}

/** Index of the last quote of the CEL text that starts at `start`; in a raw text (`r'…'`) a backslash is a character. */
function endOfText(source: string, start: number): number {
  const quote = source.charAt(start)
  const closing = source.startsWith(quote.repeat(3), start) ? quote.repeat(3) : quote
  const isRaw = /(?:^|[^A-Za-z0-9_])(?:[bB]?[rR]|[rR][bB])$/.test(source.slice(Math.max(0, start - 3), start))
  for (let i = start + closing.length; i < source.length; i++) {
    if (source[i] === '\\' && !isRaw) i++
    else if (source.startsWith(closing, i)) return i + closing.length - 1
  }
  return source.length
}

function endOfLine(source: string, start: number): number {
  const end = source.indexOf('\n', start)
  return end === -1 ? source.length : end
}
