import { originalNames } from './rewrite-tree.ts'
import type { SyntaxNode } from './syntax-tree.ts'

/** Why an expression gave no value. `mapping_type`: a value of another kind than the expression needs. */
export type FailureReason =
  | 'missing_key'
  | 'mapping_type'
  | 'precision_loss'
  | 'invalid_value'
  | 'invalid_text'
  | 'too_large'
  | 'too_costly'

export interface ExpressionFailure {
  ok: false
  reason: FailureReason
  message: string
}

/** The parts of cel-js's errors used here; `summary` is the message without the picture of the source. */
interface CelErrorLike {
  code?: string
  summary?: string
  range?: { start: number; end: number }
  node?: SyntaxNode
}

const REASONS: Readonly<Record<string, FailureReason>> = {
  no_such_key: 'missing_key',
  index_out_of_bounds: 'missing_key',
  unknown_variable: 'missing_key',
  no_such_overload: 'mapping_type',
  no_matching_overload: 'mapping_type',
  invalid_condition_type: 'mapping_type',
  invalid_logical_operand: 'mapping_type',
  invalid_comprehension_range: 'mapping_type',
  invalid_index_type: 'mapping_type',
  invalid_map_key: 'mapping_type',
  field_type_mismatch: 'mapping_type',
  list_item_type_mismatch: 'mapping_type',
  variable_type_mismatch: 'mapping_type',
  cannot_index_type: 'mapping_type',
  mapping_type: 'mapping_type',
  precision_loss: 'precision_loss',
  invalid_value: 'invalid_value',
  invalid_text: 'invalid_text',
  too_large: 'too_large',
  too_costly: 'too_costly',
}

/** Messages of ours: the codes cel-js uses for these quote the value, which may be personal data. */
const FIXED_MESSAGES: Readonly<Record<string, string>> = {
  bool_conversion_error: 'bool() cannot read this text',
  invalid_duration: 'duration() cannot read this text',
  numeric_overflow: 'the whole number does not fit 64 bits',
}

/** Says in words why an evaluation failed, with the piece of `source` it happened in; quotes no value of the payload. */
export function describeFailure(error: unknown, source: string): ExpressionFailure {
  const { code, summary, range, node } = (typeof error === 'object' && error !== null ? error : {}) as CelErrorLike
  if (code === undefined) return describeForeign(error)
  // cel-js gives the wrong operand's place for && and ||.
  const isPlaced = range !== undefined && code !== 'invalid_logical_operand'
  const snippet = !isPlaced ? '' : ` (in "${shorten(source.slice(range.start, range.end))}")`
  if (code === 'unsupported_type' && summary?.endsWith('symbol')) {
    return {
      ok: false,
      reason: 'precision_loss',
      message: `a number that lost precision is read (in "${shorten(source)}")`,
    }
  }
  if (code === 'no_such_key' && node !== undefined) {
    return { ok: false, reason: 'missing_key', message: describeMissing(node, source) }
  }
  const message = FIXED_MESSAGES[code] ?? reword(summary ?? code)
  return { ok: false, reason: REASONS[code] ?? 'invalid_value', message: `${message}${snippet}` }
}

function reword(summary: string): string {
  return originalNames(summary)
    .replaceAll(/dyn<([^<>]*)>/g, '$1')
    .replace(/^no such overload: /, 'no such operation: ')
    .replace(/^found no matching overload for '(.*)'$/, 'no such function for these kinds of values: $1')
    .replace(/^Unknown variable: (\w+)$/, '$1 has no value here')
    .replace(/^No such key: index/, 'index')
}

function describeForeign(error: unknown): ExpressionFailure {
  // V8 throws RangeError for a stack that is too deep and for text that would be too long.
  if (error instanceof RangeError && /call stack|string length/i.test(error.message)) {
    return { ok: false, reason: 'too_costly', message: 'the expression needs too much memory' }
  }
  return { ok: false, reason: 'invalid_value', message: 'a function was given a value it cannot use' }
}

function describeMissing(node: SyntaxNode, source: string): string {
  const [parent, member] = node.args as [SyntaxNode, SyntaxNode | string]
  const owner = shorten(source.slice(parent.start, parent.end))
  const key =
    typeof member === 'string' || member.op === 'value'
      ? `"${String(typeof member === 'string' ? member : member.args)}"`
      : `the key ${shorten(source.slice(member.start, member.end))}`
  if (owner === 'headers') return `no such header: ${key}`
  if (owner === 'steps') return `no such step result: ${key} (the step was skipped or has not run)`
  return `${owner} has no ${key.startsWith('"') ? `key ${key}` : `member for ${key}`}`
}

function shorten(text: string): string {
  return text.length > 80 ? `${text.slice(0, 77)}...` : text
}
