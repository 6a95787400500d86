import { readFileSync } from 'node:fs'
import type { Problem } from '../mapping/problem.ts'
import { problemsOfNumbers } from '../mapping/problems-of-numbers.ts'
import { fileProblem, readSource, type SourceFile } from '../mapping/source-file.ts'

/** Reads the text of `bridge.json` as JSON, with the places of its values. */
export function readBridgeFile(file: string): { ok: true; source: SourceFile } | { ok: false; problems: Problem[] } {
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (error) {
    const absent = error instanceof Error && 'code' in error && error.code === 'ENOENT'
    const found = absent ? 'no such file (`pixelesq-bridge init` writes one)' : 'a file that cannot be read'
    return {
      ok: false,
      problems: [
        fileProblem(file, {
          code: 'file_unreadable',
          message: 'there is no configuration',
          expected: 'a configuration',
          found,
        }),
      ],
    }
  }
  const read = readSource(file, text)
  if (!read.ok) return read
  const problems = [...read.problems, ...problemsOfNumbers(read.source)]
  return problems.length === 0 ? read : { ok: false, problems }
}
