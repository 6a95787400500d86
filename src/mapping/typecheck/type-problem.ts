import type { Expression } from '../expression/compile-expression.ts'
import { appendPointer } from '../json-pointer.ts'
import type { Problem } from '../problem.ts'
import { problemAt, problemInString, type SourceFile } from '../source-file.ts'
import type { Finding } from './infer-context.ts'

/** A finding at its place in a file. */
export interface TypeProblem extends Finding {
  pointer: string
  /** The way from the value at the pointer to the part meant, as far as it is written out there. */
  path: readonly (string | number)[]
  /** Place within the string at the pointer, in UTF-16 units; null: the value as a whole. */
  start: number | null
  /** It is about the key, not about the value. */
  atKey: boolean
  /** The expression it is about, null where it is about a value that is none. */
  expression: Expression | null
}

/** Makes it a problem of the file; its pointer goes as deep as the file does. */
export function placeTypeProblem(
  source: SourceFile,
  { pointer, path, start, atKey, expression: _, ...parts }: TypeProblem,
): Problem {
  const deepest = followPath(source, pointer, path)
  // Where the path ends in an expression, the expression is what is wrong.
  const isWhole = deepest.rest === 0
  if (start !== null && deepest.pointer === pointer) return problemInString(source, pointer, start, parts)
  return problemAt(source, deepest.pointer, parts, atKey && isWhole ? 'key' : 'value')
}

function followPath(source: SourceFile, from: string, path: TypeProblem['path']): { pointer: string; rest: number } {
  let pointer = from
  for (const [i, member] of path.entries()) {
    const next = appendPointer(pointer, member)
    if (!source.places.has(next)) return { pointer, rest: path.length - i }
    pointer = next
  }
  return { pointer, rest: 0 }
}
