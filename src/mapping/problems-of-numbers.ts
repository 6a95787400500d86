import { losesPrecision } from './loses-precision.ts'
import type { Problem } from './problem.ts'
import { problemAt, type SourceFile } from './source-file.ts'

/** Numbers of a file that JavaScript cannot hold: JSON.parse rounds them without a word. */
export function problemsOfNumbers(source: SourceFile): Problem[] {
  return [...source.places].flatMap(([pointer, { start, end }]) => {
    const written = source.text.slice(start, end)
    if (!/^-?\d/.test(written) || !losesPrecision(written, Number(written))) return []
    const parts = {
      code: 'invalid_value',
      message: 'the number would be rounded',
      expected: 'a number that a 64-bit float holds',
      found: written.length > 40 ? `${written.slice(0, 39)}…` : written,
      suggestion: 'write it as text, in quotes',
    } as const
    return [problemAt(source, pointer, parts)]
  })
}
