import { createRequire } from 'node:module'
import type { RE2JS } from 're2js'
import { fail, spend } from './evaluation-budget.ts'
import {
  MATCHED_TEXT_UNITS_MAX,
  PATTERN_INSTRUCTIONS_MAX,
  PATTERN_STEPS,
  PATTERN_UNITS_MAX,
} from './expression-limits.ts'

export type CompiledPattern = { ok: true; pattern: RE2JS } | { ok: false; message: string }

/** Patterns kept compiled; they come from mapping files, but one may also come from a payload. */
const PATTERNS_KEPT_MAX = 200

const kept = new Map<string, CompiledPattern>()

let re2js: typeof RE2JS | null = null

/** Loaded where a mapping uses a pattern for the first time: 0.6 MB in each thread. */
function loadRe2js(): typeof RE2JS {
  re2js ??= (createRequire(import.meta.url)('re2js') as typeof import('re2js')).RE2JS
  return re2js
}

/**
 * Compiles a regular expression for a linear-time engine (RE2 syntax: no backreferences, no lookaround).
 * Not ok when it is invalid, longer than `PATTERN_UNITS_MAX` or compiles to more than `PATTERN_INSTRUCTIONS_MAX`.
 */
export function compilePattern(source: string): CompiledPattern {
  const present = kept.get(source)
  if (present !== undefined) return present
  const compiled = compileUncached(source)
  if (kept.size >= PATTERNS_KEPT_MAX) kept.clear()
  kept.set(source, compiled)
  return compiled
}

function compileUncached(source: string): CompiledPattern {
  if (source.length > PATTERN_UNITS_MAX) {
    return { ok: false, message: `the regular expression is longer than ${PATTERN_UNITS_MAX} characters` }
  }
  const engine = loadRe2js()
  try {
    const pattern = engine.compile(source)
    if (pattern.programSize() <= PATTERN_INSTRUCTIONS_MAX) return { ok: true, pattern }
    return { ok: false, message: 'the regular expression is too large once its repetitions are written out' }
  } catch {
    return { ok: false, message: 'not a regular expression in RE2 syntax (no backreferences, no lookaround)' }
  }
}

/** Says whether the pattern matches anywhere in the text, in time linear in the text (RE2). Throws coded errors. */
export function matchesLinear(text: string, source: string): boolean {
  if (!kept.has(source)) spend(PATTERN_STEPS)
  const compiled = compilePattern(source)
  if (!compiled.ok) return fail('invalid_value', compiled.message)
  if (text.length > MATCHED_TEXT_UNITS_MAX) {
    fail('too_large', `matches: the text is longer than ${MATCHED_TEXT_UNITS_MAX} UTF-16 units`)
  }
  // Measured: 12 µs per character for a program of 409 instructions, so about 1/64 µs per character and instruction.
  spend(1 + (text.length * compiled.pattern.programSize()) / 64)
  return compiled.pattern.test(text)
}
