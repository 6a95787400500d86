/** Something wrong in a file people write, as `check --json` prints it (interface.md 7); null where unknown. */
export interface Problem {
  /** Path as given to the loader. */
  file: string
  /** JSON pointer; '' is the whole file. */
  pointer: string
  /** From 1. */
  line: number | null
  /** From 1, in UTF-16 units. */
  column: number | null
  severity: 'error' | 'warning'
  code: ProblemCode
  message: string
  expected: string | null
  found: string | null
  suggestion: string | null
}

export type ProblemCode =
  | 'file_unreadable'
  | 'file_too_large'
  | 'json_syntax'
  | 'duplicate_key'
  | 'unknown_key'
  | 'missing_key'
  | 'wrong_type'
  | 'invalid_value'
  | 'invalid_name'
  | 'unknown_source'
  | 'unknown_integration'
  | 'unknown_action'
  | 'unknown_operation'
  | 'unknown_variable'
  | 'missing_variable'
  | 'unknown_reference'
  | 'expression'
  | 'expression_type'
  | 'graphql_syntax'
  | 'graphql_operation'
  | 'graphql_schema'
  | 'unknown_member'
  | 'variable_type'
  | 'missing_field'
  | 'unknown_field'
  | 'may_be_null'
  | 'may_be_skipped'
  | 'never_equal'
  | 'date_with_z'
  | 'no_mappings'
  | 'claims_weak'
  | 'test_failed'
  | 'test_undecided'
  | 'live_schema'
  | 'live_token'
  | 'live_unreachable'

/** `file: /json/pointer: expected …, found … (line 3, column 5; did you mean "…"?)`, for people. */
export function formatProblem(problem: Problem): string {
  const { file, pointer, line, column, message, expected, found, suggestion } = problem
  const what = expected !== null && found !== null ? `expected ${expected}, found ${found}` : message
  const hints = [
    ...(line === null ? [] : [`line ${line}${column === null ? '' : `, column ${column}`}`]),
    // A suggestion is a name, or advice in several words.
    ...(suggestion === null ? [] : [/\s/.test(suggestion) ? suggestion : `did you mean "${suggestion}"?`]),
  ]
  return `${file}: ${pointer === '' ? '/' : pointer}: ${what}${hints.length === 0 ? '' : ` (${hints.join('; ')})`}`
}
