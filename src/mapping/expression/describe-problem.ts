import { suggest } from '../suggest.ts'
import { MAPPING_VARIABLES } from './mapping-variables.ts'
import { originalNames } from './rewrite-tree.ts'

/** What is wrong with an expression, at which place of its text (line and column from 1, offsets in UTF-16 units). */
export interface ExpressionProblem {
  message: string
  line: number
  column: number
  start: number
  end: number
  expected: string | null
  found: string | null
  suggestion: string | null
}

/** Names an author may use, for suggestions. */
export interface KnownNames {
  variables: readonly string[]
  /** By name: its versions as authors write them. */
  functions: ReadonlyMap<string, readonly string[]>
}

interface CelErrorLike {
  code?: string
  summary?: string
  range?: { start: number; end: number }
}

/** Most versions of a function a message lists. */
const VERSIONS_SHOWN_MAX = 4

type Parts = Pick<ExpressionProblem, 'message' | 'expected' | 'found' | 'suggestion'>

/** cel-js names tokens by their kind. */
const TOKENS: Readonly<Record<string, string>> = {
  EOF: 'the end of the expression',
  IDENTIFIER: 'a name',
  LPAREN: '"("',
  RPAREN: '")"',
  LBRACKET: '"["',
  RBRACKET: '"]"',
  LBRACE: '"{"',
  RBRACE: '"}"',
  DOT: '"."',
  COMMA: '","',
  COLON: '":"',
  QUESTION: '"?"',
  NUMBER: 'a number',
  STRING: 'a text',
  BOOLEAN: 'a bool',
  NULL: 'null',
}

/** A type of cel-js as authors know it. */
export function displayType(type: string): string {
  return type
    .replace('google.protobuf.', '')
    .replace(/^list<dyn>$/, 'list')
    .replace(/^map<dyn, dyn>$/, 'map')
    .replace('dyn', 'any')
}

/** Turns a parse or type error of cel-js into a problem with a place, what was expected, and a suggestion. */
export function describeProblem(error: unknown, source: string, known: KnownNames): ExpressionProblem {
  const { code = '', summary = '', range } = (typeof error === 'object' && error !== null ? error : {}) as CelErrorLike
  return placeProblem(
    source,
    range?.start ?? 0,
    range?.end ?? source.length,
    explain(code, summary.replaceAll('google.protobuf.', ''), source, range, known),
  )
}

/** Makes a problem of its parts and the range of the source it is about. */
export function placeProblem(
  source: string,
  start: number,
  end: number,
  parts: Partial<Parts> & { message: string },
): ExpressionProblem {
  const before = source.slice(0, start)
  const line = before.split('\n').length
  const column = start - (before.lastIndexOf('\n') + 1) + 1
  return { expected: null, found: null, suggestion: null, ...parts, line, column, start, end }
}

function explain(
  code: string,
  summary: string,
  source: string,
  range: { start: number; end: number } | undefined,
  known: KnownNames,
): Partial<Parts> & { message: string } {
  if (code === 'unknown_variable') return explainUnknownName(summary.replace('Unknown variable: ', ''), known)
  if (code === 'no_matching_overload') return explainCall(summary, known)
  if (code === 'no_such_overload') return explainOperator(summary)
  if (code === 'incompatible_ternary_branches') {
    return { message: summary, suggestion: 'wrap one branch in dyn(...) if both kinds are meant' }
  }
  if (code === 'unexpected_character') return explainUnexpected(source, range?.start ?? 0)
  const tokens = /^Expected (\w+), got (\w+)$/.exec(summary)
  if (tokens !== null) return explainToken(TOKENS[tokens[1]!] ?? tokens[1]!, TOKENS[tokens[2]!] ?? tokens[2]!)
  const token = /^Unexpected token: (\w+)$/.exec(summary)?.[1]
  if (token !== undefined) return explainToken('a value', TOKENS[token] ?? token.toLowerCase())
  return { message: originalNames(summary === '' ? 'not a CEL expression' : summary) }
}

/** What other languages write, and what CEL writes for it. */
const OPERATORS: Readonly<Record<string, string>> = {
  '=': 'compare with "=="',
  '&': 'write "&&" for and',
  '|': 'write "||" for or',
  and: 'write "&&" for and',
  or: 'write "||" for or',
  is: 'compare with "=="',
  not: 'write "!" before what is not so',
}

function explainUnexpected(source: string, start: number): Partial<Parts> & { message: string } {
  const word = /^(?:\w+|.)/su.exec(source.slice(start))?.[0] ?? ''
  const isNegated = /\bnot\s+$/i.test(source.slice(0, start))
  const suggestion = OPERATORS[isNegated ? 'not' : word.toLowerCase()] ?? null
  const expected = word === '=' ? '"=="' : 'an operator, or the end of the expression'
  return { message: `unexpected ${JSON.stringify(word)}`, expected, found: JSON.stringify(word), suggestion }
}

function explainToken(expected: string, found: string): Partial<Parts> & { message: string } {
  return { message: `expected ${expected}, found ${found}`, expected, found }
}

function explainUnknownName(name: string, known: KnownNames): Partial<Parts> & { message: string } {
  const exists = (MAPPING_VARIABLES as readonly string[]).includes(name)
  return {
    message: exists ? `"${name}" is not in scope here` : `unknown name "${name}"`,
    expected: `one of ${known.variables.join(', ')}`,
    found: `"${name}"`,
    suggestion: suggest(name, known.variables),
  }
}

function explainCall(summary: string, known: KnownNames): Partial<Parts> & { message: string } {
  const call = originalNames(/'(.*)'$/.exec(summary)?.[1] ?? summary)
  const name = /([A-Za-z_]\w*)\([^()]*\)$/.exec(call)?.[1] ?? call
  if (known.functions.has(name)) {
    const expected = known.functions.get(name)!.slice(0, VERSIONS_SHOWN_MAX).join(' or ')
    return { message: `no version of ${name} takes these arguments: ${call}`, expected, found: call }
  }
  return {
    message: `unknown function "${name}"`,
    expected: 'a function of the mapping language',
    found: `"${name}"`,
    suggestion: suggest(name, known.functions.keys()),
  }
}

function explainOperator(summary: string): Partial<Parts> & { message: string } {
  const operation = summary.replace('no such overload: ', '')
  const isTextSum = /^string \+ |\+ string$/.test(operation)
  return {
    message: `no such operation: ${operation}`,
    found: operation,
    suggestion: isTextSum ? 'make the other side text with string(...)' : null,
  }
}
