import { setOwn } from '../set-own.ts'
import { isTimeZone, parseDatePattern } from './format-date.ts'
import { compilePattern } from './linear-match.ts'
import { hasMacro } from './macros.ts'
import { type Evaluator, type SyntaxNode, visitNodes } from './syntax-tree.ts'
import { TIMESTAMP_PARTS } from './timestamp-functions.ts'

/**
 * Methods cel-js has too, but unbounded (`matches` backtracks for ever on `^(a+)+$`, `lastIndexOf` is quadratic).
 * cel-js does not let an overload be replaced, so calls are sent to ours under a name of its own.
 */
const RENAMED_METHODS: ReadonlyMap<string, string> = new Map([
  ['matches', 'linearMatches'],
  ['contains', 'boundedContains'],
  ['indexOf', 'boundedIndexOf'],
  ['lastIndexOf', 'boundedLastIndexOf'],
  ['split', 'boundedSplit'],
  ['trim', 'boundedTrim'],
  ['join', 'boundedJoin'],
  ['json', 'boundedJson'],
  ['substring', 'boundedSubstring'],
])

/** cel-js's `timestamp` takes dates that do not exist, and text without an offset for the server's time. */
const RENAMED_FUNCTIONS: ReadonlyMap<string, string> = new Map([['timestamp', 'boundedTimestamp']])

/** Our name for a part of a timestamp, such as `getHours`. */
export function oursOfPart(name: string): string {
  return `zoned${name.charAt(0).toUpperCase()}${name.slice(1)}`
}

const RENAMED_PARTS: ReadonlyMap<string, string> = new Map(TIMESTAMP_PARTS.map(name => [name, oursOfPart(name)]))

/** A literal argument that can never work, found before any event comes. */
export interface LiteralProblem {
  node: SyntaxNode
  message: string
}

/** Prepares a parsed tree for checking: our methods, our `has`, safe map literals. Returns what is wrong in literals. */
export function rewriteTree(root: SyntaxNode): LiteralProblem[] {
  const problems: LiteralProblem[] = []
  visitNodes(root, node => {
    if (node.op === 'map') node.setMeta('evaluate', evaluateMapLiteral)
    if (node.op !== 'call' && node.op !== 'rcall') return
    const args = node.args as [string, ...unknown[]]
    const message = findLiteralProblem(node)
    if (message !== null) problems.push({ node, message })
    if (node.op === 'call' && args[0] === 'has' && node.meta.macro !== undefined) {
      node.setMeta('macro', hasMacro({ ast: node, args: args[1] as SyntaxNode[] }))
    }
    args[0] = node.op === 'call' ? (RENAMED_FUNCTIONS.get(args[0]) ?? args[0]) : renameMethod(args)
  })
  return problems
}

/** A duration has hours, minutes and the like too, but no zone and no day of the year. */
function renameMethod([name, , rest]: readonly [string, ...unknown[]]): string {
  const isOfTimestamp = name === 'getDayOfYear' || (rest as SyntaxNode[]).length > 0
  return (isOfTimestamp ? RENAMED_PARTS.get(name) : undefined) ?? RENAMED_METHODS.get(name) ?? name
}

/** The name the author wrote, for messages that carry the one we gave. */
export function originalNames(message: string): string {
  let text = message
  for (const renames of [RENAMED_METHODS, RENAMED_FUNCTIONS, RENAMED_PARTS]) {
    for (const [original, renamed] of renames) text = text.replaceAll(renamed, original)
  }
  return text
}

function findLiteralProblem(node: SyntaxNode): string | null {
  const [name, first, rest] = node.args as [string, SyntaxNode | SyntaxNode[], SyntaxNode[] | undefined]
  const args = Array.isArray(first) ? first : [first, ...(rest ?? [])]
  const literal = (i: number) => (args[i]?.op === 'value' && typeof args[i].args === 'string' ? args[i].args : null)
  if (name === 'matches') return problemOfPattern(literal(1))
  if (name === 'formatDate') return problemOfDatePattern(literal(1)) ?? problemOfZone(literal(2))
  if (name === 'date' || name === 'dateTimeOffset' || RENAMED_PARTS.has(name)) return problemOfZone(literal(1))
  return null
}

function problemOfPattern(source: string | null): string | null {
  if (source === null) return null
  const compiled = compilePattern(source)
  return compiled.ok ? null : compiled.message
}

function problemOfDatePattern(pattern: string | null): string | null {
  if (pattern === null) return null
  const parsed = parseDatePattern(pattern)
  return parsed.ok ? null : parsed.message
}

function problemOfZone(zone: string | null): string | null {
  return zone === null || isTimeZone(zone) ? null : `unknown time zone "${zone}"`
}

/**
 * cel-js drops the keys `__proto__`, `constructor` and `prototype` of a map literal without a word; they are data here.
 * With a member named `constructor` a Map is made, since cel-js knows an object's kind by its `constructor`.
 */
function evaluateMapLiteral(evaluator: Evaluator, node: SyntaxNode, context: unknown): unknown {
  const entries = (node.args as [SyntaxNode, SyntaxNode][]).map(([keyNode, valueNode]): [string, unknown] => [
    toKey(evaluator.run(keyNode, context), evaluator, keyNode),
    evaluator.run(valueNode, context),
  ])
  if (entries.some(([key]) => key === 'constructor')) return new Map(entries)
  const map = {}
  for (const [key, value] of entries) setOwn(map, key, value)
  return map
}

function toKey(key: unknown, evaluator: Evaluator, node: SyntaxNode): string {
  if (typeof key === 'string') return key
  if (typeof key === 'bigint' || typeof key === 'number' || typeof key === 'boolean') return String(key)
  throw evaluator.createError('invalid_map_key', 'a map key must be text, a number or a bool', node)
}
