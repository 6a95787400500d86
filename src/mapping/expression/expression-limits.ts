/** Longest expression accepted, in UTF-16 units. */
export const EXPRESSION_UNITS_MAX = 4_096

/** Structural limits handed to cel-js: nodes of the syntax tree, nesting, elements of one literal, arguments of a call. */
export const AST_LIMITS = {
  maxAstNodes: 2_000,
  maxDepth: 48,
  maxListElements: 256,
  maxMapEntries: 256,
  maxCallArguments: 8,
} as const

/**
 * Most work one evaluation may do, in steps: turns of `map`/`filter`/`exists` by the size of what they repeat, compared
 * elements, text handled by functions, values of the result. A step takes 0.1 µs as a rule and 1 µs at worst (measured on
 * a hostile expression of each kind; test/mapping/expression/cost.test.ts holds them), so this is 20 to 200 ms. Nested comprehensions over a
 * hostile list are polynomial; without a bound one payload would hold up the answers of the service.
 */
export const EVALUATION_STEPS_MAX = 200_000

/**
 * Most work all expressions of one run of a job may do together, in steps: `vars`, `with`, and `if` and `variables` of
 * every step. A dead letter `mapping_cost` beyond that. It stops at each request, so 0.5 s at worst are never in one piece.
 */
export const JOB_STEPS_MAX = 500_000

/**
 * Most work one mapping may do to judge one event, in steps: `when`, `forEach`, and `order`, `runAt`, `expiresAfter` and
 * `vars` of each element. A dead letter `mapping_cost` beyond that; the event's other mappings are judged all the same.
 */
export const JUDGEMENT_STEPS_MAX = 500_000

/** Steps that a turn of a comprehension costs for each node of what it repeats: cel-js takes 10 to 23 ns a node. */
export const NODE_STEPS = 1 / 32

/** Steps of an error that `default`, `exists` or `all` go on after: making one walks its operands (8 µs, at worst 2 ms). */
export const MISSING_STEPS = 10
export const ERROR_STEPS = 200

/** Steps of a regular expression that was not compiled yet: about 225 µs for the largest. */
export const PATTERN_STEPS = 250

/** Longest text an expression may build, in UTF-16 units (1 MiB). */
export const TEXT_UNITS_MAX = 1_048_576

/** Longest list an expression may build with `+`, in elements. */
export const LIST_ITEMS_MAX = 100_000

/** Most values (elements, members, scalars) one result may hold. */
export const RESULT_VALUES_MAX = 500_000

/** Longest all texts and keys of one result together, in UTF-16 units (16 Mi). */
export const RESULT_TEXT_UNITS_MAX = 16_777_216

/** Deepest nesting of a result or of text read by parseJson, in levels of lists and maps. */
export const RESULT_DEPTH_MAX = 128

/** Longest text searched for by `contains`, `indexOf`, `replace`, `split`: V8's search is quadratic on long needles. */
export const NEEDLE_UNITS_MAX = 1_024

/** Longest text `duration` reads, in UTF-16 units: cel-js's pattern for it is cubic. */
export const DURATION_UNITS_MAX = 64

/** Limits of `matches`: pattern in UTF-16 units, its compiled size in RE2 instructions, and the text in UTF-16 units. */
export const PATTERN_UNITS_MAX = 1_000
export const PATTERN_INSTRUCTIONS_MAX = 2_000
export const MATCHED_TEXT_UNITS_MAX = 65_536

/** Longest text `markdown` renders, in UTF-16 units. */
export const MARKDOWN_UNITS_MAX = 131_072
