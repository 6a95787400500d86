import { existsSync, readFileSync } from 'node:fs'
import { parseEnv } from 'node:util'
import type { Problem } from '../mapping/problem.ts'
import { fileProblem } from '../mapping/source-file.ts'

/** Reads a `.env` where there is one. */
export function readDotEnv(file: string): { values: Record<string, string | undefined>; problems: Problem[] } {
  if (!existsSync(file)) return { values: {}, problems: [] }
  try {
    return { values: parseEnv(readFileSync(file, 'utf8')), problems: [] }
  } catch (error) {
    const found = error instanceof Error && 'code' in error ? String(error.code) : 'an error'
    const parts = {
      code: 'file_unreadable',
      message: 'the file cannot be read',
      expected: 'a file of variables',
      found,
    } as const
    return { values: {}, problems: [fileProblem(file, parts)] }
  }
}
