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
 * Most work one evaluation may do, in steps of about 1 µs: turns of `map`/`filter`/`exists`, compared elements, text
 * handled by functions. Nested comprehensions over a hostile list are polynomial; this bounds them to about a second.
 */
export const EVALUATION_STEPS_MAX = 1_000_000

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
