import type { ExpressionProblem } from './expression/describe-problem.ts'
import type { Problem } from './problem.ts'
import { type JsonPlace, lineAndColumn, offsetInString, scanJson } from './scan-json.ts'

/** A JSON file as text, and what is needed to point into it. */
export interface SourceFile {
  file: string
  text: string
  json: unknown
  places: ReadonlyMap<string, JsonPlace>
}

export type ReadSource = { ok: true; source: SourceFile; problems: Problem[] } | { ok: false; problems: Problem[] }

/** What a problem says beside its place. */
export type ProblemParts = Pick<Problem, 'code' | 'message'> &
  Partial<Pick<Problem, 'severity' | 'expected' | 'found' | 'suggestion'>>

/** Reads JSON text with its places. A syntax error has line and column; a duplicate key is an error too. */
export function readSource(file: string, text: string): ReadSource {
  const clean = text.startsWith('\ufeff') ? text.slice(1) : text
  const scanned = scanJson(clean)
  if (!scanned.ok) {
    const { expected, found, offset } = scanned
    const parts: ProblemParts = { code: 'json_syntax', message: 'not valid JSON', expected, found }
    return { ok: false, problems: [makeProblem(file, '', parts, lineAndColumn(clean, offset))] }
  }
  const json: unknown = JSON.parse(clean)
  const problems = scanned.duplicates.map(({ pointer, start }) => {
    const parts: ProblemParts = {
      code: 'duplicate_key',
      message: 'the key is there twice',
      expected: 'the key once',
      found: 'it twice',
    }
    return makeProblem(file, pointer, parts, lineAndColumn(clean, start))
  })
  return { ok: true, source: { file, text: clean, json, places: scanned.places }, problems }
}

/** A problem of the value at a pointer; `at: 'key'` points to its key. */
export function problemAt(
  source: SourceFile,
  pointer: string,
  parts: ProblemParts,
  at: 'key' | 'value' = 'value',
): Problem {
  const place = findPlace(source, pointer)
  const offset = at === 'key' && place.key !== null ? place.key.start : place.start
  return makeProblem(source.file, pointer, parts, lineAndColumn(source.text, offset))
}

/** A problem at an offset within the string at a pointer (UTF-16 units of the decoded string). */
export function problemInString(source: SourceFile, pointer: string, index: number, parts: ProblemParts): Problem {
  const offset = offsetInString(source.text, findPlace(source, pointer).start, index)
  return makeProblem(source.file, pointer, parts, lineAndColumn(source.text, offset))
}

/** A problem of an expression that is, from `shift` on, the string at a pointer. */
export function expressionProblem(source: SourceFile, pointer: string, problem: ExpressionProblem, shift = 0): Problem {
  const { message, expected, found, suggestion, start } = problem
  return problemInString(source, pointer, start + shift, { code: 'expression', message, expected, found, suggestion })
}

/** A problem of a whole file. */
export function fileProblem(file: string, parts: ProblemParts): Problem {
  return makeProblem(file, '', parts, null)
}

/** The place of the value, or of the nearest container where the value itself is missing. */
function findPlace(source: SourceFile, pointer: string): JsonPlace {
  for (let at = pointer; ; at = at.slice(0, at.lastIndexOf('/'))) {
    const place = source.places.get(at)
    if (place !== undefined) return place
    if (at === '') return { start: 0, end: 0, key: null }
  }
}

function makeProblem(
  file: string,
  pointer: string,
  parts: ProblemParts,
  place: { line: number; column: number } | null,
): Problem {
  const { code, message, severity = 'error', expected = null, found = null, suggestion = null } = parts
  const line = place?.line ?? null
  return { file, pointer, line, column: place?.column ?? null, severity, code, message, expected, found, suggestion }
}
